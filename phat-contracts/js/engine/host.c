#include "host.h"
#include "bytes.h"
#include "code.h"
#include "seal.h"

/* pink's function 11, getrandom(length: u8) -> bytes */
#define GETRANDOM 11

static bool number_of(JSContext *context, JSValueConst value, uint32_t *number) {
    return JS_ToUint32(context, number, value) == 0;
}

/* What the host wrote of `output`, or the number that it answered where that is not 0. */
static JSValue answered(JSContext *context, uint32_t code, uint8_t *output, uint32_t length) {
    if (code == SEAL_SUCCESS) {
        return bytes_take(context, output, length);
    }
    js_free(context, output);
    return JS_NewUint32(context, code);
}

/* extension(function, input, capacity) */
static JSValue extension(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    uint32_t function = 0, length = 0, capacity = 0;
    const uint8_t *input = NULL;
    if (!number_of(context, arguments[0], &function) || !number_of(context, arguments[2], &capacity)
        || !bytes_of(context, arguments[1], &input, &length)) {
        return JS_EXCEPTION;
    }
    uint8_t *output = bytes_reserve(context, capacity);
    if (output == NULL) {
        return JS_EXCEPTION;
    }
    uint32_t code = seal_call_chain_extension(function, input, length, output, &capacity);
    return answered(context, code, output, capacity);
}

/* call(callee, flags, input, capacity) */
static JSValue call(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    static const uint8_t no_value[16];
    uint32_t flags = 0, length = 0, callee_length = 0, capacity = 0;
    const uint8_t *callee = NULL, *input = NULL;
    if (!number_of(context, arguments[1], &flags) || !number_of(context, arguments[3], &capacity)
        || !bytes_of(context, arguments[0], &callee, &callee_length)
        || !bytes_of(context, arguments[2], &input, &length)) {
        return JS_EXCEPTION;
    }
    if (callee_length != 32) {
        return JS_ThrowTypeError(context, "a contract's address has 32 bytes");
    }
    uint8_t *output = bytes_reserve(context, capacity);
    if (output == NULL) {
        return JS_EXCEPTION;
    }
    uint32_t code = seal_call(flags, callee, 0, no_value, input, length, output, &capacity);
    return answered(context, code, output, capacity);
}

/* delegateCall(codeHash, input, capacity) */
static JSValue delegate_call(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    uint32_t length = 0, hash_length = 0, capacity = 0;
    const uint8_t *code_hash = NULL, *input = NULL;
    if (!number_of(context, arguments[2], &capacity) || !bytes_of(context, arguments[0], &code_hash, &hash_length)
        || !bytes_of(context, arguments[1], &input, &length)) {
        return JS_EXCEPTION;
    }
    if (hash_length != 32) {
        return JS_ThrowTypeError(context, "a code's hash has 32 bytes");
    }
    uint8_t *output = bytes_reserve(context, capacity);
    if (output == NULL) {
        return JS_EXCEPTION;
    }
    uint32_t code = seal_delegate_call(0, code_hash, input, length, output, &capacity);
    return answered(context, code, output, capacity);
}

/* read(key, capacity) -> bytes, or a number where nothing is stored there */
static JSValue storage_read(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    uint32_t length = 0, capacity = 0;
    const uint8_t *key = NULL;
    if (!number_of(context, arguments[1], &capacity) || !bytes_of(context, arguments[0], &key, &length)) {
        return JS_EXCEPTION;
    }
    uint8_t *output = bytes_reserve(context, capacity);
    if (output == NULL) {
        return JS_EXCEPTION;
    }
    uint32_t code = seal_get_storage(key, length, output, &capacity);
    return answered(context, code, output, capacity);
}

/* write(key, value) */
static JSValue storage_write(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    uint32_t key_length = 0, length = 0;
    const uint8_t *key = NULL, *value = NULL;
    if (!bytes_of(context, arguments[0], &key, &key_length) || !bytes_of(context, arguments[1], &value, &length)) {
        return JS_EXCEPTION;
    }
    seal_set_storage(key, key_length, value, length);
    return JS_UNDEFINED;
}

enum { BLAKE2_128, BLAKE2_256, SHA2_256, KECCAK_256 };

/* hash(bytes), one function for each algorithm */
static JSValue hash(JSContext *context, JSValueConst self, int count, JSValueConst *arguments, int algorithm) {
    (void)self, (void)count;
    uint8_t digest[32];
    uint32_t length = 0;
    const uint8_t *data = NULL;
    if (!bytes_of(context, arguments[0], &data, &length)) {
        return JS_EXCEPTION;
    }
    switch (algorithm) {
    case BLAKE2_128:
        seal_hash_blake2_128(data, length, digest);
        return JS_NewUint8ArrayCopy(context, digest, 16);
    case BLAKE2_256:
        seal_hash_blake2_256(data, length, digest);
        break;
    case SHA2_256:
        seal_hash_sha2_256(data, length, digest);
        break;
    case KECCAK_256:
        seal_hash_keccak_256(data, length, digest);
        break;
    }
    return JS_NewUint8ArrayCopy(context, digest, sizeof digest);
}

/* address() -> 32 bytes */
static JSValue address(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count, (void)arguments;
    uint8_t contract[32];
    uint32_t length = sizeof contract;
    seal_address(contract, &length);
    return JS_NewUint8ArrayCopy(context, contract, sizeof contract);
}

/* encodeUtf8(text) -> bytes; what is no Unicode in it becomes U+FFFD */
static JSValue encode_utf8(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    JSValue text = JS_ToString(context, arguments[0]);
    if (JS_IsException(text)) {
        return text;
    }
    JSAtom name = JS_NewAtom(context, "toWellFormed");
    JSValue well_formed = JS_Invoke(context, text, name, 0, NULL);
    JS_FreeAtom(context, name);
    JS_FreeValue(context, text);
    if (JS_IsException(well_formed)) {
        return well_formed;
    }
    size_t length = 0;
    const char *utf8 = JS_ToCStringLen(context, &length, well_formed);
    JS_FreeValue(context, well_formed);
    if (utf8 == NULL) {
        return JS_EXCEPTION;
    }
    JSValue bytes = JS_NewUint8ArrayCopy(context, (const uint8_t *)utf8, length);
    JS_FreeCString(context, utf8);
    return bytes;
}

/* How many bytes of UTF-8 the character at `text` has; 0 where it is none (RFC 3629, section 4). */
static uint32_t character(const uint8_t *text, uint32_t left) {
    uint8_t first = text[0];
    if (first < 0x80) {
        return 1;
    }
    uint32_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length) {
        return 0;
    }
    uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < least || text[1] > most) {
        return 0;
    }
    for (uint32_t at = 2; at < length; at++) {
        if ((text[at] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* decodeUtf8(bytes) -> text, or undefined where the bytes are no UTF-8 */
static JSValue decode_utf8(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count;
    uint32_t length = 0;
    const uint8_t *text = NULL;
    if (!bytes_of(context, arguments[0], &text, &length)) {
        return JS_EXCEPTION;
    }
    for (uint32_t at = 0; at < length;) {
        uint32_t step = character(text + at, length - at);
        if (step == 0) {
            return JS_UNDEFINED;
        }
        at += step;
    }
    return JS_NewStringLen(context, (const char *)text, length);
}

/* random() -> a number from 0 to 1, 1 excluded. xorshift64* (Vigna, "An experimental exploration of
   Marsaglia's xorshift generators, scrambled"), seeded by the host at the first call: the engine's own
   generator was seeded when the snapshot was taken. */
static JSValue random_number(JSContext *context, JSValueConst self, int count, JSValueConst *arguments) {
    (void)self, (void)count, (void)arguments;
    static uint64_t state;
    if (state == 0) {
        static const uint8_t input[1] = {sizeof state};
        uint8_t output[1 + sizeof state] = {0};
        uint32_t length = sizeof output;
        if (seal_call_chain_extension(GETRANDOM, input, sizeof input, output, &length) == SEAL_SUCCESS) {
            memcpy(&state, output + 1, sizeof state);
        }
        /* Transactions, which have no randomness, get the same numbers each time. */
        state = state == 0 ? 0x9e3779b97f4a7c15 : state;
    }
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    uint64_t bits = state * UINT64_C(2685821657736338717) >> 11;
    return JS_NewFloat64(context, (double)bits / (double)(UINT64_C(1) << 53));
}

static const JSCFunctionListEntry FUNCTIONS[] = {
    JS_CFUNC_DEF("extension", 3, extension),
    JS_CFUNC_DEF("call", 4, call),
    JS_CFUNC_DEF("delegateCall", 3, delegate_call),
    JS_CFUNC_DEF("read", 2, storage_read),
    JS_CFUNC_DEF("write", 2, storage_write),
    JS_CFUNC_MAGIC_DEF("blake2b128", 1, hash, BLAKE2_128),
    JS_CFUNC_MAGIC_DEF("blake2b256", 1, hash, BLAKE2_256),
    JS_CFUNC_MAGIC_DEF("sha256", 1, hash, SHA2_256),
    JS_CFUNC_MAGIC_DEF("keccak256", 1, hash, KECCAK_256),
    JS_CFUNC_DEF("address", 0, address),
    JS_CFUNC_DEF("encodeUtf8", 1, encode_utf8),
    JS_CFUNC_DEF("decodeUtf8", 1, decode_utf8),
    JS_CFUNC_DEF("random", 0, random_number),
    JS_CFUNC_DEF("compile", 3, code_compile),
    JS_CFUNC_DEF("run", 1, code_run),
    JS_CFUNC_DEF("evaluate", 2, code_evaluate),
    JS_CFUNC_DEF("runJobs", 0, code_run_jobs),
    JS_CFUNC_DEF("settled", 1, code_settled),
    JS_CFUNC_DEF("limit", 2, code_limit),
};

static int export_functions(JSContext *context, JSModuleDef *module) {
    return JS_SetModuleExportList(context, module, FUNCTIONS, countof(FUNCTIONS));
}

bool host_define(JSContext *context) {
    JSModuleDef *module = JS_NewCModule(context, "host", export_functions);
    return module != NULL && JS_AddModuleExportList(context, module, FUNCTIONS, countof(FUNCTIONS)) == 0;
}
