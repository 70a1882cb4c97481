use super::environment;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{} can't be read: {cause} (`relayer init` writes a sample)", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The file isn't TOML. Its text isn't repeated: it may hold secrets.
    #[error("{}:{line}:{column}: not TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser said.
        message: String,
    },
    /// Settings are wrong.
    #[error("{}", list(path, mistakes))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them.
        mistakes: Vec<Mistake>,
    },
}

/// One setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting (`chains.local.rpc_url`).
    pub key: String,
    /// The environment variable that sets it; none for what stands in a list of sections.
    pub variable: Option<String>,
    /// What is wrong. It never repeats a secret.
    pub message: String,
}

impl Mistake {
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        let key = key.into();
        let variable = (!key.contains('[')).then(|| environment::variable(&key));
        Self { variable, key, message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variable {
            Some(variable) => write!(formatter, "{} ({variable}): {}", self.key, self.message),
            None => write!(formatter, "{}: {}", self.key, self.message),
        }
    }
}

impl ConfigError {
    pub(super) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Unreadable { cause, .. } => Self::Unreadable { path: file.to_owned(), cause },
            Self::Syntax { line, column, message, .. } => Self::Syntax { path: file.to_owned(), line, column, message },
            Self::Mistakes { mistakes, .. } => Self::Mistakes { path: file.to_owned(), mistakes },
        }
    }
}

fn list(path: &Path, mistakes: &[Mistake]) -> String {
    let count = match mistakes.len() {
        1 => "1 mistake".to_owned(),
        count => format!("{count} mistakes"),
    };
    let lines: String = mistakes.iter().map(|mistake| format!("\n  {mistake}")).collect();
    format!("{}: {count}{lines}", path.display())
}
