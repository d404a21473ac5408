/* What the module in this folder needs of its host: names and types of the module API, asked for at load. */
#ifndef KEYSTOW_TESTS_HOST_H
#define KEYSTOW_TESTS_HOST_H

#include <stddef.h>
#include <string.h>

#define OK 0
#define ERR 1
#define API_VERSION 1
#define OPEN_READ 1
#define OPEN_NO_EFFECTS (1 << 20)

typedef struct Context Context;
typedef struct String String;
typedef struct Key Key;
typedef int (*Command)(Context *ctx, String **argv, int argc);

#define FUNCTIONS(F) \
    F(void, SetModuleAttribs, (Context *, const char *, int, int)) \
    F(int, CreateCommand, (Context *, const char *, Command, const char *, int, int, int)) \
    F(void *, GetSharedAPI, (Context *, const char *)) \
    F(Key *, OpenKey, (Context *, String *, int)) \
    F(void, CloseKey, (Key *)) \
    F(const char *, StringPtrLen, (const String *, size_t *)) \
    F(void, FreeString, (Context *, String *)) \
    F(int, StringToLongLong, (const String *, long long *)) \
    F(int, WrongArity, (Context *)) \
    F(int, ReplyWithArray, (Context *, long)) \
    F(int, ReplyWithLongLong, (Context *, long long)) \
    F(int, ReplyWithNull, (Context *)) \
    F(int, ReplyWithError, (Context *, const char *)) \
    F(int, ReplyWithSimpleString, (Context *, const char *)) \
    F(int, ReplyWithStringBuffer, (Context *, const char *, size_t)) \
    F(int, ReplyWithString, (Context *, String *))

#define DECLARE(result, name, arguments) static result(*name) arguments;
FUNCTIONS(DECLARE)
#undef DECLARE

/* The first word of a context is the function that finds the others by name. */
static int ask_host(Context *ctx) {
    int (*get_api)(const char *, void *) = *(int (**)(const char *, void *))ctx;
    int found = 1;
#define ASK(result, name, arguments) found = found && get_api("RedisModule_" #name, (void *)&name) == OK;
    FUNCTIONS(ASK)
#undef ASK
    return found ? OK : ERR;
}

#endif
