//! From a file and the environment to a [`Config`], with every mistake reported at once.

use super::{Config, SAMPLE};
use serde::Deserialize;
use std::{
    fmt,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

const ENVIRONMENT_PREFIX: &str = "PHAT_ENCLAVE__";

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The defaults.
    Defaults,
    /// A file.
    File(PathBuf),
    /// The environment.
    Environment,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => formatter.write_str("by default"),
            Self::File(path) => write!(formatter, "in {}", path.display()),
            Self::Environment => formatter.write_str("in the environment"),
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting's path, such as `limits.wall_time`; empty where the file can't be read at all.
    pub key: String,
    /// Where it was given.
    pub source: Source,
    /// What is wrong with it.
    pub what: String,
}

impl ConfigError {
    /// A mistake that came to light when all settings were known.
    pub(super) fn whole(key: &str, what: impl Into<String>) -> Self {
        Self { key: key.to_owned(), source: Source::Defaults, what: what.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return write!(formatter, "{}: {}", self.source, self.what);
        }
        write!(formatter, "{} ({}) {}: {}", self.key, environment_name(&self.key), self.source, self.what)
    }
}

/// Every mistake of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} in the configuration:{}", count(.0.len()), .0.iter().map(|error| format!("\n  {error}")).collect::<String>())]
pub struct ConfigErrors(pub Vec<ConfigError>);

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}

fn environment_name(key: &str) -> String {
    // An entry of a list is given with its whole list.
    let key = key.split('[').next().unwrap_or(key);
    format!("{ENVIRONMENT_PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// One setting that was given.
pub(super) struct Given {
    pub(super) path: Vec<String>,
    value: Value,
    source: Source,
}

impl Config {
    /// Reads a file, where there is one, and the environment, over the defaults.
    ///
    /// # Errors
    /// Every mistake in both.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let read = file.map(|path| (path, std::fs::read_to_string(path)));
        match read {
            None => Self::parse(None, environment),
            Some((path, Ok(text))) => Self::parse(Some((path, &text)), environment),
            Some((path, Err(error))) => Err(ConfigErrors(vec![ConfigError {
                key: String::new(),
                source: Source::File(path.to_owned()),
                what: error.to_string(),
            }])),
        }
    }

    /// As [`Self::load`], with the file's text at hand.
    ///
    /// # Errors
    /// Every mistake in both.
    pub fn parse(
        file: Option<(&Path, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = Vec::new();
        let defaults = match SAMPLE.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                errors.push(ConfigError::whole("", error.to_string()));
                return Err(ConfigErrors(errors));
            }
        };
        let mut given = Vec::new();
        if let Some((path, text)) = file {
            let source = Source::File(path.to_owned());
            match text.parse::<Table>() {
                Ok(table) => walk(&defaults, table, &mut Vec::new(), &source, &mut given, &mut errors),
                Err(error) => errors.push(ConfigError {
                    key: String::new(),
                    source,
                    what: error.to_string().trim_end().to_owned(),
                }),
            }
        }
        for (name, text) in environment {
            match from_environment(&defaults, &name, &text) {
                Some(Ok(setting)) => given.push(setting),
                Some(Err(error)) => errors.push(error),
                None => {}
            }
        }
        let mut effective = defaults.clone();
        for setting in &given {
            let faults = faults_of(&defaults, setting);
            if faults.is_empty() {
                put(&mut effective, setting);
            }
            errors.extend(faults);
        }
        match Self::deserialize(Value::Table(effective)) {
            Ok(config) => {
                errors.extend(config.validate().into_iter().map(|error| sourced(error, &given)));
                if errors.is_empty() { Ok(config) } else { Err(ConfigErrors(errors)) }
            }
            Err(error) => {
                errors.push(ConfigError::whole("", error.message()));
                Err(ConfigErrors(errors))
            }
        }
    }
}

/// The mistake with the place where its setting was last given.
fn sourced(error: ConfigError, given: &[Given]) -> ConfigError {
    // An entry of a list was given with its whole list.
    let key = error.key.split('[').next().unwrap_or_default().to_owned();
    match given.iter().rev().find(|setting| setting.path.join(".") == key) {
        Some(setting) => ConfigError { source: setting.source.clone(), ..error },
        None => error,
    }
}

/// Finds the settings of `table`, and what of it is no setting. The defaults are the schema.
pub(super) fn walk(
    schema: &Table,
    table: Table,
    path: &mut Vec<String>,
    source: &Source,
    given: &mut Vec<Given>,
    errors: &mut Vec<ConfigError>,
) {
    for (name, value) in table {
        path.push(name.clone());
        let mistake = |what: String| ConfigError { key: path.join("."), source: source.clone(), what };
        match (schema.get(&name), value) {
            (None, _) => errors.push(mistake(unknown(schema))),
            (Some(Value::Table(schema)), Value::Table(table)) => walk(schema, table, path, source, given, errors),
            (Some(Value::Table(_)), _) => errors.push(mistake("is a table".to_owned())),
            (Some(_), value) => given.push(Given { path: path.clone(), value, source: source.clone() }),
        }
        path.pop();
    }
}

fn unknown(schema: &Table) -> String {
    let names: Vec<_> = schema.keys().map(String::as_str).collect();
    format!("there is no such setting; there are {}", names.join(", "))
}

/// The setting that a variable gives; none when the variable isn't ours.
fn from_environment(defaults: &Table, name: &str, text: &str) -> Option<Result<Given, ConfigError>> {
    let path: Vec<_> = name.strip_prefix(ENVIRONMENT_PREFIX)?.split("__").map(str::to_lowercase).collect();
    let mistake = |what: String| ConfigError { key: path.join("."), source: Source::Environment, what };
    let (last, tables) = path.split_last()?;
    let mut schema = defaults;
    for table in tables {
        match schema.get(table) {
            Some(Value::Table(inner)) => schema = inner,
            Some(_) | None => return Some(Err(mistake(unknown(schema)))),
        }
    }
    let value = match schema.get(last) {
        None => Err(unknown(schema)),
        Some(Value::Table(inner)) => Err(format!("is a table; {}", unknown(inner))),
        Some(Value::String(_)) => Ok(Value::String(text.to_owned())),
        Some(Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_)) => {
            // As it would stand in a file.
            let line = format!("value = {text}");
            line.parse::<Table>()
                .ok()
                .and_then(|mut table| table.remove("value"))
                .ok_or_else(|| format!("{text:?} is no TOML value"))
        }
    };
    Some(value.map(|value| Given { path: path.clone(), value, source: Source::Environment }).map_err(mistake))
}

/// What is wrong with one setting, judged alone among defaults; for a list, with each entry.
fn faults_of(defaults: &Table, setting: &Given) -> Vec<ConfigError> {
    let judge = |value: Value, entry: Option<usize>| {
        let mut table = defaults.clone();
        put(&mut table, &Given { path: setting.path.clone(), value, source: setting.source.clone() });
        let key = setting.path.join(".");
        let key = entry.map_or_else(|| key.clone(), |index| format!("{key}[{index}]"));
        let error = Config::deserialize(Value::Table(table)).err()?;
        Some(ConfigError { key, source: setting.source.clone(), what: error.message().to_owned() })
    };
    if let Value::Array(entries) = &setting.value {
        let alone = |(index, entry): (usize, &Value)| judge(Value::Array(vec![entry.clone()]), Some(index));
        entries.iter().enumerate().filter_map(alone).collect()
    } else {
        judge(setting.value.clone(), None).into_iter().collect()
    }
}

pub(super) fn put(table: &mut Table, setting: &Given) {
    let Some((last, tables)) = setting.path.split_last() else { return };
    let mut table = table;
    for name in tables {
        match table.get_mut(name) {
            Some(Value::Table(inner)) => table = inner,
            Some(_) | None => return,
        }
    }
    table.insert(last.clone(), setting.value.clone());
}
