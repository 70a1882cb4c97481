#include "bytes.h"

bool bytes_of(JSContext *context, JSValueConst value, const uint8_t **data, uint32_t *length) {
    size_t size = 0;
    *data = JS_GetUint8Array(context, &size, value);
    *length = (uint32_t)size;
    if (*data == NULL && JS_HasException(context)) {
        return false;
    }
    /* An empty array may have no memory. */
    if (*data == NULL) {
        *data = (const uint8_t *)"";
    }
    return true;
}

/* The array's memory is the runtime's, so that it counts towards the limit. */
static void *reallocate(JSRuntime *runtime, void *opaque, void *data, size_t size) {
    (void)opaque;
    if (size == 0) {
        js_free_rt(runtime, data);
        return NULL;
    }
    return js_realloc_rt(runtime, data, size);
}

JSValue bytes_take(JSContext *context, uint8_t *data, size_t length) {
    /* What a short answer leaves of a large buffer is given back. */
    uint8_t *fitting = js_realloc_rt(JS_GetRuntime(context), data, length == 0 ? 1 : length);
    return JS_NewUint8Array(context, fitting == NULL ? data : fitting, length, reallocate, NULL, false);
}

uint8_t *bytes_reserve(JSContext *context, uint32_t capacity) {
    return js_malloc(context, capacity == 0 ? 1 : capacity);
}
