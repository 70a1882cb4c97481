//! What crosses the chain extension, in SCALE.

use crate::seal::trap;
use parity_scale_codec::{Decode, Encode};
use wasmi::Error;

/// A guest's HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HttpRequest {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What a guest gets for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HttpResponse {
    pub(crate) status_code: u16,
    pub(crate) reason_phrase: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why one request of a batch, or a batch, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum HttpRequestError {
    #[codec(index = 0)]
    InvalidUrl,
    #[codec(index = 1)]
    InvalidMethod,
    #[codec(index = 2)]
    InvalidHeaderName,
    #[codec(index = 3)]
    InvalidHeaderValue,
    #[codec(index = 5)]
    Timeout,
    #[codec(index = 6)]
    NotAllowed,
    #[codec(index = 7)]
    TooManyRequests,
    #[codec(index = 8)]
    NetworkError,
    #[codec(index = 9)]
    ResponseTooLarge,
    #[codec(index = 10)]
    TooManyHeaders,
}

impl HttpRequestError {
    /// The status code that a function without a result of its own answers: the number plus one.
    pub(crate) const fn status(self) -> u32 {
        match self {
            Self::InvalidUrl => 1,
            Self::InvalidMethod => 2,
            Self::InvalidHeaderName => 3,
            Self::InvalidHeaderValue => 4,
            Self::Timeout => 6,
            Self::NotAllowed => 7,
            Self::TooManyRequests => 8,
            Self::NetworkError => 9,
            Self::ResponseTooLarge => 10,
            Self::TooManyHeaders => 11,
        }
    }
}

/// Which kind of key or signature is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum SigType {
    #[codec(index = 0)]
    Ed25519,
    #[codec(index = 1)]
    Sr25519,
    #[codec(index = 2)]
    Ecdsa,
}

/// Decodes a function's arguments. Bytes behind them are ignored, as in the reference.
pub(crate) fn arguments<T: Decode>(mut input: &[u8]) -> Result<T, Error> {
    T::decode(&mut input).map_err(|error| trap(format!("undecodable arguments of a chain-extension call: {error}")))
}
