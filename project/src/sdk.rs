//! The SDK for a project: sources that come with this program, or a place where they are.

use std::{path::PathBuf, str::FromStr};
use toml::{Table, Value};

/// The sources of the SDK and of what it needs from here, by their paths below `vendor/`.
const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The manifests of the same, and of the workspaces that they belong to.
const MANIFESTS: [(&str, &str, &str); 2] = [
    ("phat-sdk", include_str!("../../phat-contracts/sdk/Cargo.toml"), include_str!("../../phat-contracts/Cargo.toml")),
    ("phat-protocol", include_str!("../../protocol/Cargo.toml"), include_str!("../../Cargo.toml")),
];

const LICENSE: &str = include_str!("../../LICENSE");

const README: &str = "# The SDK\n\nThe sources that the contract is built with, as they came with `relayer`: Phat Contracts' \
    SDK and what it needs, without their tests. Apache-2.0.\n";

/// Where a project in Rust has the SDK from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// A copy in the project's folder `vendor/`.
    Vendored,
    /// A folder of this machine.
    Folder(PathBuf),
    /// A git repository.
    Git(String),
}

impl FromStr for Sdk {
    type Err = std::convert::Infallible;

    /// A git URL, or a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_url = text.contains("://") || text.starts_with("git@");
        Ok(if is_url { Self::Git(text.to_owned()) } else { Self::Folder(text.into()) })
    }
}

impl Sdk {
    /// What a manifest says of it, between the braces. A folder's path is taken as it is.
    pub(crate) fn dependency(&self) -> String {
        match self {
            Self::Vendored => "path = \"vendor/phat-sdk\"".to_owned(),
            Self::Folder(path) => format!("path = {}", Value::from(path.to_string_lossy().into_owned())),
            Self::Git(url) => format!("git = {}", Value::from(url.as_str())),
        }
    }

    /// The files that go into the project for it, by their paths.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        match self {
            Self::Vendored => {
                let sources = SOURCES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
                let manifests = MANIFESTS.map(|(package, manifest, workspace)| {
                    (format!("{package}/Cargo.toml"), standalone(manifest, workspace))
                });
                let about = [("LICENSE".to_owned(), LICENSE.to_owned()), ("README.md".to_owned(), README.to_owned())];
                let all = sources.chain(manifests).chain(about);
                all.map(|(path, text)| (format!("vendor/{path}"), text)).collect()
            }
            Self::Folder(_) | Self::Git(_) => Vec::new(),
        }
    }
}

/// A manifest with all that it has from its workspace, and nothing that tests alone need.
fn standalone(manifest: &str, workspace: &str) -> String {
    let read = |text: &str| text.parse::<Table>().unwrap_or_default();
    let workspace = read(workspace);
    let shared = |name: &str| workspace.get("workspace").and_then(|shared| shared.get(name)).and_then(Value::as_table);
    let mut whole = read(manifest);
    whole.remove("dev-dependencies");
    if let (Some(lints), Some(own)) = (shared("lints"), whole.get_mut("lints")) {
        *own = lints.clone().into();
    }
    for (key, value) in whole.get_mut("package").and_then(Value::as_table_mut).into_iter().flatten() {
        let inherited = shared("package").and_then(|package| package.get(key)).filter(|_| is_inherited(value));
        if let Some(inherited) = inherited {
            *value = inherited.clone();
        }
    }
    resolve(whole.get_mut("dependencies"), shared("dependencies"));
    for (_, target) in whole.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten() {
        resolve(target.get_mut("dependencies"), shared("dependencies"));
    }
    whole.to_string()
}

fn resolve(dependencies: Option<&mut Value>, shared: Option<&Table>) {
    for (name, dependency) in dependencies.and_then(Value::as_table_mut).into_iter().flatten() {
        let Some(inherited) = shared.and_then(|shared| shared.get(name)).filter(|_| is_inherited(dependency)) else {
            continue;
        };
        let mut whole = match inherited.as_table() {
            Some(inherited) => inherited.clone(),
            None => Table::from_iter([("version".to_owned(), inherited.clone())]),
        };
        // The packages lie beside one another.
        if whole.contains_key("path") {
            whole.insert("path".to_owned(), format!("../{name}").into());
        }
        for (key, value) in dependency.as_table().into_iter().flatten() {
            match (key.as_str(), whole.get_mut(key), value) {
                ("workspace", _, _) => {}
                ("features", Some(Value::Array(features)), Value::Array(more)) => features.extend(more.iter().cloned()),
                _ => drop(whole.insert(key.clone(), value.clone())),
            }
        }
        *dependency = whole.into();
    }
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests;
