/* The least that module commands can do: nothing, an echo, and a look at a key of the module's own type. */

#include <stdint.h>
#include <stddef.h>
#include <string.h>

typedef struct { uint64_t version; void *callbacks[18]; } Methods;

static void (*SetModuleAttribs)(void *, const char *, int, int);
static int (*CreateCommand)(void *, const char *, int (*)(void *, void **, int), const char *, int, int, int);
static int (*ReplyWithLongLong)(void *, long long);
static int (*ReplyWithString)(void *, void *);
static void *(*CreateDataType)(void *, const char *, int, Methods *);
static void *(*OpenKey)(void *, void *, int);
static void (*CloseKey)(void *);
static void *(*ModuleTypeGetType)(void *);
static void *(*ModuleTypeGetValue)(void *);
static int (*ModuleTypeSetValue)(void *, void *, void *);

static void *kind;
static long long held = 42;

static int nothing(void *ctx, void **argv, int argc) {
    (void)argv, (void)argc;
    return ReplyWithLongLong(ctx, 0);
}

static int echo(void *ctx, void **argv, int argc) {
    (void)argc;
    return ReplyWithString(ctx, argv[1]);
}

static int put(void *ctx, void **argv, int argc) {
    (void)argc;
    void *key = OpenKey(ctx, argv[1], 3);
    ModuleTypeSetValue(key, kind, &held);
    CloseKey(key);
    return ReplyWithLongLong(ctx, 1);
}

static int look(void *ctx, void **argv, int argc) {
    (void)argc;
    void *key = OpenKey(ctx, argv[1], 1);
    long long found = ModuleTypeGetType(key) == kind ? *(long long *)ModuleTypeGetValue(key) : -1;
    CloseKey(key);
    return ReplyWithLongLong(ctx, found);
}

int ValkeyModule_OnLoad(void *ctx, void **argv, int argc) {
    (void)argv, (void)argc;
    int (*get)(const char *, void *) = *(int (**)(const char *, void *))ctx;
#define ASK(name) if (get("ValkeyModule_" #name, (void *)&name) != 0) return 1
    ASK(SetModuleAttribs); ASK(CreateCommand); ASK(ReplyWithLongLong); ASK(ReplyWithString); ASK(CreateDataType);
    ASK(OpenKey); ASK(CloseKey); ASK(ModuleTypeGetType); ASK(ModuleTypeGetValue); ASK(ModuleTypeSetValue);
    SetModuleAttribs(ctx, "floor", 1, 1);
    Methods methods = {.version = 1};
    kind = CreateDataType(ctx, "floortype", 0, &methods);
    return kind == NULL || CreateCommand(ctx, "floor.nothing", nothing, "fast", 0, 0, 0)
        || CreateCommand(ctx, "floor.echo", echo, "fast", 0, 0, 0)
        || CreateCommand(ctx, "floor.put", put, "write", 1, 1, 1)
        || CreateCommand(ctx, "floor.look", look, "readonly", 1, 1, 1);
}
