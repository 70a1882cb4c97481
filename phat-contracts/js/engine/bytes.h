/* Bytes between the engine and the host. */
#ifndef BYTES_H
#define BYTES_H

#include "quickjs.h"

#define countof(array) (sizeof(array) / sizeof((array)[0]))

/* What a Uint8Array holds, without a copy. False with an exception where `value` is none. It stays
   valid until the array is changed. */
bool bytes_of(JSContext *context, JSValueConst value, const uint8_t **data, uint32_t *length);

/* A Uint8Array that takes `data` (from malloc, of this capacity), and frees it with itself. */
JSValue bytes_take(JSContext *context, uint8_t *data, size_t length);

/* A buffer for the host to write into. NULL with an exception where there is no memory for it. */
uint8_t *bytes_reserve(JSContext *context, uint32_t capacity);

#endif
