use crate::json::{Object, Value};
use alloc::{string::String, vec::Vec};

/// Fixed headers of a source's requests. Init data is public: nothing in here is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

/// What is wrong with one header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadersError {
    /// They are no object, or one is no string.
    #[error("must be an object of strings")]
    NotStrings,
    /// HTTP doesn't allow it, or the host sets it itself.
    #[error("{0:?} can't be sent")]
    Unsendable(String),
}

impl Headers {
    /// Reads an object of strings.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(json: &str) -> Result<Self, Vec<HeadersError>> {
        let Object(members) = Object::read(json).map_err(|_| Vec::from([HeadersError::NotStrings]))?;
        let (mut headers, mut errors) = (Vec::new(), Vec::new());
        for (name, raw) in members {
            match Value::read(raw) {
                Ok(Value::String(value)) if is_header(&name, &value) => headers.push((name, value)),
                Ok(Value::String(_)) => errors.push(HeadersError::Unsendable(name)),
                Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array | Value::Object) | Err(_) => {
                    errors.push(HeadersError::NotStrings);
                }
            }
        }
        if errors.is_empty() { Ok(Self(headers)) } else { Err(errors) }
    }
}

/// A name that is a token (RFC 9110, section 5.6.2) and not one of the connection's own, and a value
/// of visible ASCII and single-line spaces.
fn is_header(name: &str, value: &str) -> bool {
    const CONNECTION: &[&str] =
        &["host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive"];
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    !name.is_empty()
        && name.bytes().all(token)
        && value.bytes().all(visible)
        && !CONNECTION.iter().any(|own| name.eq_ignore_ascii_case(own))
}
