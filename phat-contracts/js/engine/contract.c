/* The contract's entry points. The prelude, in JavaScript, answers; this hands it its input, returns
   what it says, and sees to it that whatever a script does there is something to return. */
#include "bytes.h"
#include "code.h"
#include "host.h"
#include "quickjs.h"
#include "seal.h"

/* The longest input of `deploy`, and of `call` where no script is given. */
#define LONG_INPUT (1024 * 1024)
/* The longest input of `call`, in bytes, where a script answers: its requests are shorter. */
#define SHORT_INPUT (64 * 1024)
/* The longest archive of the prelude, in bytes. */
#define ARCHIVE (128 * 1024)
/* What `deploy` stores about the script, in bytes at most. */
#define SETTINGS 4096
#define SETTINGS_KEY "js/settings"

static JSRuntime *runtime;
static JSContext *context;
/* The prelude's default export: functions `deploy`, `call` and `failed`. */
static JSValue prelude;

/* The archive that the build gives as input: for each file its name and its source, each behind its
   length (u32, little-endian). The last one is the main module. */
struct archive {
    const uint8_t *bytes;
    uint32_t length;
};

static uint32_t u32_at(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

struct file {
    const char *name, *source;
    uint32_t name_length, source_length;
};

/* The file that begins at `*at`, which then stands behind it. */
static struct file next_file(const struct archive *archive, uint32_t *at) {
    struct file file;
    file.name_length = u32_at(archive->bytes + *at);
    file.name = (const char *)archive->bytes + *at + 4;
    *at += 4 + file.name_length;
    file.source_length = u32_at(archive->bytes + *at);
    file.source = (const char *)archive->bytes + *at + 4;
    *at += 4 + file.source_length;
    return file;
}

static JSValue compile_module(JSContext *of, const struct file *file, const char *name) {
    char *source = js_strndup(of, file->source, file->source_length);
    if (source == NULL) {
        return JS_EXCEPTION;
    }
    JSValue module =
        JS_Eval(of, source, file->source_length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    js_free(of, source);
    return module;
}

static JSModuleDef *load(JSContext *of, const char *name, void *opaque) {
    const struct archive *archive = opaque;
    for (uint32_t at = 0; at < archive->length;) {
        struct file file = next_file(archive, &at);
        if (strlen(name) == file.name_length && memcmp(name, file.name, file.name_length) == 0) {
            JSValue module = compile_module(of, &file, name);
            if (JS_IsException(module)) {
                return NULL;
            }
            JSModuleDef *definition = JS_VALUE_GET_PTR(module);
            JS_FreeValue(of, module);
            return definition;
        }
    }
    JS_ThrowReferenceError(of, "the prelude has no %s", name);
    return NULL;
}

/* Tells the developer who builds the contract, and stops the build. */
static _Noreturn void give_up(void) {
    JSValue error = JS_GetException(context);
    const char *text = JS_ToCString(context, error);
    seal_debug_message(text, strlen(text));
    abort();
}

/* Run when the contract is built, never in it: what is in memory afterwards is what every run starts
   with. */
EXPORT("initialise") void initialise(void) {
    uint8_t *input = malloc(ARCHIVE);
    struct archive archive = {input, ARCHIVE};
    seal_input(input, &archive.length);

    runtime = JS_NewRuntime();
    JS_SetMaxStackSize(runtime, STACK_LIMIT);
    context = JS_NewContext(runtime);
    if (!host_define(context)) {
        give_up();
    }
    struct file file = {0};
    for (uint32_t at = 0; at < archive.length;) {
        file = next_file(&archive, &at);
    }
    JS_SetModuleLoaderFunc(runtime, NULL, load, &archive);
    JSValue main = compile_module(context, &file, "prelude/main.js");
    if (JS_IsException(main) || JS_ResolveModule(context, main) < 0) {
        give_up();
    }
    JSModuleDef *definition = JS_VALUE_GET_PTR(main);
    JSValue promise = JS_EvalFunction(context, main);
    if (JS_IsException(promise)) {
        give_up();
    }
    if (JS_PromiseState(context, promise) != JS_PROMISE_FULFILLED) {
        JS_Throw(context, JS_PromiseResult(context, promise));
        give_up();
    }
    JS_FreeValue(context, promise);
    JSValue namespace = JS_GetModuleNamespace(context, definition);
    prelude = JS_GetPropertyStr(context, namespace, "default");
    JS_FreeValue(context, namespace);
    if (!JS_IsObject(prelude)) {
        give_up();
    }
    /* A script imports nothing. */
    JS_SetModuleLoaderFunc(runtime, NULL, NULL, NULL);
    JS_RunGC(runtime);
    /* What is all zeros takes no room in the module. */
    memset(input, 0, ARCHIVE);
    free(input);
}

static JSValue ask(const char *function, int count, JSValue *arguments) {
    JSValue method = JS_GetPropertyStr(context, prelude, function);
    JSValue answer = JS_Call(context, method, JS_UNDEFINED, count, arguments);
    JS_FreeValue(context, method);
    return answer;
}

/* What `deploy` stored about the script; undefined where there is none. */
static JSValue settings(void) {
    uint8_t stored[SETTINGS];
    uint32_t length = sizeof stored;
    if (seal_get_storage(SETTINGS_KEY, sizeof SETTINGS_KEY - 1, stored, &length) != SEAL_SUCCESS) {
        return JS_UNDEFINED;
    }
    return JS_NewUint8ArrayCopy(context, stored, length);
}

static JSValue read_input(uint32_t capacity) {
    uint8_t *input = bytes_reserve(context, capacity);
    if (input == NULL) {
        return JS_EXCEPTION;
    }
    seal_input(input, &capacity);
    return bytes_take(context, input, capacity);
}

/* Returns flags (the first byte) and data as the prelude says them. */
static _Noreturn void answer(const char *entry, uint32_t capacity, JSValue stored) {
    JSValue arguments[2] = {read_input(capacity), stored};
    JSValue returned = JS_IsException(arguments[0]) ? JS_EXCEPTION : ask(entry, countof(arguments), arguments);
    if (JS_IsException(returned)) {
        JSValue error = JS_GetException(context);
        JSValue stopped = JS_NewBool(context, JS_IsUncatchableError(error));
        JS_ClearUncatchableError(context, error);
        code_lift_limits(context);
        JSValue why[2] = {error, stopped};
        returned = ask("failed", countof(why), why);
    }
    const uint8_t *bytes = NULL;
    uint32_t length = 0;
    if (JS_IsException(returned) || !bytes_of(context, returned, &bytes, &length) || length == 0) {
        /* Not even that: Ok(Err(error 2 without a text)). */
        static const uint8_t nothing[4] = {0, 1, 2, 0};
        seal_return(SEAL_REVERT, nothing, sizeof nothing);
    }
    seal_return(bytes[0], bytes + 1, length - 1);
}

EXPORT("deploy") void deploy(void) {
    JS_UpdateStackTop(runtime);
    answer("deploy", LONG_INPUT, JS_UNDEFINED);
}

EXPORT("call") void call(void) {
    JS_UpdateStackTop(runtime);
    JSValue stored = settings();
    answer("call", JS_IsUndefined(stored) ? LONG_INPUT : SHORT_INPUT, stored);
}
