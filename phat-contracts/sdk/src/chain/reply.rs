use crate::{
    BatchFailure, BatchResult,
    answer::hex_bytes,
    json::{Object, Value},
};
use alloc::{string::String, vec::Vec};
use serde_json::value::RawValue;

/// Why an endpoint gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There was no response.
    #[error("{0}")]
    NoResponse(BatchFailure),
    /// It answered another status than 200 to 299.
    #[error("status {0}")]
    Status(u16),
    /// The response is not JSON-RPC 2.0.
    #[error("not JSON-RPC")]
    NotJsonRpc,
    /// It refused the call: code and message of JSON-RPC's error.
    #[error("error {code}: {message}")]
    Refused {
        /// The code.
        code: i64,
        /// The message, as the endpoint words it.
        message: String,
    },
    /// It doesn't know the block.
    #[error("doesn't know the block")]
    UnknownBlock,
    /// The result is not what the method answers.
    #[error("the result is no {0}")]
    Unreadable(&'static str),
}

/// What JSON-RPC answers to a call.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'d> {
    /// Its result.
    Result(&'d RawValue),
    /// Its error, unread.
    Error(&'d RawValue),
}

impl<'d> Reply<'d> {
    /// Reads the document of a response.
    pub(super) fn read(document: &'d str) -> Result<Self, EndpointError> {
        let Object(members) = Object::read(document).map_err(|_| EndpointError::NotJsonRpc)?;
        let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
        match (member("error").filter(|raw| raw.get() != "null"), member("result")) {
            (Some(error), _) => Ok(Self::Error(error)),
            (None, Some(result)) => Ok(Self::Result(result)),
            (None, None) => Err(EndpointError::NotJsonRpc),
        }
    }

    /// The result.
    ///
    /// # Errors
    /// [`EndpointError::Refused`] where there is an error in its place.
    pub fn result(self) -> Result<&'d RawValue, EndpointError> {
        match self {
            Self::Result(result) => Ok(result),
            Self::Error(error) => Err(refused(error)),
        }
    }

    /// The result that is a string.
    ///
    /// # Errors
    /// [`EndpointError::Refused`], and [`EndpointError::Unreadable`] with these words.
    pub fn text(self, expected: &'static str) -> Result<String, EndpointError> {
        text(self.result()?).ok_or(EndpointError::Unreadable(expected))
    }
}

/// The text of a response.
pub(super) fn document(result: BatchResult) -> Result<String, EndpointError> {
    let response = result.map_err(EndpointError::NoResponse)?;
    if !response.is_success() {
        return Err(EndpointError::Status(response.status_code));
    }
    String::from_utf8(response.body).map_err(|_| EndpointError::NotJsonRpc)
}

fn refused(error: &RawValue) -> EndpointError {
    let Ok(Object(members)) = Object::read(error.get()) else { return EndpointError::NotJsonRpc };
    let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
    match member("code").and_then(|code| code.get().parse().ok()) {
        Some(code) => EndpointError::Refused { code, message: member("message").and_then(text).unwrap_or_default() },
        None => EndpointError::NotJsonRpc,
    }
}

fn text(raw: &RawValue) -> Option<String> {
    match Value::read(raw) {
        Ok(Value::String(text)) => Some(text),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object) | Err(_) => None,
    }
}

/// A number as Ethereum's and Substrate's JSON-RPC write it: `0x1b4`.
#[must_use]
pub fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u64::from_str_radix(digits, 16).ok())?
}

/// A hash of 32 bytes as both write it: `0x` and 64 hexadecimal digits.
#[must_use]
pub fn hash(text: &str) -> Option<[u8; 32]> {
    let bytes: Vec<u8> = hex_bytes(text)?;
    bytes.try_into().ok()
}
