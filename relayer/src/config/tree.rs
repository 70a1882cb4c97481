//! The file and the environment as one tree of untyped values.

use super::{ConfigError, Environment, Mistake};
use std::{collections::BTreeMap, path::PathBuf};

/// Values and sections by name.
pub(super) type Branch = BTreeMap<String, Node>;

pub(super) enum Node {
    Section(Branch),
    Value(Value),
}

/// A value that has no type yet.
pub(super) enum Value {
    /// From the file, with its TOML type.
    File(toml::Value),
    /// From the environment, where everything is text.
    Environment(String),
}

/// Reads the file's text and lays the environment over it.
pub(super) fn read(text: &str, environment: &Environment, mistakes: &mut Vec<Mistake>) -> Result<Branch, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or(text);
        ConfigError::Syntax {
            path: PathBuf::new(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            message: error.message().lines().collect::<Vec<_>>().join("; "),
        }
    })?;
    let mut branch = from_toml(table);
    for (_, segments, value) in environment.settings() {
        let key = segments.join(".");
        match value {
            Ok(value) => {
                if !set(&mut branch, &segments, value) {
                    mistakes.push(Mistake::new(
                        key,
                        "the variable names a section where the file has a value, or the other way round",
                    ));
                }
            }
            Err(_) => mistakes.push(Mistake::new(key, "the variable isn't UTF-8")),
        }
    }
    Ok(branch)
}

/// The table as a branch, its tables as sections.
pub(super) fn from_toml(table: toml::Table) -> Branch {
    table.into_iter().map(|(key, value)| (key, node(value))).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all but a table is a value")]
fn node(value: toml::Value) -> Node {
    match value {
        toml::Value::Table(table) => Node::Section(from_toml(table)),
        value => Node::Value(Value::File(value)),
    }
}

fn set(branch: &mut Branch, segments: &[String], value: &str) -> bool {
    let Some((name, rest)) = segments.split_first() else { return false };
    if rest.is_empty() {
        if matches!(branch.get(name), Some(Node::Section(_))) {
            return false;
        }
        branch.insert(name.clone(), Node::Value(Value::Environment(value.to_owned())));
        return true;
    }
    match branch.entry(name.clone()).or_insert_with(|| Node::Section(Branch::new())) {
        Node::Section(inner) => set(inner, rest, value),
        Node::Value(_) => false,
    }
}
