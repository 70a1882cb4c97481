use std::{fmt, str::FromStr};

/// The longest name, as crates.io has it.
const MAX: usize = 64;

/// Rust's keywords, strict and reserved, and what cargo keeps for itself.
const TAKEN: &str = "abstract alloc as async await become box break build const continue core crate deps do dyn else \
    enum examples extern false final fn for gen if impl in incremental let loop macro match mod move mut node_modules \
    override priv proc_macro pub ref return self static std struct super test trait true try type typeof unsafe \
    unsized use virtual where while yield esbuild phat-contract-js typescript";

/// The name of a project: a crate's, and an npm package's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectName(String);

/// A text that is no name of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// It has other characters, or too many.
    #[error(
        "a name is a small letter, then at most {} small letters, digits, - and _, the last a letter or a digit",
        MAX - 1
    )]
    Characters,
    /// It stands for something else.
    #[error("it is a word of Rust, or the name of something that a contract is built with; take another")]
    Taken,
}

impl FromStr for ProjectName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !starts || text.len() > MAX || !text.bytes().all(fits) || text.ends_with(['-', '_']) {
            return Err(InvalidName::Characters);
        }
        if TAKEN.split_whitespace().any(|word| word == text) || crate::project::is_needed(text) {
            return Err(InvalidName::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

impl ProjectName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as Rust has it.
    #[must_use]
    pub fn identifier(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidName, MAX, ProjectName};

    #[test]
    fn names_are_those_that_cargo_and_npm_take() {
        for text in ["a", "price", "btc-usd", "a1_b", &"a".repeat(MAX)] {
            assert_eq!(text.parse::<ProjectName>().map(|name| name.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "1a", "-a", "a-", "a_", "Price", "a b", "../a", "a/b", "ü", ".a", &"a".repeat(MAX + 1)] {
            assert_eq!(text.parse::<ProjectName>(), Err(InvalidName::Characters), "{text}");
        }
        for text in ["fn", "test", "core", "phat-sdk", "serde", "ink", "pink", "esbuild"] {
            assert_eq!(text.parse::<ProjectName>(), Err(InvalidName::Taken), "{text}");
        }
    }
}
