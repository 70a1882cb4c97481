use crate::{Column, ComputeError};
use alloc::string::{String, ToString};
use core::cmp::Ordering;
use phat_sdk::{
    decimal::parse_i128,
    source::{Parameters, TemplateError},
};

/// What a row must be to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub(crate) column: Column,
    pub(crate) comparison: Comparison,
    pub(crate) value: Operand,
}

/// How a row's value stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same text.
    Equal,
    /// Another text.
    NotEqual,
    /// A smaller number.
    Less,
    /// A number not greater.
    AtMost,
    /// A greater number.
    Greater,
    /// A number not smaller.
    AtLeast,
}

/// What a row's value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// This.
    Fixed(String),
    /// What the payload says.
    Open(String),
}

/// A [`Condition`] with its value.
pub(crate) struct Filled<'c> {
    comparison: Comparison,
    text: &'c str,
    /// Where numbers are compared.
    number: i128,
}

impl Comparison {
    pub(crate) const NAMES: &[&str] = &["eq", "ne", "lt", "le", "gt", "ge"];

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "lt" => Self::Less,
            "le" => Self::AtMost,
            "gt" => Self::Greater,
            "ge" => Self::AtLeast,
            _ => return None,
        })
    }

    const fn of_numbers(self) -> bool {
        match self {
            Self::Equal | Self::NotEqual => false,
            Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => true,
        }
    }
}

impl Condition {
    /// With its value from the init data or the payload.
    pub(crate) fn fill<'c>(&'c self, parameters: &'c Parameters, places: u8) -> Result<Filled<'c>, ComputeError> {
        let text = match &self.value {
            Operand::Fixed(text) => text,
            Operand::Open(name) => parameters.get(name).ok_or_else(|| TemplateError::MissingParameter(name.clone()))?,
        };
        let number = if self.comparison.of_numbers() {
            number(text, places).ok_or_else(|| ComputeError::NotComparable(text.to_string()))?
        } else {
            0
        };
        Ok(Filled { comparison: self.comparison, text, number })
    }
}

impl Filled<'_> {
    /// Whether a row with this value counts. One that has none, or no number where numbers are compared, doesn't.
    pub(crate) fn holds(&self, value: Option<&str>, places: u8) -> bool {
        let Some(value) = value else { return false };
        let ordering = || number(value, places).map(|number| number.cmp(&self.number));
        match self.comparison {
            Comparison::Equal => value == self.text,
            Comparison::NotEqual => value != self.text,
            Comparison::Less => ordering() == Some(Ordering::Less),
            Comparison::AtMost => ordering().is_some_and(Ordering::is_le),
            Comparison::Greater => ordering() == Some(Ordering::Greater),
            Comparison::AtLeast => ordering().is_some_and(Ordering::is_ge),
        }
    }
}

/// A number that is compared; digits beyond `places` are cut.
fn number(text: &str, places: u8) -> Option<i128> {
    parse_i128(text, places).ok().map(|cut| cut.value)
}
