use super::{Language, Project, RUST, SDK, WriteError};
use crate::Sdk;
use std::{collections::BTreeMap, fs};
use toml::{Table, Value};

fn project(name: &str, language: Language, sdk: Sdk) -> BTreeMap<String, String> {
    let project = Project { name: name.parse().expect("a name"), language, sdk };
    let files = project.files().into_iter().filter(|(path, _)| !path.ends_with(".wasm"));
    files.map(|(path, content)| (path, String::from_utf8(content.into_owned()).expect("UTF-8"))).collect()
}

fn manifest(text: &str) -> Table {
    text.replace(SDK, "{}").parse().expect("a manifest")
}

#[test]
fn a_project_has_its_own_name_everywhere_and_the_templates_nowhere() {
    for language in Language::NAMES.map(|name| name.parse().expect("a language")) {
        let files = project("btc-usd", language, Sdk::Vendored);
        for (path, text) in &files {
            assert!(!text.contains("phat-template") && !text.contains("phat_template"), "{path}: {text}");
            assert!(!path.contains("phat-template"), "{path}");
        }
        assert!(files["README.md"].starts_with("# btc-usd\n"), "{}", files["README.md"]);
        match files.get("Cargo.toml") {
            Some(text) => {
                assert_eq!(manifest(text)["package"]["name"].as_str(), Some("btc-usd"));
                assert!(files["Cargo.lock"].contains("\nname = \"btc-usd\"\n"));
            }
            None => {
                assert!(files["package.json"].contains("\"name\": \"btc-usd\""));
                assert!(files.keys().any(|path| path.ends_with("btc-usd.js") || path.ends_with("btc-usd.ts")));
            }
        }
    }
}

#[test]
fn a_project_in_rust_has_the_sdk_from_where_it_is_told() {
    let sdk = |sdk: Sdk| {
        let files = project("price", Language::Rust, sdk);
        let dependency = manifest(&files["Cargo.toml"])["dependencies"]["phat-sdk"].clone();
        (dependency, files.contains_key("vendor/phat-sdk/Cargo.toml"))
    };
    let table = |key: &str, value: &str| Value::from(Table::from_iter([(key.to_owned(), value.into())]));
    assert_eq!(sdk(Sdk::Vendored), (table("path", "vendor/phat-sdk"), true));
    assert_eq!(sdk(Sdk::Folder("/phat/sdk".into())), (table("path", "/phat/sdk"), false));
    assert_eq!(sdk(Sdk::Git("https://a.example/p".into())), (table("git", "https://a.example/p"), false));
}

#[test]
fn a_projects_dependencies_and_profile_are_those_that_the_template_is_tested_with() {
    for (own, member, workspace) in [
        (
            include_str!("../../../phat-contracts/templates/rust/manifest.toml"),
            include_str!("../../../phat-contracts/templates/rust/Cargo.toml"),
            include_str!("../../../phat-contracts/Cargo.toml"),
        ),
        (
            include_str!("../../../phat-contracts/templates/ink/manifest.toml"),
            include_str!("../../../phat-contracts/templates/ink/Cargo.toml"),
            include_str!("../../../phat-contracts/ink/Cargo.toml"),
        ),
    ] {
        let (own, member, workspace) = (manifest(own), manifest(member), manifest(workspace));
        assert_eq!(own["profile"]["release"], workspace["profile"]["release"]);
        assert_eq!(own.get("features"), member.get("features"));
        for (section, workspace) in [("dependencies", &workspace["workspace"]["dependencies"])] {
            let of_member = member[section].as_table().expect("dependencies");
            let of_own = own[section].as_table().expect("dependencies");
            assert_eq!(of_own.keys().collect::<Vec<_>>(), of_member.keys().collect::<Vec<_>>());
            for (name, dependency) in of_own.iter().filter(|(name, _)| name.as_str() != "phat-sdk") {
                let inherits = of_member[name].get("workspace").is_some();
                assert_eq!(dependency, if inherits { &workspace[name] } else { &of_member[name] }, "{name}");
            }
        }
    }
}

#[test]
fn a_project_in_typescript_locks_what_its_manifest_names() {
    let files = project("btc", Language::Ts, Sdk::Vendored);
    let read = |path: &str| files[path].parse::<serde_json::Value>().expect("JSON");
    let (manifest, lock) = (read("package.json"), read("package-lock.json"));
    assert_eq!(lock["packages"][""]["devDependencies"], manifest["devDependencies"]);
    assert_eq!(lock["packages"]["node_modules/phat-contract-js"]["resolved"], "vendor/phat-contract-js");
    assert_eq!(lock["packages"]["vendor/phat-contract-js"]["name"], "phat-contract-js");
}

#[test]
fn the_lock_file_has_none_of_the_other_contracts() {
    let lock = &project("compute", Language::Rust, Sdk::Vendored)["Cargo.lock"];
    assert_eq!(lock.matches("\nname = \"compute\"\n").count(), 1);
    assert!(lock.contains("\nname = \"phat-sdk\"\n") && !lock.contains("\nname = \"http-json\"\n"), "{lock}");
}

#[test]
fn nothing_is_written_into_a_folder_that_has_something_in_it() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("deep/price");
    let project = Project { name: "price".parse().expect("a name"), language: Language::Rust, sdk: Sdk::Vendored };
    project.write(&folder).expect("a new folder");
    assert_eq!(fs::read_to_string(folder.join("src/lib.rs")).expect("a source"), RUST[4].1);
    fs::remove_file(folder.join("README.md")).expect("removed");
    assert!(matches!(project.write(&folder), Err(WriteError::Occupied(_))));
    assert!(!folder.join("README.md").exists());
    let empty = home.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    project.write(&empty).expect("an empty folder");
}
