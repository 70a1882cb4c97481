/* The host functions that the contract imports: docs/guest-abi.md. */
#ifndef SEAL_H
#define SEAL_H

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

#define SEAL_SUCCESS 0
/* Flag of seal_return: what was written is undone. */
#define SEAL_REVERT 1

IMPORT("seal0", "input") void seal_input(void *out, uint32_t *out_length);
IMPORT("seal0", "seal_return") _Noreturn void seal_return(uint32_t flags, const void *data, uint32_t length);
IMPORT("seal0", "address") void seal_address(void *out, uint32_t *out_length);
IMPORT("seal0", "caller") void seal_caller(void *out, uint32_t *out_length);
IMPORT("seal0", "now") void seal_now(void *out, uint32_t *out_length);
IMPORT("seal0", "debug_message") uint32_t seal_debug_message(const void *text, uint32_t length);
IMPORT("seal0", "hash_blake2_128") void seal_hash_blake2_128(const void *data, uint32_t length, void *out);
IMPORT("seal0", "hash_blake2_256") void seal_hash_blake2_256(const void *data, uint32_t length, void *out);
IMPORT("seal0", "hash_sha2_256") void seal_hash_sha2_256(const void *data, uint32_t length, void *out);
IMPORT("seal0", "hash_keccak_256") void seal_hash_keccak_256(const void *data, uint32_t length, void *out);
IMPORT("seal0", "call_chain_extension")
uint32_t seal_call_chain_extension(uint32_t id, const void *input, uint32_t length, void *out, uint32_t *out_length);
IMPORT("seal0", "delegate_call")
uint32_t seal_delegate_call(uint32_t flags, const void *code_hash, const void *input, uint32_t length, void *out,
                            uint32_t *out_length);
IMPORT("seal1", "call")
uint32_t seal_call(uint32_t flags, const void *callee, uint64_t gas, const void *value, const void *input,
                   uint32_t length, void *out, uint32_t *out_length);
IMPORT("seal1", "get_storage")
uint32_t seal_get_storage(const void *key, uint32_t key_length, void *out, uint32_t *out_length);
IMPORT("seal2", "set_storage")
uint32_t seal_set_storage(const void *key, uint32_t key_length, const void *value, uint32_t length);

#endif
