/* The functions of the module API that stable Rust cannot define: C-variadic ones, and those with a long double.
 *
 * Each one only turns its arguments into a plain call. printf formats are expanded here; typed lists become arrays of
 * `struct passed_arg`, which the host's crate mirrors. Nothing here knows what the arguments mean. */

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct passed_arg {
    int32_t kind;
    const void *ptr;
    size_t len;
    long long number;
};

enum { TEXT, STRING, BUFFER, NUMBER, VECTOR };

/* What the host's crate defines. */
extern void *keystow_call(void *ctx, const char *name, const char *fmt, const struct passed_arg *args, size_t count);
extern int keystow_replicate(void *ctx, const char *name, const char *fmt, const struct passed_arg *args, size_t count);
extern void keystow_emit_aof(void *io, const char *name, const char *fmt, const struct passed_arg *args, size_t count);
extern int keystow_hash_set(void *key, int flags, const struct passed_arg *args, size_t count);
extern int keystow_hash_get(void *key, int flags, const struct passed_arg *args, size_t count);
extern void *keystow_create_string(void *ctx, const char *text, size_t len);
extern int keystow_reply_error(void *ctx, int count_it, const char *text, size_t len);
extern void keystow_log(void *ctx, const char *level, const char *text, size_t len);
extern void keystow_log_io_error(void *io, const char *level, const char *text, size_t len);
extern int keystow_reply_long_double(void *ctx, double value, const char *text, size_t len);
extern int keystow_string_text(const void *string, const char **text, size_t *len);
extern void keystow_save_text(void *io, const char *text, size_t len);
extern int keystow_load_text(void *io, char *text, size_t capacity);

/* Lists longer than this are put on the heap. */
#define ON_STACK 32

struct list {
    struct passed_arg *args;
    size_t count, capacity;
    struct passed_arg on_stack[ON_STACK];
};

static struct passed_arg *next(struct list *list) {
    if (list->count == list->capacity) {
        struct passed_arg *grown = malloc(2 * list->capacity * sizeof *grown);
        if (grown == NULL) abort();
        memcpy(grown, list->args, list->count * sizeof *grown);
        if (list->args != list->on_stack) free(list->args);
        list->args = grown;
        list->capacity *= 2;
    }
    struct passed_arg *arg = &list->args[list->count++];
    memset(arg, 0, sizeof *arg);
    return arg;
}

static void begin(struct list *list) {
    list->args = list->on_stack;
    list->count = 0;
    list->capacity = ON_STACK;
}

static void end(struct list *list) {
    int saved = errno;
    if (list->args != list->on_stack) free(list->args);
    errno = saved;
}

/* Takes the arguments that the letters of `fmt` announce. Other characters take none; the host judges them. */
static void collect(struct list *list, const char *fmt, va_list ap) {
    begin(list);
    for (; *fmt != 0; fmt++) {
        struct passed_arg *arg;
        switch (*fmt) {
        case 'c':
            arg = next(list);
            arg->kind = TEXT;
            arg->ptr = va_arg(ap, const char *);
            break;
        case 's':
            arg = next(list);
            arg->kind = STRING;
            arg->ptr = va_arg(ap, const void *);
            break;
        case 'b':
            arg = next(list);
            arg->kind = BUFFER;
            arg->ptr = va_arg(ap, const char *);
            arg->len = va_arg(ap, size_t);
            break;
        case 'l':
            arg = next(list);
            arg->kind = NUMBER;
            arg->number = va_arg(ap, long long);
            break;
        case 'v':
            arg = next(list);
            arg->kind = VECTOR;
            arg->ptr = va_arg(ap, const void *);
            arg->len = va_arg(ap, size_t);
            break;
        default:
            break;
        }
    }
}

void *keystow_Call(void *ctx, const char *name, const char *fmt, ...) {
    struct list list;
    va_list ap;
    va_start(ap, fmt);
    collect(&list, fmt, ap);
    va_end(ap);
    void *reply = keystow_call(ctx, name, fmt, list.args, list.count);
    end(&list);
    return reply;
}

int keystow_Replicate(void *ctx, const char *name, const char *fmt, ...) {
    struct list list;
    va_list ap;
    va_start(ap, fmt);
    collect(&list, fmt, ap);
    va_end(ap);
    int result = keystow_replicate(ctx, name, fmt, list.args, list.count);
    end(&list);
    return result;
}

void keystow_EmitAOF(void *io, const char *name, const char *fmt, ...) {
    struct list list;
    va_list ap;
    va_start(ap, fmt);
    collect(&list, fmt, ap);
    va_end(ap);
    keystow_emit_aof(io, name, fmt, list.args, list.count);
    end(&list);
}

/* Pairs of a field and a pointer, until a NULL field. `by_text` says whether fields are C strings. */
static void collect_pairs(struct list *list, int by_text, va_list ap) {
    begin(list);
    for (;;) {
        const void *field = va_arg(ap, const void *);
        if (field == NULL) return;
        struct passed_arg *arg = next(list);
        arg->kind = by_text ? TEXT : STRING;
        arg->ptr = field;
        arg = next(list);
        arg->kind = STRING;
        arg->ptr = va_arg(ap, const void *);
    }
}

#define HASH_CFIELDS (1 << 2)

int keystow_HashSet(void *key, int flags, ...) {
    struct list list;
    va_list ap;
    va_start(ap, flags);
    collect_pairs(&list, flags & HASH_CFIELDS, ap);
    va_end(ap);
    int result = keystow_hash_set(key, flags, list.args, list.count);
    end(&list);
    return result;
}

int keystow_HashGet(void *key, int flags, ...) {
    struct list list;
    va_list ap;
    va_start(ap, flags);
    collect_pairs(&list, flags & HASH_CFIELDS, ap);
    va_end(ap);
    int result = keystow_hash_get(key, flags, list.args, list.count);
    end(&list);
    return result;
}

/* Text of a printf format: in `space` if it fits, else on the heap. `*len` is -1 if the format is broken. */
static char *expand(char *space, size_t capacity, int *len, const char *fmt, va_list ap) {
    va_list again;
    va_copy(again, ap);
    char *text = space;
    *len = vsnprintf(space, capacity, fmt, ap);
    if (*len >= 0 && (size_t)*len >= capacity) {
        text = malloc((size_t)*len + 1);
        if (text == NULL) abort();
        vsnprintf(text, (size_t)*len + 1, fmt, again);
    }
    va_end(again);
    return text;
}

#define EXPAND(fmt)                                                   \
    char space[1024];                                                 \
    int len;                                                          \
    va_list ap;                                                       \
    va_start(ap, fmt);                                                \
    char *text = expand(space, sizeof space, &len, fmt, ap);          \
    va_end(ap);                                                       \
    size_t used = len < 0 ? 0 : (size_t)len

void *keystow_CreateStringPrintf(void *ctx, const char *fmt, ...) {
    EXPAND(fmt);
    void *string = keystow_create_string(ctx, text, used);
    if (text != space) free(text);
    return string;
}

int keystow_ReplyWithErrorFormat(void *ctx, const char *fmt, ...) {
    EXPAND(fmt);
    int result = keystow_reply_error(ctx, 1, text, used);
    if (text != space) free(text);
    return result;
}

int keystow_ReplyWithCustomErrorFormat(void *ctx, int update_error_stats, const char *fmt, ...) {
    EXPAND(fmt);
    int result = keystow_reply_error(ctx, update_error_stats, text, used);
    if (text != space) free(text);
    return result;
}

void keystow_Log(void *ctx, const char *level, const char *fmt, ...) {
    EXPAND(fmt);
    keystow_log(ctx, level, text, used);
    if (text != space) free(text);
}

void keystow_LogIOError(void *io, const char *level, const char *fmt, ...) {
    EXPAND(fmt);
    keystow_log_io_error(io, level, text, used);
    if (text != space) free(text);
}

/* long double. Its shortest decimal text has at most 21 significant digits; %.17Lg is what the protocol has always shown. */

static size_t long_double_text(char *text, size_t capacity, long double value, int humanfriendly) {
    int len;
    if (isinf(value)) {
        len = snprintf(text, capacity, value > 0 ? "inf" : "-inf");
    } else if (isnan(value)) {
        len = snprintf(text, capacity, "nan");
    } else if (humanfriendly) {
        len = snprintf(text, capacity, "%.17Lf", value);
        if (len < 0 || (size_t)len >= capacity) return 0;
        if (strchr(text, '.') != NULL) {
            while (text[len - 1] == '0') len--;
            if (text[len - 1] == '.') len--;
        }
        if (len == 2 && text[0] == '-' && text[1] == '0') {
            text[0] = '0';
            len = 1;
        }
    } else {
        len = snprintf(text, capacity, "%.17Lg", value);
    }
    return len < 0 || (size_t)len >= capacity ? 0 : (size_t)len;
}

/* Enough for the largest long double written out in full: 4933 digits before the point and 17 after. */
#define LONG_DOUBLE_TEXT 5120

void *keystow_CreateStringFromLongDouble(void *ctx, long double value, int humanfriendly) {
    char text[LONG_DOUBLE_TEXT];
    size_t len = long_double_text(text, sizeof text, value, humanfriendly);
    return keystow_create_string(ctx, text, len);
}

int keystow_ReplyWithLongDouble(void *ctx, long double value) {
    char text[LONG_DOUBLE_TEXT];
    size_t len = long_double_text(text, sizeof text, value, 1);
    return keystow_reply_long_double(ctx, (double)value, text, len);
}

static int parse_long_double(const char *text, size_t len, long double *out) {
    char copy[LONG_DOUBLE_TEXT];
    if (len == 0 || len >= sizeof copy) return 1;
    memcpy(copy, text, len);
    copy[len] = 0;
    if (strlen(copy) != len || strchr(" \t\n\v\f\r", copy[0]) != NULL) return 1;
    char *stop;
    errno = 0;
    long double value = strtold(copy, &stop);
    if (*stop != 0 || isnan(value)) return 1;
    if (errno == ERANGE && (value == HUGE_VALL || value == -HUGE_VALL || fpclassify(value) == FP_ZERO)) return 1;
    *out = value;
    return 0;
}

int keystow_StringToLongDouble(const void *string, long double *out) {
    const char *text;
    size_t len;
    if (keystow_string_text(string, &text, &len) != 0) return 1;
    return parse_long_double(text, len, out);
}

/* On disk a long double is the text of its hexadecimal form, which is exact. */
void keystow_SaveLongDouble(void *io, long double value) {
    char text[64];
    int len = snprintf(text, sizeof text, "%La", value);
    keystow_save_text(io, text, (size_t)len);
}

long double keystow_LoadLongDouble(void *io) {
    char text[64];
    int len = keystow_load_text(io, text, sizeof text - 1);
    long double value = 0;
    if (len <= 0) return 0;
    if (parse_long_double(text, (size_t)len, &value) != 0) return 0;
    return value;
}
