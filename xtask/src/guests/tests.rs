use super::{Builder, GUESTS, artifact, check_committed, file, manifest::Manifest};
use std::{fs, path::Path};
use tempfile::TempDir;

/// A repository with sources of every guest and artifacts that agree with them.
fn repository() -> TempDir {
    let repository = TempDir::new().expect("a temporary folder");
    for path in [
        "phat-contracts/Cargo.lock",
        "phat-contracts/Cargo.toml",
        "phat-contracts/rustc-same-anywhere.sh",
        "phat-contracts/sdk/Cargo.toml",
        "phat-contracts/sdk/src/lib.rs",
        "phat-contracts/sdk/src/json/tests.rs",
        "protocol/Cargo.toml",
        "protocol/src/lib.rs",
    ] {
        put(repository.path(), path, path);
    }
    for path in ["phat-contracts/js/engine/a.c", "phat-contracts/js/prelude/a.js", "xtask/src/guests/javascript/a.rs"] {
        put(repository.path(), path, path);
    }
    put(repository.path(), "xtask/src/guests/javascript.rs", "fn main() {}");
    for guest in &GUESTS {
        put(repository.path(), &format!("phat-contracts/{}/Cargo.toml", guest.folder), guest.name);
        put(repository.path(), &format!("phat-contracts/{}/src/lib.rs", guest.folder), guest.name);
        put(repository.path(), &format!("artifacts/{}", file(guest)), "wasm");
    }
    let guests = GUESTS.iter().map(|guest| artifact(repository.path(), guest, b"wasm")).collect::<Result<_, _>>();
    let manifest =
        Manifest { compiler: "rustc".into(), c_compiler: Some("clang".into()), guests: guests.expect("artifacts") };
    manifest.write(&repository.path().join("artifacts")).expect("a manifest");
    repository
}

fn put(repository: &Path, path: &str, content: &str) {
    let path = repository.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(path, content).expect("written");
}

/// What the check says against the repository, line by line but for the last one.
fn against(repository: &TempDir) -> Vec<String> {
    match check_committed(repository.path(), &repository.path().join("artifacts")) {
        Ok(()) => Vec::new(),
        Err(error) => {
            let text = error.to_string();
            let (lines, advice) = text.rsplit_once('\n').expect("reasons and advice");
            assert!(advice.contains("cargo xtask guests"), "{advice}");
            lines.lines().map(String::from).collect()
        }
    }
}

#[test]
fn artifacts_that_agree_with_their_sources_pass() {
    assert_eq!(against(&repository()), [""; 0]);
}

#[test]
fn a_changed_source_is_named_with_the_guests_built_from_it() {
    let changed = |name| format!("{name}: its sources changed since it was built");
    for path in ["phat-contracts/Cargo.lock", "phat-contracts/sdk/src/lib.rs", "protocol/src/lib.rs"] {
        let repository = repository();
        put(repository.path(), path, "changed");
        let in_rust = GUESTS.iter().filter(|guest| guest.builder == Builder::Cargo);
        assert_eq!(against(&repository), in_rust.map(|guest| changed(guest.name)).collect::<Vec<_>>(), "{path}");
    }
    for path in ["phat-contracts/js/engine/a.c", "phat-contracts/js/prelude/b.js", "xtask/src/guests/javascript.rs"] {
        let repository = repository();
        put(repository.path(), path, "changed");
        assert_eq!(against(&repository), [changed("js")], "{path}");
    }
    for guest in GUESTS.iter().filter(|guest| guest.builder == Builder::Cargo) {
        for path in ["Cargo.toml", "src/lib.rs", "src/added.rs"] {
            let repository = repository();
            put(repository.path(), &format!("phat-contracts/{}/{path}", guest.folder), "changed");
            assert_eq!(against(&repository), [changed(guest.name)], "{path}");
        }
    }
}

#[test]
fn a_moved_source_is_a_changed_one() {
    let repository = repository();
    let source = repository.path().join("phat-contracts/http-json/src");
    fs::rename(source.join("lib.rs"), source.join("main.rs")).expect("renamed");
    assert_eq!(against(&repository), ["http-json: its sources changed since it was built"]);
}

#[test]
fn tests_are_no_source() {
    let repository = repository();
    for path in ["phat-contracts/sdk/src/json/tests.rs", "protocol/src/tests/vectors.rs", "protocol/src/tests.rs"] {
        put(repository.path(), path, "changed");
    }
    assert_eq!(against(&repository), [""; 0]);
}

#[test]
fn a_file_that_is_not_the_named_one_is_found() {
    let repository = repository();
    put(repository.path(), "artifacts/http-json.wasm", "mswa");
    assert_eq!(against(&repository), ["http-json: http-json.wasm is not the file that the manifest names"]);
}

#[test]
fn guests_and_manifest_are_the_same_set() {
    let repository = repository();
    let artifacts = repository.path().join("artifacts");
    let mut manifest = Manifest::read(&artifacts).expect("a manifest");
    manifest.guests[0].name = "stranger".into();
    manifest.write(&artifacts).expect("written");
    let missing = format!("{}: not in the manifest", GUESTS[0].name);
    assert_eq!(against(&repository), [missing.as_str(), "stranger: in the manifest, but no guest"]);
}
