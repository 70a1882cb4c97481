#include "code.h"
#include "bytes.h"
#include "seal.h"

/* Milliseconds since the unix epoch; 0 is none. */
static uint64_t deadline;

static int interrupt(JSRuntime *runtime, void *opaque) {
    (void)runtime, (void)opaque;
    if (deadline == 0) {
        return 0;
    }
    uint64_t now = 0;
    uint32_t length = sizeof now;
    seal_now(&now, &length);
    return now > deadline;
}

JSValue code_limit(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    int64_t heap = 0, until = 0;
    if (JS_ToInt64(context, &heap, arguments[0]) < 0 || JS_ToInt64(context, &until, arguments[1]) < 0) {
        return JS_EXCEPTION;
    }
    JSRuntime *runtime = JS_GetRuntime(context);
    JS_SetMemoryLimit(runtime, heap == 0 ? (size_t)-1 : (size_t)heap);
    deadline = (uint64_t)until;
    JS_SetInterruptHandler(runtime, deadline == 0 ? NULL : interrupt, NULL);
    return JS_UNDEFINED;
}

void code_lift_limits(JSContext *context) {
    deadline = 0;
    JS_SetMemoryLimit(JS_GetRuntime(context), (size_t)-1);
}

static JSValue evaluate(JSContext *context, JSValueConst source, JSValueConst name, int flags) {
    size_t length = 0;
    const char *text = JS_ToCStringLen(context, &length, source);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    const char *file = JS_ToCString(context, name);
    JSValue value = JS_EXCEPTION;
    if (file != NULL) {
        value = JS_Eval(context, text, length, file, flags);
        JS_FreeCString(context, file);
    }
    JS_FreeCString(context, text);
    return value;
}

JSValue code_evaluate(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    return evaluate(context, arguments[0], arguments[1], JS_EVAL_TYPE_GLOBAL);
}

JSValue code_compile(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    int type = JS_ToBool(context, arguments[2]) ? JS_EVAL_TYPE_MODULE : JS_EVAL_TYPE_GLOBAL;
    JSValue code = evaluate(context, arguments[0], arguments[1], type | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(code)) {
        return code;
    }
    size_t length = 0;
    uint8_t *written = JS_WriteObject(context, &length, code, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
    JS_FreeValue(context, code);
    return written == NULL ? JS_EXCEPTION : bytes_take(context, written, length);
}

static JSValue pair(JSContext *context, JSValue first, JSValue second) {
    JSValue array = JS_NewArray(context);
    if (JS_IsException(array)) {
        JS_FreeValue(context, first);
        JS_FreeValue(context, second);
        return array;
    }
    if (JS_DefinePropertyValueUint32(context, array, 0, first, JS_PROP_C_W_E) < 0
        || JS_DefinePropertyValueUint32(context, array, 1, second, JS_PROP_C_W_E) < 0) {
        JS_FreeValue(context, array);
        return JS_EXCEPTION;
    }
    return array;
}

JSValue code_run(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    const uint8_t *bytecode = NULL;
    uint32_t length = 0;
    if (!bytes_of(context, arguments[0], &bytecode, &length)) {
        return JS_EXCEPTION;
    }
    JSValue code = JS_ReadObject(context, bytecode, length, JS_READ_OBJ_BYTECODE);
    if (JS_IsException(code)) {
        return code;
    }
    JSModuleDef *module = NULL;
    if (JS_VALUE_GET_TAG(code) == JS_TAG_MODULE) {
        module = JS_VALUE_GET_PTR(code);
        if (JS_ResolveModule(context, code) < 0) {
            JS_FreeValue(context, code);
            return JS_EXCEPTION;
        }
    } else if (JS_VALUE_GET_TAG(code) != JS_TAG_FUNCTION_BYTECODE) {
        JS_FreeValue(context, code);
        return JS_ThrowTypeError(context, "not bytecode");
    }
    JSValue value = JS_EvalFunction(context, code);
    if (JS_IsException(value)) {
        return value;
    }
    JSValue namespace = module == NULL ? JS_UNDEFINED : JS_GetModuleNamespace(context, module);
    if (JS_IsException(namespace)) {
        JS_FreeValue(context, value);
        return namespace;
    }
    return pair(context, value, namespace);
}

JSValue code_run_jobs(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count, (void)arguments;
    for (;;) {
        JSContext *of_job = NULL;
        int done = JS_ExecutePendingJob(JS_GetRuntime(context), &of_job);
        if (done < 0) {
            return JS_EXCEPTION;
        }
        if (done == 0) {
            return JS_UNDEFINED;
        }
    }
}

JSValue code_settled(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    JSPromiseStateEnum state = JS_PromiseState(context, arguments[0]);
    switch (state) {
    case JS_PROMISE_PENDING:
        return JS_UNDEFINED;
    case JS_PROMISE_NOT_A_PROMISE:
        return pair(context, JS_TRUE, JS_DupValue(context, arguments[0]));
    case JS_PROMISE_FULFILLED:
    case JS_PROMISE_REJECTED:
        return pair(context, JS_NewBool(context, state == JS_PROMISE_FULFILLED),
                    JS_PromiseResult(context, arguments[0]));
    }
    return JS_ThrowInternalError(context, "a promise in an unknown state");
}
