//! Where the value of a secret comes from.

use crate::config::Environment;
use anyhow::{Context, anyhow};
use std::{
    io::{self, Read},
    path::PathBuf,
    str::FromStr,
};

/// A secret that is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The name that the contract reads it by.
    pub(super) name: String,
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    File(PathBuf),
    Variable(String),
    Input,
}

/// Text that names no secret and no place to read it from. A value itself is never an argument: other
/// users see those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected NAME=@FILE, NAME=env:VARIABLE or NAME=-")]
pub(super) struct InvalidNamed;

impl FromStr for Named {
    type Err = InvalidNamed;

    fn from_str(text: &str) -> Result<Self, InvalidNamed> {
        let (name, source) = text.split_once('=').ok_or(InvalidNamed)?;
        let source = if let Some(path) = source.strip_prefix('@') {
            Source::File(path.into())
        } else if let Some(variable) = source.strip_prefix("env:") {
            Source::Variable(variable.to_owned())
        } else if source == "-" {
            Source::Input
        } else {
            return Err(InvalidNamed);
        };
        if name.is_empty() { Err(InvalidNamed) } else { Ok(Self { name: name.to_owned(), source }) }
    }
}

impl Named {
    pub(super) fn is_from_input(&self) -> bool {
        self.source == Source::Input
    }

    /// The secret's bytes. Text from a file or standard input loses its last line break, which editors
    /// add.
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        let name = &self.name;
        match &self.source {
            Source::File(path) => {
                let bytes = std::fs::read(path).with_context(|| format!("{name}: {} can't be read", path.display()))?;
                Ok(without_line_break(bytes))
            }
            Source::Variable(variable) => match Environment::of_process().get(variable) {
                Some(Ok(text)) => Ok(text.as_bytes().to_vec()),
                Some(Err(_)) => Err(anyhow!("{name}: the variable {variable} isn't UTF-8")),
                None => Err(anyhow!("{name}: there is no variable {variable}")),
            },
            Source::Input => {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes).with_context(|| format!("{name}: standard input can't be read"))?;
                Ok(without_line_break(bytes))
            }
        }
    }
}

fn without_line_break(bytes: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.ends_with('\n') {
                text.pop();
            }
            if text.ends_with('\r') {
                text.pop();
            }
            text.into_bytes()
        }
        Err(error) => error.into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_an_argument() {
        for text in ["token=value", "token", "=@file", "token=", "@file"] {
            assert_eq!(text.parse::<Named>(), Err(InvalidNamed), "{text}");
        }
        let named: Named = "token=@a=b".parse().unwrap();
        assert_eq!((named.name.as_str(), named.source), ("token", Source::File("a=b".into())));
        assert!("token=-".parse::<Named>().unwrap().is_from_input());
    }

    #[test]
    fn text_loses_its_last_line_break_and_other_bytes_lose_nothing() {
        for (bytes, value) in [
            (&b"hush\n"[..], &b"hush"[..]),
            (b"hush\r\n", b"hush"),
            (b"hu\nsh", b"hu\nsh"),
            (b"hush\n\n", b"hush\n"),
            (b"\xff\n", b"\xff\n"),
        ] {
            assert_eq!(without_line_break(bytes.to_vec()), value);
        }
    }
}
