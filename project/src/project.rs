//! New projects.

use crate::{
    ProjectName, Sdk,
    javascript::{self, ENGINE},
};
use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The lock files of the templates' workspaces: a new project has the same versions.
const LOCKS: [&str; 2] =
    [include_str!("../../phat-contracts/Cargo.lock"), include_str!("../../phat-contracts/ink/Cargo.lock")];

/// What a template calls itself.
pub(crate) const TEMPLATE: &str = "phat-template";
/// What stands in its manifest for the SDK.
const SDK: &str = "{ SDK }";

/// The files of a template that are there, and where they go.
macro_rules! template {
    ($folder:literal: $($from:literal => $to:literal),+ $(,)?) => {
        &[$(($to, include_str!(concat!("../../phat-contracts/templates/", $folder, "/", $from)))),+]
    };
}

const RUST: &[(&str, &str)] = template!("rust":
    "manifest.toml" => "Cargo.toml",
    "gitignore" => ".gitignore",
    "README.md" => "README.md",
    "init.json" => "init.json",
    "src/lib.rs" => "src/lib.rs",
    "src/tests.rs" => "src/tests.rs",
);

const INK: &[(&str, &str)] = template!("ink":
    "manifest.toml" => "Cargo.toml",
    "gitignore" => ".gitignore",
    "README.md" => "README.md",
    "src/lib.rs" => "src/lib.rs",
    "examples/metadata.rs" => "examples/metadata.rs",
);

const JS: &[(&str, &str)] = template!("js":
    "package.json" => "package.json",
    "gitignore" => ".gitignore",
    "jsconfig.json" => "jsconfig.json",
    "README.md" => "README.md",
    "phat-template.js" => "phat-template.js",
    "test/phat-template.test.js" => "test/phat-template.test.js",
);

const TS: &[(&str, &str)] = template!("ts":
    "package.json" => "package.json",
    "gitignore" => ".gitignore",
    "npmrc" => ".npmrc",
    "tsconfig.json" => "tsconfig.json",
    "README.md" => "README.md",
    "src/phat-template.ts" => "src/phat-template.ts",
    "src/decimal.ts" => "src/decimal.ts",
    "test/phat-template.test.js" => "test/phat-template.test.js",
);

/// What a contract is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
    /// ink! 5.
    Ink,
    /// JavaScript.
    Js,
    /// TypeScript.
    Ts,
}

/// A text that names no language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a language is one of {}", Language::NAMES.join(", "))]
pub struct UnknownLanguage;

impl Language {
    /// The languages' names.
    pub const NAMES: [&str; 4] = ["rust", "ink", "js", "ts"];
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        match text {
            "rust" => Ok(Self::Rust),
            "ink" => Ok(Self::Ink),
            "js" => Ok(Self::Js),
            "ts" => Ok(Self::Ts),
            _ => Err(UnknownLanguage),
        }
    }
}

/// A project that is to be.
#[derive(Clone, Debug)]
pub struct Project {
    /// What it is called.
    pub name: ProjectName,
    /// What it is written in.
    pub language: Language,
    /// Where the SDK comes from; a project in Rust alone needs it.
    pub sdk: Sdk,
}

/// Why there is no new project.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder has something in it.
    #[error("{} is there already, and isn't empty", .0.display())]
    Occupied(PathBuf),
    /// A file or folder can't be read or written.
    #[error("{} can't be written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A file of a project: its path in the project's folder, and what is in it.
pub type File = (String, Cow<'static, [u8]>);

impl Project {
    /// Its files.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let (template, more) = match self.language {
            Language::Rust => (RUST, with_lock(LOCKS[0], self.sdk.files())),
            Language::Ink => (INK, with_lock(LOCKS[1], Vec::new())),
            Language::Js => (JS, javascript::files()),
            Language::Ts => (TS, javascript::files().into_iter().chain([javascript::lock()]).collect()),
        };
        let own = template.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let texts = own.chain(more);
        let mut files: Vec<File> =
            texts.map(|(path, text)| (self.named(&path), Cow::Owned(self.named(&text).into_bytes()))).collect();
        match self.language {
            Language::Rust | Language::Ink => {}
            Language::Js | Language::Ts => files.push((javascript::ENGINE_FILE.to_owned(), Cow::Borrowed(ENGINE))),
        }
        files
    }

    /// Writes it to a folder, which is made where it isn't there.
    ///
    /// # Errors
    /// When the folder isn't empty, or can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| WriteError::File { path, source }
        };
        match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(false) => return Err(WriteError::Occupied(folder.to_owned())),
            Err(error) => return Err(at(folder)(error)),
        }
        for (path, content) in self.files() {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            fs::write(&path, content).map_err(at(&path))?;
        }
        Ok(())
    }

    /// A template's text, with the project's name in place of the template's.
    fn named(&self, text: &str) -> String {
        let text =
            text.replace(TEMPLATE, self.name.as_str()).replace(&TEMPLATE.replace('-', "_"), &self.name.identifier());
        text.replace(SDK, &format!("{{ {} }}", self.sdk.dependency()))
    }
}

/// Whether a contract is built with a package of this name.
pub(crate) fn is_needed(name: &str) -> bool {
    let start = format!("name = \"{name}\"\n");
    LOCKS.into_iter().flat_map(needed).any(|package| name != TEMPLATE && package.starts_with(&start))
}

/// The packages in a lock file, without those members of the workspace that a project doesn't need.
fn needed(workspace: &str) -> impl Iterator<Item = &str> {
    let ours = [TEMPLATE, "phat-sdk", "phat-protocol"].map(|name| format!("name = \"{name}\"\n"));
    workspace.split("[[package]]\n").skip(1).filter(move |package| {
        package.contains("\nsource = ") || ours.iter().any(|name| package.starts_with(name.as_str()))
    })
}

/// These files, and a lock file of the same versions as the workspace's.
fn with_lock(workspace: &str, mut files: Vec<(String, String)>) -> Vec<(String, String)> {
    let head = workspace.split("[[package]]\n").take(1).map(str::to_owned);
    let lock = head.chain(needed(workspace).map(|package| format!("[[package]]\n{package}"))).collect();
    files.push(("Cargo.lock".to_owned(), lock));
    files
}

#[cfg(test)]
mod tests;
