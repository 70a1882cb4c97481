use super::{
    SOURCES,
    manifest::{Artifact, Manifest},
    source_digest,
};
use phat_protocol::Digest;
use std::{collections::BTreeMap, fs};

#[test]
fn a_changed_source_changes_the_digest_and_a_changed_test_does_not() {
    let repository = tempfile::tempdir().expect("a temporary folder");
    for source in SOURCES {
        let path = repository.path().join(source);
        let file = if source.ends_with("src") { path.join("lib.rs") } else { path };
        fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        fs::write(file, source).expect("written");
    }
    let before = source_digest(repository.path()).expect("a digest");
    fs::write(repository.path().join("pallets/phat-oracle/src/tests.rs"), "new").expect("written");
    assert_eq!(source_digest(repository.path()).expect("a digest"), before);
    fs::write(repository.path().join("pallets/phat-oracle/src/answering.rs"), "new").expect("written");
    assert_ne!(source_digest(repository.path()).expect("a digest"), before);
}

#[test]
fn a_manifest_tells_other_sources_and_other_files_apart() {
    let files = |content: &[u8]| BTreeMap::from([("runtime".to_owned(), Artifact::of(content))]);
    let manifest = Manifest { compiler: "rustc".into(), runtimes: files(b"runtime"), source_digest: Digest([1; 32]) };
    assert!(manifest.differences(&files(b"runtime"), &Digest([1; 32])).is_empty());
    assert_eq!(
        manifest.differences(&files(b"runtime"), &Digest([2; 32])),
        ["the runtimes' sources changed since they were built"]
    );
    for other in [files(b"Runtime"), BTreeMap::new()] {
        assert_eq!(
            manifest.differences(&other, &Digest([1; 32])),
            ["the runtimes are not the files that the manifest names"]
        );
    }
}
