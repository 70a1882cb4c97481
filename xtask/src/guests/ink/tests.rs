use super::{GUESTS, artifact, artifacts, check_committed, differences, file};
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

#[test]
fn code_and_metadata_that_the_sources_no_longer_give_are_found() {
    let committed = json!({ "source": { "wasm": "0x00" }, "contract": {}, "image": null, "spec": { "docs": ["old"] } });
    let against = |wasm: Option<&[u8]>, docs: &str| {
        let metadata = json!({ "spec": { "docs": [docs] } });
        differences(&GUESTS[0], committed.to_string().as_bytes(), wasm, &metadata).expect("a bundle")
    };
    assert_eq!(against(Some(&[0]), "old"), [""; 0]);
    assert_eq!(against(None, "old"), [""; 0]);
    assert_eq!(against(None, "new"), ["ink-echo: its sources now give other metadata"]);
    assert_eq!(against(Some(&[1]), "new").len(), 2);
}
