/* A module that uses a good part of the API, a command for each part. */

#include "api.h"

/* -- A data type: a counted text. -- */

typedef struct { uint64_t count; char *text; size_t len; } Value;

static Type *kind;
static long long freed, unlinked, events, key_events, limit = 10, applied;
static char last_event[64];

static Value *make(uint64_t count, const char *text, size_t len) {
    Value *value = Alloc(sizeof *value);
    value->count = count;
    value->text = Alloc(len + 1);
    memcpy(value->text, text, len);
    value->len = len;
    return value;
}

static void *load(Io *io, int encver) {
    (void)encver;
    uint64_t count = LoadUnsigned(io);
    size_t len;
    char *text = LoadStringBuffer(io, &len);
    long double exact = LoadLongDouble(io);
    if (IsIOError(io) || exact != 0.1L) {
        if (text) Free(text);
        return NULL;
    }
    Value *value = make(count, text, len);
    Free(text);
    return value;
}

static void save(Io *io, void *ptr) {
    Value *value = ptr;
    SaveUnsigned(io, value->count);
    SaveStringBuffer(io, value->text, value->len);
    SaveLongDouble(io, 0.1L);
}

static void release(void *ptr) {
    Value *value = ptr;
    Free(value->text);
    Free(value);
    freed++;
}

static size_t usage(const void *ptr) {
    return MallocSize((void *)ptr) + MallocSize(((const Value *)ptr)->text);
}

static void mix(Digest *digest, void *ptr) {
    DigestAddLongLong(digest, (long long)((Value *)ptr)->count);
    DigestEndSequence(digest);
}

static void unlinking(Str *key, const void *ptr) {
    (void)key, (void)ptr;
    unlinked++;
}

static void *copy(Str *from, Str *to, const void *ptr) {
    (void)from, (void)to;
    const Value *value = ptr;
    return make(value->count + 1, value->text, value->len);
}

/* PROBE.SET key count text */
static int set(Ctx *ctx, Str **argv, int argc) {
    if (argc != 4) return WrongArity(ctx);
    AutoMemory(ctx);
    long long count;
    if (StringToLongLong(argv[2], &count) != 0) return ReplyWithError(ctx, "ERR not a number");
    if (count > limit) return ReplyWithErrorFormat(ctx, "ERR %lld is over %lld", count, limit);
    Key *key = OpenKey(ctx, argv[1], READ | WRITE);
    if (KeyType(key) != 0 && ModuleTypeGetType(key) != kind)
        return ReplyWithError(ctx, "WRONGTYPE Operation against a key holding the wrong kind of value");
    size_t len;
    const char *text = StringPtrLen(argv[3], &len);
    ModuleTypeSetValue(key, kind, make((uint64_t)count, text, len));
    NotifyKeyspaceEvent(ctx, 1 << 13, "probe.set", argv[1]);
    ReplicateVerbatim(ctx);
    return ReplyWithSimpleString(ctx, "OK");
}

/* PROBE.GET key */
static int get(Ctx *ctx, Str **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    Key *key = OpenKey(ctx, argv[1], READ);
    if (key == NULL) return ReplyWithNull(ctx);
    if (ModuleTypeGetType(key) != kind) {
        CloseKey(key);
        return ReplyWithError(ctx, "WRONGTYPE Operation against a key holding the wrong kind of value");
    }
    Value *value = ModuleTypeGetValue(key);
    ReplyWithArray(ctx, -1);
    ReplyWithLongLong(ctx, (long long)value->count);
    ReplyWithStringBuffer(ctx, value->text, value->len);
    ReplySetArrayLength(ctx, 2);
    CloseKey(key);
    return 0;
}

/* PROBE.STATE: what callbacks have counted. */
static int state(Ctx *ctx, Str **argv, int argc) {
    (void)argv, (void)argc;
    ReplyWithArray(ctx, 6);
    ReplyWithLongLong(ctx, freed);
    ReplyWithLongLong(ctx, unlinked);
    ReplyWithLongLong(ctx, events);
    ReplyWithCString(ctx, last_event);
    ReplyWithLongLong(ctx, key_events);
    ReplyWithLongLong(ctx, applied);
    return 0;
}

/* PROBE.STRINGS key: string values by DMA, truncation, expiry. */
static int strings(Ctx *ctx, Str **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    Key *key = OpenKey(ctx, argv[1], READ | WRITE);
    Str *text = CreateStringPrintf(ctx, "%s-%d", "value", 42);
    if (StringAppendBuffer(ctx, text, "!", 1) != 0) return ReplyWithError(ctx, "ERR append");
    StringSet(key, text);
    FreeString(ctx, text);
    size_t len;
    char *bytes = StringDMA(key, &len, WRITE);
    bytes[0] = 'V';
    StringTruncate(key, 10);
    SetExpire(key, 100000);
    ReplyWithArray(ctx, 4);
    ReplyWithLongLong(ctx, (long long)ValueLength(key));
    bytes = StringDMA(key, &len, READ);
    ReplyWithStringBuffer(ctx, bytes, len);
    ReplyWithLongLong(ctx, GetExpire(key) > 90000);
    ReplyWithLongLong(ctx, StringTruncate(key, (size_t)1 << 40));
    CloseKey(key);
    return 0;
}

/* PROBE.HASH key */
static int hash(Ctx *ctx, Str **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    AutoMemory(ctx);
    Key *key = OpenKey(ctx, argv[1], READ | WRITE);
    Str *one = CreateString(ctx, "1", 1), *two = CreateString(ctx, "2", 1), *field = CreateString(ctx, "f", 1);
    ReplyWithArray(ctx, 6);
    ReplyWithLongLong(ctx, HashSet(key, 1 << 2 | 1 << 4, "f", one, "g", two, NULL));
    ReplyWithLongLong(ctx, HashSet(key, 1 << 1 | 1 << 2, "f", two, "h", two, NULL));
    ReplyWithLongLong(ctx, HashSet(key, 0, field, (Str *)1, NULL));
    Str *got, *missing;
    int exists;
    HashGet(key, 1 << 2, "g", &got, "f", &missing, NULL);
    HashGet(key, 1 << 2 | 1 << 3, "g", &exists, NULL);
    ReplyWithString(ctx, got);
    ReplyWithLongLong(ctx, missing == NULL && exists);
    errno = 0;
    int none = HashSet(key, 1 << 7, field, one, NULL);
    ReplyWithLongLong(ctx, none == 0 && errno == EINVAL);
    return 0;
}

/* PROBE.CALL name arg...: a nested command, passed on. PROBE.ERRNO the same, its errno. */
static int call(Ctx *ctx, Str **argv, int argc) {
    if (argc < 2) return WrongArity(ctx);
    Reply *reply = Call(ctx, StringPtrLen(argv[1], NULL), "v!E", argv + 2, (size_t)(argc - 2));
    ReplyWithCallReply(ctx, reply);
    FreeCallReply(reply);
    return 0;
}

static int call_errno(Ctx *ctx, Str **argv, int argc) {
    if (argc < 2) return WrongArity(ctx);
    errno = 0;
    Reply *reply = Call(ctx, StringPtrLen(argv[1], NULL), "v", argv + 2, (size_t)(argc - 2));
    if (reply == NULL) return ReplyWithLongLong(ctx, errno);
    FreeCallReply(reply);
    return ReplyWithLongLong(ctx, 0);
}

/* PROBE.SCAN: names and types of all keys. */
static void scanned(Ctx *ctx, Str *name, Key *key, void *count) {
    ++*(long *)count;
    ReplyWithString(ctx, name);
    ReplyWithLongLong(ctx, KeyType(key));
}

static int scan(Ctx *ctx, Str **argv, int argc) {
    (void)argv, (void)argc;
    Cursor *cursor = ScanCursorCreate();
    long count = 0;
    ReplyWithArray(ctx, -1);
    while (Scan(ctx, cursor, scanned, &count)) {}
    ReplySetArrayLength(ctx, 2 * count);
    ScanCursorDestroy(cursor);
    return 0;
}

/* PROBE.BLOCK ms [timeout]: a thread answers after a while. */
static int wake_up(Ctx *ctx, Str **argv, int argc) {
    (void)argv, (void)argc;
    return ReplyWithCString(ctx, GetBlockedClientPrivateData(ctx));
}

static int too_late(Ctx *ctx, Str **argv, int argc) {
    (void)argv, (void)argc;
    return ReplyWithSimpleString(ctx, "TIMEOUT");
}

static void forget(Ctx *ctx, void *data) {
    (void)ctx;
    Free(data);
}

typedef struct { Blocked *blocked; long long ms; } Task;

static void *work(void *arg) {
    Task *task = arg;
    usleep((useconds_t)task->ms * 1000);
    Ctx *ctx = GetThreadSafeContext(task->blocked);
    ThreadSafeContextLock(ctx);
    FreeCallReply(Call(ctx, "INCR", "c", "woken"));
    ThreadSafeContextUnlock(ctx);
    FreeThreadSafeContext(ctx);
    char *text = Alloc(16);
    strcpy(text, "awake");
    UnblockClient(task->blocked, text);
    free(task);
    return NULL;
}

static int block(Ctx *ctx, Str **argv, int argc) {
    if (argc < 2) return WrongArity(ctx);
    long long ms, timeout = 0;
    StringToLongLong(argv[1], &ms);
    if (argc > 2) StringToLongLong(argv[2], &timeout);
    Blocked *blocked = BlockClient(ctx, wake_up, too_late, forget, timeout);
    if (blocked == NULL) return ReplyWithError(ctx, "ERR cannot block");
    Task *task = malloc(sizeof *task);
    task->blocked = blocked;
    task->ms = ms;
    pthread_t thread;
    pthread_create(&thread, NULL, work, task);
    pthread_detach(thread);
    return 0;
}

/* PROBE.TIMER ms key: increments the key later. */
static void fired(Ctx *ctx, void *data) {
    FreeCallReply(Call(ctx, "INCR", "s", data));
    FreeString(ctx, data);
}

static int timer(Ctx *ctx, Str **argv, int argc) {
    if (argc != 3) return WrongArity(ctx);
    long long ms;
    StringToLongLong(argv[1], &ms);
    RetainString(ctx, argv[2]);
    uint64_t id = CreateTimer(ctx, ms, fired, argv[2]);
    uint64_t stopped = CreateTimer(ctx, ms, fired, NULL);
    return ReplyWithLongLong(ctx, id != 0 && StopTimer(ctx, stopped, NULL) == 0 && StopTimer(ctx, stopped, NULL) != 0);
}

/* PROBE.DOUBLE text: a long double there and back. */
static int long_double(Ctx *ctx, Str **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    long double value;
    if (StringToLongDouble(argv[1], &value) != 0) return ReplyWithError(ctx, "ERR not a float");
    return ReplyWithLongDouble(ctx, value);
}

static int sub(Ctx *ctx, Str **argv, int argc) {
    (void)argv;
    return ReplyWithLongLong(ctx, argc);
}

/* PROBE.FILTER on|off: rewrites "secret" into "public" in the first argument of every command. */
static Filter *filter;

static void rewrite(FilterCtx *ctx) {
    Str *arg = CommandFilterArgGet(ctx, 1);
    if (arg != NULL && strcmp(StringPtrLen(arg, NULL), "secret") == 0)
        CommandFilterArgReplace(ctx, 1, CreateString(NULL, "public", 6));
}

static int filtering(Ctx *ctx, Str **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    if (strcmp(StringPtrLen(argv[1], NULL), "on") == 0) {
        filter = RegisterCommandFilter(ctx, rewrite, 0);
        return ReplyWithLongLong(ctx, filter != NULL);
    }
    return ReplyWithLongLong(ctx, UnregisterCommandFilter(ctx, filter));
}

static int notified(Ctx *ctx, int type, const char *event, Str *key) {
    (void)ctx, (void)type, (void)key;
    events++;
    snprintf(last_event, sizeof last_event, "%s %s", event, StringPtrLen(key, NULL));
    return 0;
}

static void key_event(Ctx *ctx, Event event, uint64_t sub_event, void *data) {
    (void)ctx, (void)event, (void)sub_event, (void)data;
    key_events++;
}

static void inform(Info *info, int crashing) {
    (void)crashing;
    if (InfoAddSection(info, "counters") == 0) InfoAddFieldLongLong(info, "freed", freed);
}

static long long get_limit(const char *name, void *data) {
    (void)name, (void)data;
    return limit;
}

static int set_limit(const char *name, long long value, void *data, Str **error) {
    (void)name, (void)data;
    if (value == 13) {
        *error = CreateString(NULL, "unlucky", 7);
        return 1;
    }
    limit = value;
    return 0;
}

static int apply(Ctx *ctx, void *data, Str **error) {
    (void)ctx, (void)data, (void)error;
    applied++;
    return 0;
}

int ValkeyModule_OnLoad(Ctx *ctx, Str **argv, int argc) {
    if (start(ctx, "probe") != 0) return 1;
    if (argc == 1 && strcmp(StringPtrLen(argv[0], NULL), "refuse") == 0) return 1;
    SetModuleOptions(ctx, 1);
    Methods methods = {.version = 3, .rdb_load = load, .rdb_save = save, .mem_usage = usage, .digest = mix,
                       .free = release, .unlink = unlinking, .copy = copy};
    if (argc == 0) kind = CreateDataType(ctx, "probetype", 1, &methods);
    AddACLCategory(ctx, "probing");
    struct { const char *name; CommandFn function; const char *flags; int key; } commands[] = {
        {"probe.set", set, "write deny-oom", 1}, {"probe.get", get, "readonly fast", 1},
        {"probe.state", state, "readonly", 0},   {"probe.strings", strings, "write", 1},
        {"probe.hash", hash, "write", 1},        {"probe.call", call, "write", 0},
        {"probe.errno", call_errno, "write", 0}, {"probe.scan", scan, "readonly", 0},
        {"probe.block", block, "write", 0},      {"probe.timer", timer, "write", 0},
        {"probe.double", long_double, "fast", 0}, {"probe.filter", filtering, "", 0},
    };
    for (size_t at = 0; at < sizeof commands / sizeof *commands; at++) {
        int key = commands[at].key;
        if (CreateCommand(ctx, commands[at].name, commands[at].function, commands[at].flags, key, key, key) != 0) return 1;
        if (SetCommandACLCategories(GetCommand(ctx, commands[at].name), "probing") != 0) return 1;
    }
    if (CreateCommand(ctx, "probe.box", NULL, "", 0, 0, 0) != 0) return 1;
    if (CreateSubcommand(GetCommand(ctx, "probe.box"), "sub", sub, "fast", 0, 0, 0) != 0) return 1;
    if (CreateCommand(ctx, "probe bad", set, "", 0, 0, 0) == 0) return 1;
    if (CreateCommand(ctx, "probe.bad", set, "nonsense", 0, 0, 0) == 0) return 1;
    if (CreateCommand(ctx, "get", set, "", 0, 0, 0) == 0) return 1;
    SubscribeToKeyspaceEvents(ctx, 1 << 3 | 1 << 13, notified);
    SubscribeToServerEvent(ctx, (Event){17, 1}, key_event);
    RegisterInfoFunc(ctx, inform);
    if (RegisterNumericConfig(ctx, "limit", 10, 0, 0, 1000, get_limit, set_limit, apply, NULL) != 0) return 1;
    return LoadConfigs(ctx);
}

static int unloadable = 1;

int ValkeyModule_OnUnload(Ctx *ctx) {
    (void)ctx;
    return unloadable ? 0 : 1;
}
