use super::TemplateError;
use crate::json::{Malformed, Object, Value};
use alloc::{string::String, vec::Vec};
use core::str::Utf8Error;

/// The longest value of a parameter, in bytes of UTF-8.
pub const MAX_PARAMETER: usize = 256;

/// What a request's payload says: a JSON object of names and values, each a string, or a number,
/// which stands for its text. An empty payload has no parameters.
///
/// `{"base": "BTC", "quote": "USD"}`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(pub Vec<(String, Parameter)>);

/// One value of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A string.
    Text(String),
    /// A number, as the payload writes it.
    Number(String),
}

impl From<&str> for Parameter {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl Parameter {
    /// What it stands for in a URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

/// Why a payload has no parameters that could be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// It is not UTF-8.
    #[error("not UTF-8: {0}")]
    NotUtf8(Utf8Error),
    /// It is no JSON object, or names something twice.
    #[error("not a JSON object of parameters: {0}")]
    NotAnObject(Malformed),
    /// A value is neither a string nor a number.
    #[error("the parameter {0:?} must be a string or a number")]
    NotText(String),
    /// A value is longer than [`MAX_PARAMETER`].
    #[error("the parameter {0:?} is longer than {MAX_PARAMETER} bytes")]
    TooLong(String),
}

impl Parameters {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`ParametersError`]
    pub fn parse(payload: &[u8]) -> Result<Self, ParametersError> {
        if payload.is_empty() {
            return Ok(Self::default());
        }
        let text = core::str::from_utf8(payload).map_err(ParametersError::NotUtf8)?;
        let Object(members) = Object::read(text).map_err(ParametersError::NotAnObject)?;
        members
            .into_iter()
            .map(|(name, raw)| match Value::read(raw).map_err(ParametersError::NotAnObject)? {
                Value::String(text) if text.len() <= MAX_PARAMETER => Ok((name, Parameter::Text(text))),
                Value::Number(text) if text.len() <= MAX_PARAMETER => Ok((name, Parameter::Number(text.into()))),
                Value::String(_) | Value::Number(_) => Err(ParametersError::TooLong(name)),
                Value::Null | Value::Bool(_) | Value::Array | Value::Object => Err(ParametersError::NotText(name)),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of this name, as text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameter(name).map(Parameter::as_str)
    }

    /// Those of these names.
    #[must_use]
    pub fn only<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> Self {
        Self(self.0.iter().filter(|(name, _)| names.clone().any(|known| known == name)).cloned().collect())
    }

    /// Refuses a name that isn't one of these.
    ///
    /// # Errors
    /// [`TemplateError::UnknownParameter`]
    pub fn known<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> Result<(), TemplateError> {
        match self.0.iter().find(|(name, _)| !names.clone().any(|known| known == name)) {
            Some((name, _)) => Err(TemplateError::UnknownParameter(name.clone())),
            None => Ok(()),
        }
    }
}
