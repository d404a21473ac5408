/* A module that uses every function that the JSON module offers to other modules, as search modules do. Its
 * commands answer what those functions gave; the suite compares that with JSON.GET. */
#include <stdio.h>
#include <stdlib.h>

#include "host.h"

typedef const void *Json;
typedef Json *JsonPtr;
typedef const void *Results;
typedef const void *Members;
typedef const void *Path;

enum Type { STRING, INT, DOUBLE, BOOL, OBJECT, ARRAY, NIL, NONE };

/* The table, version by version. */
struct RedisJson {
    Json (*openKey)(Context *, String *);
    Json (*openKeyFromStr)(Context *, const char *);
    Results (*get)(Json, const char *);
    Json (*next)(Results);
    size_t (*len)(Results);
    void (*freeIter)(Results);
    int (*getLen)(Json, size_t *);
    int (*getType)(Json);
    int (*getInt)(Json, long long *);
    int (*getDouble)(Json, double *);
    int (*getBoolean)(Json, int *);
    int (*getString)(Json, const char **, size_t *);
    int (*getJSON)(Json, Context *, String **);
    int (*isJSON)(Key *);
    Path (*pathParse)(const char *, Context *, String **);
    void (*pathFree)(Path);
    int (*pathIsSingle)(Path);
    int (*pathHasDefinedOrder)(Path);
    int (*getJSONFromIter)(Results, Context *, String **);
    void (*resetIter)(Results);
    Members (*getKeyValues)(Json);
    void (*freeKeyValuesIter)(Members);
    Json (*openKeyWithFlags)(Context *, String *, int);
    JsonPtr (*allocJson)(void);
    int (*getAt)(Json, size_t, JsonPtr);
    int (*nextKeyValue)(Members, String **, JsonPtr);
    void (*freeJson)(JsonPtr);
    const void *(*getArray)(Json, size_t *, int *);
    Json (*getJsonFromHandle)(Key *);
    Results (*getWithPath)(Json, Path);
};

static struct RedisJson *json;
static int (*get_value)(Key *, const char *, String **);

static const char *text(const String *string) {
    size_t len;
    return StringPtrLen(string, &len);
}

/* Looks the functions up when they are needed first: the JSON module may be loaded later than this one. */
static int look_up(Context *ctx) {
    json = GetSharedAPI(ctx, "RedisJSON_V9");
    get_value = (int (*)(Key *, const char *, String **))GetSharedAPI(ctx, "JSON_GetValue");
    if (!json || !get_value) {
        ReplyWithError(ctx, "ERR the functions are not offered");
        return ERR;
    }
    return OK;
}

/* A text that grows. */
struct Out {
    char *bytes;
    size_t len, room;
};

static void put(struct Out *out, const char *bytes, size_t len) {
    if (out->len + len > out->room) {
        out->room = (out->len + len) * 2;
        out->bytes = realloc(out->bytes, out->room);
    }
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void put_text(struct Out *out, const char *bytes) {
    put(out, bytes, strlen(bytes));
}

static void put_string(struct Out *out, const char *bytes, size_t len) {
    char escape[8];
    put_text(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = bytes[i];
        if (byte == '"' || byte == '\\') {
            put_text(out, "\\");
            put(out, bytes + i, 1);
        } else if (byte < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", byte);
            put_text(out, escape);
        } else {
            put(out, bytes + i, 1);
        }
    }
    put_text(out, "\"");
}

/* Writes a value as JSON from what the functions say of it and of what is in it. */
static void walk(struct Out *out, Json value) {
    char number[40];
    size_t len = 0;
    switch (json->getType(value)) {
    case STRING: {
        const char *bytes;
        size_t counted = 0;
        json->getString(value, &bytes, &len);
        put_string(out, bytes, len);
        json->getLen(value, &counted);
        if (counted != len) put_text(out, " <getLen differs>");
        break;
    }
    case INT: {
        long long integer = 0;
        double same = 0;
        json->getInt(value, &integer);
        json->getDouble(value, &same);
        snprintf(number, sizeof number, "%lld", integer);
        put_text(out, number);
        if (same != (double)integer) put_text(out, " <getDouble differs>");
        break;
    }
    case DOUBLE: {
        double real = 0;
        long long integer;
        json->getDouble(value, &real);
        snprintf(number, sizeof number, "%.17g", real);
        put_text(out, number);
        if (json->getInt(value, &integer) == OK) put_text(out, " <getInt of a double>");
        break;
    }
    case BOOL: {
        int yes = 2;
        json->getBoolean(value, &yes);
        put_text(out, yes == 1 ? "true" : yes == 0 ? "false" : "<no boolean>");
        break;
    }
    case NIL:
        put_text(out, "null");
        break;
    case ARRAY: {
        JsonPtr element = json->allocJson();
        json->getLen(value, &len);
        put_text(out, "[");
        for (size_t i = 0; i < len; i++) {
            if (i) put_text(out, ",");
            if (json->getAt(value, i, element) == OK) walk(out, *element);
        }
        put_text(out, "]");
        if (json->getAt(value, len, element) == OK) put_text(out, " <an element too many>");
        json->freeJson(element);
        break;
    }
    case OBJECT: {
        JsonPtr member = json->allocJson();
        Members members = json->getKeyValues(value);
        String *name = NULL;
        size_t count = 0;
        put_text(out, "{");
        while (members && json->nextKeyValue(members, &name, member) == OK) {
            size_t name_len;
            const char *bytes = StringPtrLen(name, &name_len);
            if (count++) put_text(out, ",");
            put_string(out, bytes, name_len);
            put_text(out, ":");
            walk(out, *member);
            FreeString(NULL, name);
        }
        put_text(out, "}");
        json->getLen(value, &len);
        if (len != count) put_text(out, " <getLen differs>");
        if (members) json->freeKeyValuesIter(members);
        json->freeJson(member);
        break;
    }
    default:
        put_text(out, "<no value>");
    }
}

/* Opens a document in the way that `how` names. */
static Json open_by(Context *ctx, const char *how, String *name) {
    if (!strcmp(how, "key")) return json->openKey(ctx, name);
    if (!strcmp(how, "str")) return json->openKeyFromStr(ctx, text(name));
    if (!strcmp(how, "flags")) return json->openKeyWithFlags(ctx, name, OPEN_READ | OPEN_NO_EFFECTS);
    Key *key = OpenKey(ctx, name, OPEN_READ);
    Json value = key && json->isJSON(key) ? json->getJsonFromHandle(key) : NULL;
    if (key) CloseKey(key);
    return value;
}

/* JSONAPITEST.WALK key|str|flags|handle name: the document, put together from its values. */
static int Walk(Context *ctx, String **argv, int argc) {
    if (argc != 3) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    Json root = open_by(ctx, text(argv[1]), argv[2]);
    if (!root) return ReplyWithNull(ctx);
    struct Out out = {0};
    walk(&out, root);
    ReplyWithStringBuffer(ctx, out.bytes, out.len);
    free(out.bytes);
    return OK;
}

/* JSONAPITEST.GET name path: the text of each value that the path selects; nil if there is no iterator. */
static int Get(Context *ctx, String **argv, int argc) {
    if (argc != 3) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    Json root = json->openKey(ctx, argv[1]);
    Results results = root ? json->get(root, text(argv[2])) : NULL;
    if (!results) return ReplyWithNull(ctx);
    size_t len = json->len(results);
    ReplyWithArray(ctx, (long)len);
    for (size_t i = 0; i < len; i++) {
        String *string = NULL;
        json->getJSON(json->next(results), ctx, &string);
        ReplyWithString(ctx, string);
        FreeString(ctx, string);
    }
    if (json->next(results)) ReplyWithError(ctx, "ERR a value too many");
    json->freeIter(results);
    return OK;
}

/* JSONAPITEST.WITHIN name path path: the second path, from the first value that the first one selects. */
static int Within(Context *ctx, String **argv, int argc) {
    if (argc != 4) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    Json root = json->openKey(ctx, argv[1]);
    Results outer = root ? json->get(root, text(argv[2])) : NULL;
    Results inner = outer ? json->get(json->next(outer), text(argv[3])) : NULL;
    String *string = NULL;
    if (inner && json->getJSONFromIter(inner, ctx, &string) == OK) {
        ReplyWithString(ctx, string);
        FreeString(ctx, string);
    } else {
        ReplyWithNull(ctx);
    }
    if (inner) json->freeIter(inner);
    if (outer) json->freeIter(outer);
    return OK;
}

/* JSONAPITEST.PATH name path: single, ordered, the array of the values, how many came before and after a reset. */
static int PathOf(Context *ctx, String **argv, int argc) {
    if (argc != 3) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    String *message = NULL, *string = NULL;
    Path path = json->pathParse(text(argv[2]), ctx, &message);
    if (!path) {
        ReplyWithString(ctx, message);
        FreeString(ctx, message);
        return OK;
    }
    long long counts[2] = {0, 0};
    Json root = json->openKey(ctx, argv[1]);
    Results results = json->getWithPath(root, path);
    for (int round = 0; round < 2; round++) {
        while (json->next(results)) counts[round]++;
        json->resetIter(results);
    }
    ReplyWithArray(ctx, 5);
    ReplyWithLongLong(ctx, json->pathIsSingle(path));
    ReplyWithLongLong(ctx, json->pathHasDefinedOrder(path));
    if (json->getJSONFromIter(results, ctx, &string) == OK) {
        ReplyWithString(ctx, string);
        FreeString(ctx, string);
    } else {
        ReplyWithNull(ctx);
    }
    ReplyWithLongLong(ctx, counts[0]);
    ReplyWithLongLong(ctx, counts[1]);
    json->freeIter(results);
    json->pathFree(path);
    return OK;
}

/* JSONAPITEST.ARRAY name path: the type of the buffer and its elements as JSON; nil if it is no array. */
static int Array(Context *ctx, String **argv, int argc) {
    if (argc != 3) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    Json root = json->openKey(ctx, argv[1]);
    Results results = root ? json->get(root, text(argv[2])) : NULL;
    Json value = results ? json->next(results) : NULL;
    size_t len = 0;
    int type = -1;
    const void *elements = value ? json->getArray(value, &len, &type) : NULL;
    if (!elements) {
        ReplyWithNull(ctx);
    } else {
        struct Out out = {0};
        char number[40];
        put_text(&out, "[");
        for (size_t i = 0; i < len; i++) {
            if (i) put_text(&out, ",");
            switch (type) {
            case 0: walk(&out, ((const Json *)elements)[i]); continue;
            case 10: snprintf(number, sizeof number, "%lld", ((const long long *)elements)[i]); break;
            case 11: snprintf(number, sizeof number, "%llu", ((const unsigned long long *)elements)[i]); break;
            case 12: snprintf(number, sizeof number, "%.17g", ((const double *)elements)[i]); break;
            default: snprintf(number, sizeof number, "<type %d>", type);
            }
            put_text(&out, number);
        }
        put_text(&out, "]");
        ReplyWithArray(ctx, 2);
        ReplyWithLongLong(ctx, type);
        ReplyWithStringBuffer(ctx, out.bytes, out.len);
        free(out.bytes);
    }
    if (results) json->freeIter(results);
    return OK;
}

/* JSONAPITEST.VALUE name path: JSON_GetValue; nil for ERR. */
static int Value(Context *ctx, String **argv, int argc) {
    if (argc != 3) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    Key *key = OpenKey(ctx, argv[1], OPEN_READ);
    String *string = NULL;
    if (get_value(key, text(argv[2]), &string) == OK) {
        ReplyWithString(ctx, string);
        FreeString(NULL, string);
    } else {
        ReplyWithNull(ctx);
    }
    if (key) CloseKey(key);
    return OK;
}

/* JSONAPITEST.VERSIONS: how many of the nine names give the same table. */
static int Versions(Context *ctx, String **argv, int argc) {
    char name[] = "RedisJSON_V0";
    long long same = 0;
    (void)argv;
    if (argc != 1) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    for (char digit = '1'; digit <= '9'; digit++) {
        name[sizeof name - 2] = digit;
        same += GetSharedAPI(ctx, name) == json;
    }
    return ReplyWithLongLong(ctx, same);
}

/* JSONAPITEST.KEEP name: keeps the root, against the rules. JSONAPITEST.KEPT: its type now. */
static Json kept;

static int Keep(Context *ctx, String **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    kept = json->openKey(ctx, argv[1]);
    return ReplyWithLongLong(ctx, json->getType(kept));
}

static int Kept(Context *ctx, String **argv, int argc) {
    size_t len = 0;
    double real;
    (void)argv;
    if (argc != 1) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    if (json->getLen(kept, &len) == OK) return ReplyWithLongLong(ctx, (long long)len);
    if (json->getDouble(kept, &real) == OK || json->get(kept, "$") || json->getKeyValues(kept))
        return ReplyWithError(ctx, "ERR a value that has gone answers");
    return ReplyWithLongLong(ctx, -json->getType(kept));
}

/* JSONAPITEST.MANY prefix count: opens prefix0, prefix1, … within one command; how many were there. */
static int Many(Context *ctx, String **argv, int argc) {
    long long count = 0, found = 0;
    char name[200];
    if (argc != 3 || StringToLongLong(argv[2], &count) == ERR) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    for (long long i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%.100s%lld", text(argv[1]), i);
        Json root = json->openKeyFromStr(ctx, name);
        found += root && json->getType(root) != NONE;
    }
    return ReplyWithLongLong(ctx, found);
}

/* Calls every function once with what is given; NULL is a value too. Whatever fails, the rest goes on. */
static void all(Context *ctx, Key *key, String *name, Json root) {
    String *string = NULL;
    const char *bytes;
    size_t len;
    int number;
    long long integer;
    double real;
    Path path = json->pathParse("$.*", ctx, &string);
    if (!path && string) FreeString(ctx, string);
    Results results = json->get(root, "$.*");
    Results by_path = json->getWithPath(root, path);
    Members members = json->getKeyValues(root);
    JsonPtr value = json->allocJson();
    json->openKey(ctx, name);
    json->openKeyFromStr(ctx, name ? text(name) : NULL);
    json->openKeyWithFlags(ctx, name, OPEN_READ);
    json->isJSON(key);
    json->getJsonFromHandle(key);
    json->len(results);
    for (Json each = json->next(results);; each = json->next(results)) {
        json->getType(each);
        json->getLen(each, &len);
        json->getInt(each, &integer);
        json->getDouble(each, &real);
        json->getBoolean(each, &number);
        json->getString(each, &bytes, &len);
        json->getArray(each, &len, &number);
        json->getAt(each, 0, value);
        if (json->getJSON(each, ctx, &string) == OK) FreeString(ctx, string);
        if (!each) break;
    }
    json->resetIter(by_path);
    if (json->getJSONFromIter(by_path, ctx, &string) == OK) FreeString(ctx, string);
    json->pathIsSingle(path);
    json->pathHasDefinedOrder(path);
    for (int i = 0; i < 100 && json->nextKeyValue(members, &string, value) == OK; i++) FreeString(NULL, string);
    if (get_value(key, "$.*", &string) == OK) FreeString(NULL, string);
    json->freeKeyValuesIter(members);
    json->freeIter(by_path);
    json->freeIter(results);
    json->freeJson(value);
    json->pathFree(path);
}

/* JSONAPITEST.ALL name: every function, on that document and on NULL. */
static int All(Context *ctx, String **argv, int argc) {
    if (argc != 2) return WrongArity(ctx);
    if (look_up(ctx) == ERR) return OK;
    Key *key = OpenKey(ctx, argv[1], OPEN_READ);
    all(ctx, key, argv[1], json->openKey(ctx, argv[1]));
    if (key) CloseKey(key);
    all(ctx, NULL, NULL, NULL);
    /* Where a result goes is NULL too. */
    Json root = json->openKey(ctx, argv[1]);
    json->getLen(root, NULL);
    json->getString(root, NULL, NULL);
    json->getArray(root, NULL, NULL);
    json->get(root, NULL);
    json->getAt(root, 0, NULL);
    return ReplyWithSimpleString(ctx, "OK");
}

int RedisModule_OnLoad(Context *ctx, String **argv, int argc) {
    static const struct {
        const char *name;
        Command command;
    } commands[] = {
        {"jsonapitest.walk", Walk},   {"jsonapitest.get", Get},           {"jsonapitest.within", Within},
        {"jsonapitest.path", PathOf}, {"jsonapitest.array", Array},       {"jsonapitest.value", Value},
        {"jsonapitest.keep", Keep},   {"jsonapitest.versions", Versions}, {"jsonapitest.kept", Kept},
        {"jsonapitest.many", Many},   {"jsonapitest.all", All},
    };
    (void)argv;
    (void)argc;
    if (ask_host(ctx) == ERR) return ERR;
    SetModuleAttribs(ctx, "jsonapitest", 1, API_VERSION);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (CreateCommand(ctx, commands[i].name, commands[i].command, "readonly", 0, 0, 0) == ERR) return ERR;
    }
    return OK;
}
