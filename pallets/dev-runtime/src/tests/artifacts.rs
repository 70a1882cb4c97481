//! What is committed, against the sources.

use sp_maybe_compressed_blob::{CODE_BLOB_BOMB_LIMIT, decompress};
use std::collections::BTreeMap;

#[test]
fn the_committed_genesis_is_that_of_the_preset() {
    let committed: BTreeMap<String, String> =
        serde_json::from_str(include_str!("../../../artifacts/genesis.json")).expect("JSON");
    let shown = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let preset = crate::preset(&sp_genesis_builder::DEV_RUNTIME_PRESET.into()).expect("a preset");
    let config: crate::RuntimeGenesisConfig = serde_json::from_slice(&preset).expect("a genesis");
    let stored = sp_runtime::BuildStorage::build_storage(&config).expect("a genesis").top;
    let stored: BTreeMap<_, _> = stored.iter().map(|(key, value)| (shown(key), shown(value))).collect();
    assert_eq!(committed, stored, "run `cargo xtask runtime` and commit pallets/artifacts");
}

#[test]
fn the_committed_runtimes_are_modules() {
    for compressed in [
        &include_bytes!("../../../artifacts/dev-runtime.compact.compressed.wasm")[..],
        include_bytes!("../../../artifacts/next-runtime.compact.compressed.wasm"),
    ] {
        let module = decompress(compressed, CODE_BLOB_BOMB_LIMIT).expect("compressed");
        assert_eq!(&module[..8], b"\0asm\x01\0\0\0");
        assert!(compressed.len() < module.len() / 2);
    }
}

#[test]
fn no_other_preset_is_known() {
    assert_eq!(crate::preset(&"local_testnet".into()), None);
}
