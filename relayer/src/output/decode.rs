use super::{ErrorFormat, OutputFormat, types};
use parity_scale_codec::DecodeAll;
use phat_protocol::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// An output that could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum DecodedOutput {
    /// An answer.
    Value {
        /// The value, or an array of them where there are several. Integers are decimal strings as they were
        /// encoded; addresses and bytes are `0x` and hexadecimal digits; arrays and structs are arrays.
        value: Value,
        /// The same as people write it: with its decimals, several separated by commas.
        text: String,
    },
    /// A contract's own error.
    Error {
        /// The contract's code for it.
        error_code: u8,
        /// The contract's words.
        error_text: String,
    },
}

impl OutputFormat {
    /// Reads the output of a run that ended so; none when it can't be read so.
    #[must_use]
    pub fn decode(&self, outcome: Outcome, output: &[u8]) -> Option<DecodedOutput> {
        match outcome {
            Outcome::Ok => self.answer(output),
            Outcome::ContractError | Outcome::EgressDenied => match self.error? {
                ErrorFormat::Text => error(output),
            },
            Outcome::Trapped
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::TimedOut
            | Outcome::OutputTooLarge
            | Outcome::BadContract
            | Outcome::Disagreed => None,
        }
    }

    fn answer(&self, output: &[u8]) -> Option<DecodedOutput> {
        let types = types(self.abi.as_deref()?, self.decimals).ok()?;
        let mut values = types.decode(output).ok()?;
        let mut texts: Vec<String> = values.iter().map(plain).collect();
        if let (Some(decimals), Some(Value::String(integer)), Some(text)) =
            (self.decimals, values.first(), texts.first_mut())
        {
            *text = scaled(integer, decimals);
        }
        let value = if values.len() == 1 { values.pop()? } else { Value::Array(values) };
        Some(DecodedOutput::Value { value, text: texts.join(", ") })
    }
}

fn error(output: &[u8]) -> Option<DecodedOutput> {
    let (error_code, text) = output.split_first()?;
    let error_text = String::decode_all(&mut &*text).ok()?;
    Some(DecodedOutput::Error { error_code: *error_code, error_text })
}

/// Text without the quotes that JSON gives it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A decimal integer divided by a power of ten, exactly: every decimal is written.
fn scaled(integer: &str, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    if decimals == 0 {
        return integer.to_owned();
    }
    let (sign, digits) = match integer.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", integer),
    };
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    format!("{sign}{whole}.{fraction}")
}
