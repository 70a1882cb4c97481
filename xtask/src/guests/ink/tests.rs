use super::{GUESTS, artifact, artifacts, check_committed, file};
use crate::guests::manifest::Manifest;
use serde_json::json;
use std::{fs, path::Path};
use tempfile::TempDir;

fn put(repository: &Path, path: &str, content: &str) {
    let path = repository.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(path, content).expect("written");
}

fn bundle(wasm: &str, docs: &str) -> String {
    json!({ "source": { "wasm": wasm }, "docs": docs }).to_string()
}

/// A repository with sources of every ink! guest and bundles that agree with them.
fn repository() -> TempDir {
    let repository = TempDir::new().expect("a temporary folder");
    let root = repository.path();
    for path in
        ["phat-contracts/ink/Cargo.lock", "phat-contracts/ink/Cargo.toml", "phat-contracts/rustc-same-anywhere.sh"]
    {
        put(root, path, path);
    }
    let mut manifest = Manifest { compiler: "rustc".into(), c_compiler: None, guests: Vec::new() };
    for guest in &GUESTS {
        put(root, &format!("phat-contracts/ink/{}/Cargo.toml", guest.name), guest.name);
        put(root, &format!("phat-contracts/ink/{}/src/lib.rs", guest.name), guest.name);
        let bundle = bundle("0x00", "");
        put(root, &format!("phat-contracts/artifacts/ink/{}", file(guest)), &bundle);
        manifest.guests.push(artifact(root, guest, bundle.as_bytes()).expect("an artifact"));
    }
    manifest.write(&artifacts(root)).expect("a manifest");
    repository
}

fn complaint(repository: &TempDir) -> String {
    check_committed(repository.path()).expect_err("a difference").to_string()
}

#[test]
fn bundles_that_agree_with_their_sources_pass() {
    check_committed(repository().path()).expect("no difference");
}

#[test]
fn a_changed_source_is_named_with_the_contracts_made_of_it() {
    let repository = repository();
    put(repository.path(), "phat-contracts/ink/ink-price/src/lib.rs", "changed");
    let said = complaint(&repository);
    assert!(said.starts_with("ink-price: its sources changed since it was built\nrun"), "{said}");
    put(repository.path(), "phat-contracts/ink/Cargo.lock", "changed");
    assert_eq!(complaint(&repository).matches("its sources changed").count(), GUESTS.len());
}

#[test]
fn a_bundle_with_other_code_or_other_metadata_is_found() {
    for changed in [bundle("0x01", ""), bundle("0x00", "other words")] {
        let repository = repository();
        put(repository.path(), "phat-contracts/artifacts/ink/ink-price.contract", &changed);
        let said = complaint(&repository);
        assert!(said.starts_with("ink-price: ink-price.contract is not the file that the manifest names"), "{said}");
    }
}
