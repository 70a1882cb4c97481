use super::{Sdk, standalone};
use std::path::PathBuf;

#[test]
fn what_a_manifest_has_from_its_workspace_stands_in_it() {
    let workspace = r#"
        [workspace]
        package = { version = "1.2.3", edition = "2024" }
        lints = { rust = { unsafe_code = "deny" } }
        [workspace.dependencies]
        a = "1"
        b = { version = "2", default-features = false, features = ["x"] }
        phat-c = { path = "deep/down", default-features = false }
    "#;
    let manifest = r#"
        [package]
        name = "p"
        version.workspace = true
        edition.workspace = true
        [lints]
        workspace = true
        [dependencies]
        a.workspace = true
        b = { workspace = true, optional = true, features = ["y"] }
        phat-c.workspace = true
        d = "4"
        [target.'cfg(unix)'.dependencies]
        a.workspace = true
        [dev-dependencies]
        e = "5"
    "#;
    let expected = r#"
        [package]
        name = "p"
        version = "1.2.3"
        edition = "2024"
        [lints.rust]
        unsafe_code = "deny"
        [dependencies]
        a = { version = "1" }
        b = { version = "2", default-features = false, features = ["x", "y"], optional = true }
        phat-c = { path = "../phat-c", default-features = false }
        d = "4"
        [target.'cfg(unix)'.dependencies]
        a = { version = "1" }
    "#;
    let read = |text: &str| text.parse::<toml::Table>().expect("a manifest");
    assert_eq!(read(&standalone(manifest, workspace)), read(expected));
}

#[test]
fn a_copy_of_the_sdk_is_whole_and_leans_on_no_workspace() {
    let files = Sdk::Vendored.files();
    let paths: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
    for path in ["phat-sdk/src/lib.rs", "phat-sdk/src/source/origin.rs", "phat-protocol/Cargo.toml", "LICENSE"] {
        assert!(paths.contains(&format!("vendor/{path}").as_str()), "{path} in {paths:?}");
    }
    assert!(paths.iter().all(|path| !path.contains("tests")), "{paths:?}");
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        assert!(!text.contains("workspace") && text.contains("version = \"0.1.0\""), "{path}: {text}");
    }
}

#[test]
fn elsewhere_the_sdk_is_a_folder_or_a_repository() {
    for (given, sdk, dependency) in [
        ("../phat/sdk", Sdk::Folder(PathBuf::from("../phat/sdk")), r#"path = "../phat/sdk""#),
        ("https://a.example/p.git", Sdk::Git("https://a.example/p.git".into()), r#"git = "https://a.example/p.git""#),
        ("git@a.example:p.git", Sdk::Git("git@a.example:p.git".into()), r#"git = "git@a.example:p.git""#),
    ] {
        let parsed: Sdk = given.parse().expect("a place");
        assert_eq!(parsed, sdk);
        assert_eq!(parsed.dependency(), dependency);
        assert_eq!(parsed.files(), []);
    }
}
