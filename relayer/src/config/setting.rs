//! How an untyped value becomes a typed one.

use super::{EndpointUrl, tree::Value};
use phat_connector::Finality;
use phat_connector_evm::PublicKey;
use phat_connector_substrate::{KeyScheme, Submission};
use phat_enclave_api::Endpoint;
use phat_protocol::{EvmAddress, GenesisHash};
use phat_telemetry::{LogFilter, LogFormat, OtlpEndpoint};
use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroU64},
    path::PathBuf,
    time::Duration,
};

/// A type that settings have.
pub(super) trait Setting: Sized {
    /// Reads the value; the error says what was expected, and repeats no secret.
    fn read(value: &Value) -> Result<Self, String>;
}

/// The value as text, whatever it is to mean.
pub(super) fn text<'a>(value: &'a Value, expected: &str) -> Result<&'a str, String> {
    match value {
        Value::Environment(text) | Value::File(toml::Value::String(text)) => Ok(text),
        Value::File(other) => Err(format!("expected {expected}, found {}", kind(other))),
    }
}

fn kind(value: &toml::Value) -> &'static str {
    match value {
        toml::Value::String(_) => "text",
        toml::Value::Integer(_) => "an integer",
        toml::Value::Float(_) => "a number with a point",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a section",
    }
}

fn integer(value: &Value) -> Result<u64, String> {
    let refused = |found: &str| format!("expected a whole number, 0 or more, found {found}");
    match value {
        Value::Environment(text) => text.trim().parse().map_err(|_| refused(&format!("{text:?}"))),
        Value::File(toml::Value::Integer(number)) => u64::try_from(*number).map_err(|_| refused(&number.to_string())),
        Value::File(other) => Err(refused(kind(other))),
    }
}

impl Setting for bool {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::File(toml::Value::Boolean(flag)) => Ok(*flag),
            Value::Environment(text) if text == "true" => Ok(true),
            Value::Environment(text) if text == "false" => Ok(false),
            Value::Environment(text) => Err(format!("expected true or false, found {text:?}")),
            Value::File(other) => Err(format!("expected true or false, found {}", kind(other))),
        }
    }
}

impl Setting for u64 {
    fn read(value: &Value) -> Result<Self, String> {
        integer(value)
    }
}

impl Setting for u32 {
    fn read(value: &Value) -> Result<Self, String> {
        let number = integer(value)?;
        Self::try_from(number).map_err(|_| format!("expected at most {}, found {number}", Self::MAX))
    }
}

impl Setting for NonZeroU32 {
    fn read(value: &Value) -> Result<Self, String> {
        Self::new(u32::read(value)?).ok_or_else(|| "expected at least 1, found 0".to_owned())
    }
}

impl Setting for NonZeroU64 {
    fn read(value: &Value) -> Result<Self, String> {
        Self::new(integer(value)?).ok_or_else(|| "expected at least 1, found 0".to_owned())
    }
}

impl Setting for Duration {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "a duration such as \"30s\"";
        let text = text(value, EXPECTED)?;
        let duration =
            humantime::parse_duration(text).map_err(|error| format!("expected {EXPECTED}, found {text:?}: {error}"))?;
        if duration.is_zero() { Err("expected a duration above zero".to_owned()) } else { Ok(duration) }
    }
}

impl Setting for String {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "text").map(str::to_owned)
    }
}

impl Setting for Vec<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all but a list of text is a mistake")]
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::File(toml::Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    toml::Value::String(text) => Ok(text.clone()),
                    other => Err(format!("expected a list of text, found {} in it", kind(other))),
                })
                .collect(),
            Value::File(other) => Err(format!("expected a list of text, found {}", kind(other))),
            Value::Environment(text) => Ok(text.split(',').map(|item| item.trim().to_owned()).collect()),
        }
    }
}

impl Setting for PathBuf {
    fn read(value: &Value) -> Result<Self, String> {
        match text(value, "a path")? {
            "" => Err("expected a path, found nothing".to_owned()),
            path if super::secret::looks_like_key(path) => {
                Err("expected the path of a file; this looks like a private key itself".to_owned())
            }
            path => Ok(path.into()),
        }
    }
}

impl Setting for SocketAddr {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "an address and a port such as \"127.0.0.1:8750\"";
        let text = text(value, EXPECTED)?;
        text.parse().map_err(|_| format!("expected {EXPECTED}, found {text:?}"))
    }
}

impl Setting for Endpoint {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "unix:PATH or http://ADDRESS:PORT")?
            .parse()
            .map_err(|error: phat_enclave_api::ParseEndpointError| error.to_string())
    }
}

impl Setting for Finality {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "`latest`, `latest - N`, `safe` or `finalized`")?
            .parse()
            .map_err(|error: phat_connector::ParseFinalityError| error.to_string())
    }
}

impl Setting for LogFilter {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "a level or directives")?.parse().map_err(|error: phat_telemetry::InvalidFilter| error.to_string())
    }
}

impl Setting for LogFormat {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "human or json")?.parse().map_err(|error: phat_telemetry::UnknownLogFormat| error.to_string())
    }
}

impl Setting for OtlpEndpoint {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "a URL")?.parse().map_err(|error: phat_telemetry::ParseOtlpEndpointError| error.to_string())
    }
}

impl Setting for EvmAddress {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "0x and 40 hexadecimal digits";
        let text = text(value, EXPECTED)?;
        // What looks like a key isn't repeated.
        let found = if super::secret::looks_like_key(text) { "64 digits".to_owned() } else { format!("{text:?}") };
        match text.parse::<Self>() {
            Ok(address) if address.is_zero() => Err("the zero address is no contract".to_owned()),
            Ok(address) => Ok(address),
            Err(_) => Err(format!("expected {EXPECTED}, found {found}")),
        }
    }
}

impl Setting for GenesisHash {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "the hash of the chain's first block, 0x and 64 hexadecimal digits";
        let text = text(value, EXPECTED)?;
        text.parse().map_err(|_| format!("expected {EXPECTED}, found {text:?}"))
    }
}

impl Setting for Submission {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "signed or unsigned";
        match text(value, EXPECTED)? {
            "signed" => Ok(Self::Signed),
            "unsigned" => Ok(Self::Unsigned),
            other => Err(format!("expected {EXPECTED}, found {other:?}")),
        }
    }
}

impl Setting for KeyScheme {
    fn read(value: &Value) -> Result<Self, String> {
        const EXPECTED: &str = "sr25519, ed25519 or ecdsa";
        match text(value, EXPECTED)? {
            "sr25519" => Ok(Self::Sr25519),
            "ed25519" => Ok(Self::Ed25519),
            "ecdsa" => Ok(Self::Ecdsa),
            other => Err(format!("expected {EXPECTED}, found {other:?}")),
        }
    }
}

impl Setting for PublicKey {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "a public key")?.parse().map_err(|error: phat_connector_evm::InvalidPublicKey| error.to_string())
    }
}

impl Setting for EndpointUrl {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "a URL")?.parse().map_err(|error: phat_connector::rpc::ParseEndpointUrlError| error.to_string())
    }
}
