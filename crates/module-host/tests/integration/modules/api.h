/* What the test modules use of the API, declared by hand: the tests then also notice a signature that only fits itself. */

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Ctx Ctx;
typedef struct Str Str;
typedef struct Key Key;
typedef struct Reply Reply;
typedef struct Type Type;
typedef struct Io Io;
typedef struct Digest Digest;
typedef struct Dict Dict;
typedef struct DictIter DictIter;
typedef struct Blocked Blocked;
typedef struct Cursor Cursor;
typedef struct Filter Filter;
typedef struct FilterCtx FilterCtx;
typedef struct Info Info;
typedef struct Command Command;
typedef struct { uint64_t id, version; } Event;
typedef int (*CommandFn)(Ctx *, Str **, int);

typedef struct {
    uint64_t version;
    void *(*rdb_load)(Io *, int);
    void (*rdb_save)(Io *, void *);
    void (*aof_rewrite)(Io *, Str *, void *);
    size_t (*mem_usage)(const void *);
    void (*digest)(Digest *, void *);
    void (*free)(void *);
    int (*aux_load)(Io *, int, int);
    void (*aux_save)(Io *, int);
    int aux_save_triggers;
    size_t (*free_effort)(Str *, const void *);
    void (*unlink)(Str *, const void *);
    void *(*copy)(Str *, Str *, const void *);
    int (*defrag)(void *, Str *, void **);
} Methods;

#define API(X) \
    X(void *, Alloc, (size_t)) \
    X(void, Free, (void *)) \
    X(size_t, MallocSize, (void *)) \
    X(void *, PoolAlloc, (Ctx *, size_t)) \
    X(void, AutoMemory, (Ctx *)) \
    X(void, SetModuleAttribs, (Ctx *, const char *, int, int)) \
    X(int, IsModuleNameBusy, (const char *)) \
    X(void, SetModuleOptions, (Ctx *, int)) \
    X(int, GetServerVersion, (void)) \
    X(int, CreateCommand, (Ctx *, const char *, CommandFn, const char *, int, int, int)) \
    X(Command *, GetCommand, (Ctx *, const char *)) \
    X(int, CreateSubcommand, (Command *, const char *, CommandFn, const char *, int, int, int)) \
    X(int, SetCommandACLCategories, (Command *, const char *)) \
    X(int, AddACLCategory, (Ctx *, const char *)) \
    X(int, WrongArity, (Ctx *)) \
    X(int, ReplyWithLongLong, (Ctx *, long long)) \
    X(int, ReplyWithError, (Ctx *, const char *)) \
    X(int, ReplyWithErrorFormat, (Ctx *, const char *, ...)) \
    X(int, ReplyWithSimpleString, (Ctx *, const char *)) \
    X(int, ReplyWithArray, (Ctx *, long)) \
    X(int, ReplyWithMap, (Ctx *, long)) \
    X(void, ReplySetArrayLength, (Ctx *, long)) \
    X(int, ReplyWithString, (Ctx *, Str *)) \
    X(int, ReplyWithStringBuffer, (Ctx *, const char *, size_t)) \
    X(int, ReplyWithCString, (Ctx *, const char *)) \
    X(int, ReplyWithNull, (Ctx *)) \
    X(int, ReplyWithDouble, (Ctx *, double)) \
    X(int, ReplyWithLongDouble, (Ctx *, long double)) \
    X(int, ReplyWithCallReply, (Ctx *, Reply *)) \
    X(Str *, CreateString, (Ctx *, const char *, size_t)) \
    X(Str *, CreateStringPrintf, (Ctx *, const char *, ...)) \
    X(void, FreeString, (Ctx *, Str *)) \
    X(void, RetainString, (Ctx *, Str *)) \
    X(const char *, StringPtrLen, (const Str *, size_t *)) \
    X(int, StringToLongLong, (const Str *, long long *)) \
    X(int, StringToLongDouble, (const Str *, long double *)) \
    X(int, StringAppendBuffer, (Ctx *, Str *, const char *, size_t)) \
    X(Key *, OpenKey, (Ctx *, Str *, int)) \
    X(void, CloseKey, (Key *)) \
    X(int, KeyType, (Key *)) \
    X(size_t, ValueLength, (Key *)) \
    X(int, DeleteKey, (Key *)) \
    X(long long, GetExpire, (Key *)) \
    X(int, SetExpire, (Key *, long long)) \
    X(int, StringSet, (Key *, Str *)) \
    X(char *, StringDMA, (Key *, size_t *, int)) \
    X(int, StringTruncate, (Key *, size_t)) \
    X(int, HashSet, (Key *, int, ...)) \
    X(int, HashGet, (Key *, int, ...)) \
    X(Reply *, Call, (Ctx *, const char *, const char *, ...)) \
    X(void, FreeCallReply, (Reply *)) \
    X(int, CallReplyType, (Reply *)) \
    X(long long, CallReplyInteger, (Reply *)) \
    X(size_t, CallReplyLength, (Reply *)) \
    X(int, Replicate, (Ctx *, const char *, const char *, ...)) \
    X(int, ReplicateVerbatim, (Ctx *)) \
    X(Type *, CreateDataType, (Ctx *, const char *, int, Methods *)) \
    X(int, ModuleTypeSetValue, (Key *, Type *, void *)) \
    X(Type *, ModuleTypeGetType, (Key *)) \
    X(void *, ModuleTypeGetValue, (Key *)) \
    X(int, IsIOError, (Io *)) \
    X(void, SaveUnsigned, (Io *, uint64_t)) \
    X(uint64_t, LoadUnsigned, (Io *)) \
    X(void, SaveStringBuffer, (Io *, const char *, size_t)) \
    X(char *, LoadStringBuffer, (Io *, size_t *)) \
    X(void, SaveLongDouble, (Io *, long double)) \
    X(long double, LoadLongDouble, (Io *)) \
    X(void, DigestAddLongLong, (Digest *, long long)) \
    X(void, DigestEndSequence, (Digest *)) \
    X(Blocked *, BlockClient, (Ctx *, CommandFn, CommandFn, void (*)(Ctx *, void *), long long)) \
    X(int, UnblockClient, (Blocked *, void *)) \
    X(void *, GetBlockedClientPrivateData, (Ctx *)) \
    X(Ctx *, GetThreadSafeContext, (Blocked *)) \
    X(void, FreeThreadSafeContext, (Ctx *)) \
    X(void, ThreadSafeContextLock, (Ctx *)) \
    X(void, ThreadSafeContextUnlock, (Ctx *)) \
    X(int, SubscribeToKeyspaceEvents, (Ctx *, int, int (*)(Ctx *, int, const char *, Str *))) \
    X(int, NotifyKeyspaceEvent, (Ctx *, int, const char *, Str *)) \
    X(int, SubscribeToServerEvent, (Ctx *, Event, void (*)(Ctx *, Event, uint64_t, void *))) \
    X(uint64_t, CreateTimer, (Ctx *, long long, void (*)(Ctx *, void *), void *)) \
    X(int, StopTimer, (Ctx *, uint64_t, void **)) \
    X(Cursor *, ScanCursorCreate, (void)) \
    X(void, ScanCursorDestroy, (Cursor *)) \
    X(int, Scan, (Ctx *, Cursor *, void (*)(Ctx *, Str *, Key *, void *), void *)) \
    X(Filter *, RegisterCommandFilter, (Ctx *, void (*)(FilterCtx *), int)) \
    X(int, UnregisterCommandFilter, (Ctx *, Filter *)) \
    X(Str *, CommandFilterArgGet, (FilterCtx *, int)) \
    X(int, CommandFilterArgReplace, (FilterCtx *, int, Str *)) \
    X(int, RegisterInfoFunc, (Ctx *, void (*)(Info *, int))) \
    X(int, InfoAddSection, (Info *, const char *)) \
    X(int, InfoAddFieldLongLong, (Info *, const char *, long long)) \
    X(int, RegisterNumericConfig, (Ctx *, const char *, long long, unsigned, long long, long long, \
                                   long long (*)(const char *, void *), \
                                   int (*)(const char *, long long, void *, Str **), \
                                   int (*)(Ctx *, void *, Str **), void *)) \
    X(int, LoadConfigs, (Ctx *)) \
    X(void, Log, (Ctx *, const char *, const char *, ...))

#define DECLARE(result, name, args) static result(*name) args;
API(DECLARE)

static int start(Ctx *ctx, const char *name) {
    int (*get)(const char *, void *) = *(int (**)(const char *, void *))ctx;
#define ASK(result, symbol, args) \
    if (get("ValkeyModule_" #symbol, (void *)&symbol) != 0) return 1;
    API(ASK)
    if (IsModuleNameBusy(name)) return 1;
    SetModuleAttribs(ctx, name, 7, 1);
    return 0;
}

#define READ 1
#define WRITE 2
