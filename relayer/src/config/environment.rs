use std::{collections::BTreeMap, ffi::OsString, fmt};

/// The process's environment, taken once. Its values may be secrets: `Debug` shows names alone.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

/// What the variables that set settings start with.
const PREFIX: &str = "PHAT_RELAYER__";

/// The variable isn't UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotText;

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// One variable's value; none when it isn't set.
    pub(crate) fn get(&self, name: &str) -> Option<Result<&str, NotText>> {
        self.0.get(name).map(|value| value.to_str().ok_or(NotText))
    }

    /// The variables that set settings: the name, the key's segments, the value.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, Vec<String>, Result<&str, NotText>)> {
        self.0.iter().filter_map(|(name, value)| {
            let segments = name.strip_prefix(PREFIX)?.split("__").map(str::to_ascii_lowercase).collect();
            Some((name.as_str(), segments, value.to_str().ok_or(NotText)))
        })
    }
}

/// The variable that sets the setting `key` (`chains.local.rpc_url`).
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

impl<Name: Into<OsString>, Value: Into<OsString>> FromIterator<(Name, Value)> for Environment {
    fn from_iter<Variables: IntoIterator<Item = (Name, Value)>>(variables: Variables) -> Self {
        let named = |(name, value): (Name, Value)| Some((name.into().into_string().ok()?, value.into()));
        Self(variables.into_iter().filter_map(named).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}
