//! The host functions that a contract may import, with their signatures: those that published
//! contracts do import.

use wasmparser::ValType::{self, I32, I64};

/// A host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownImport {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    pub(crate) params: &'static [ValType],
    pub(crate) results: &'static [ValType],
}

const fn code(module: &'static str, name: &'static str, params: &'static [ValType]) -> KnownImport {
    KnownImport { module, name, params, results: &[I32] }
}

const fn unit(module: &'static str, name: &'static str, params: &'static [ValType]) -> KnownImport {
    KnownImport { module, name, params, results: &[] }
}

const OUT: &[ValType] = &[I32; 2];
const THREE: &[ValType] = &[I32; 3];
const FOUR: &[ValType] = &[I32; 4];
const FIVE: &[ValType] = &[I32; 5];
const CALL: &[ValType] = &[I32, I32, I64, I32, I32, I32, I32, I32];
const INSTANTIATE: &[ValType] = &[I32, I64, I32, I32, I32, I32, I32, I32, I32, I32, I32];

/// `env.memory` aside, all that a module may import. Names with the prefix `seal_` are what ink! 3
/// imports.
pub(crate) const KNOWN: &[KnownImport] = &[
    unit("seal0", "input", OUT),
    unit("seal0", "seal_input", OUT),
    unit("seal0", "seal_return", THREE),
    unit("seal0", "caller", OUT),
    unit("seal0", "seal_caller", OUT),
    unit("seal0", "address", OUT),
    unit("seal0", "seal_address", OUT),
    unit("seal0", "value_transferred", OUT),
    unit("seal0", "seal_value_transferred", OUT),
    unit("seal0", "now", OUT),
    unit("seal0", "seal_now", OUT),
    unit("seal0", "block_number", OUT),
    unit("seal0", "seal_block_number", OUT),
    code("seal0", "call_chain_extension", FIVE),
    code("seal0", "seal_call_chain_extension", FIVE),
    code("seal0", "debug_message", &[I32; 2]),
    code("seal0", "seal_debug_message", &[I32; 2]),
    unit("seal0", "deposit_event", FOUR),
    unit("seal0", "seal_deposit_event", FOUR),
    unit("seal0", "hash_blake2_256", THREE),
    unit("seal0", "seal_hash_blake2_256", THREE),
    unit("seal0", "hash_blake2_128", THREE),
    unit("seal0", "seal_hash_blake2_128", THREE),
    unit("seal0", "hash_sha2_256", THREE),
    unit("seal0", "seal_hash_sha2_256", THREE),
    unit("seal0", "hash_keccak_256", THREE),
    unit("seal0", "seal_hash_keccak_256", THREE),
    code("seal0", "ecdsa_recover", THREE),
    code("seal0", "seal_ecdsa_recover", THREE),
    code("seal0", "ecdsa_to_eth_address", &[I32; 2]),
    code("seal0", "seal_ecdsa_to_eth_address", &[I32; 2]),
    code("seal0", "sr25519_verify", FOUR),
    unit("seal0", "balance", OUT),
    unit("seal0", "seal_balance", OUT),
    unit("seal0", "minimum_balance", OUT),
    unit("seal0", "seal_minimum_balance", OUT),
    unit("seal0", "gas_left", OUT),
    unit("seal0", "seal_gas_left", OUT),
    code("seal0", "caller_is_origin", &[]),
    code("seal0", "seal_caller_is_origin", &[]),
    unit("seal0", "seal_set_storage", THREE),
    code("seal1", "seal_set_storage", THREE),
    code("seal0", "seal_contains_storage", &[I32]),
    code("seal0", "take_storage", FOUR),
    code("seal0", "seal_get_storage", THREE),
    unit("seal0", "seal_clear_storage", &[I32]),
    code("seal0", "code_hash", THREE),
    code("seal0", "seal_code_hash", THREE),
    unit("seal0", "own_code_hash", OUT),
    unit("seal0", "seal_own_code_hash", OUT),
    code("seal0", "is_contract", &[I32]),
    code("seal0", "seal_is_contract", &[I32]),
    code("seal0", "set_code_hash", &[I32]),
    code("seal0", "seal_set_code_hash", &[I32]),
    code("seal0", "delegate_call", &[I32; 6]),
    code("seal0", "seal_delegate_call", &[I32; 6]),
    code("seal1", "get_storage", FOUR),
    code("seal1", "contains_storage", &[I32; 2]),
    code("seal1", "clear_storage", &[I32; 2]),
    code("seal1", "call", CALL),
    code("seal1", "seal_call", CALL),
    code("seal1", "instantiate", INSTANTIATE),
    code("seal1", "seal_instantiate", INSTANTIATE),
    code("seal2", "set_storage", FOUR),
    code("seal2", "call", &[I32, I32, I64, I64, I32, I32, I32, I32, I32, I32]),
    code("seal2", "instantiate", &[I32, I64, I64, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32]),
];

pub(crate) fn known(module: &str, name: &str) -> Option<&'static KnownImport> {
    KNOWN.iter().find(|import| import.module == module && import.name == name)
}
