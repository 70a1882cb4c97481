use alloc::{string::String, vec::Vec};
use core::str::Utf8Error;
use parity_scale_codec::{Decode, Encode, Error, Input};

/// The status that the host answers when it refused to connect, or could not.
const UNREACHABLE: u16 = 523;
/// The status that the host answers when time ran out, or the response was too long.
const LATE: u16 = 524;

/// An HTTP request, SCALE-encoded as the host reads it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HttpRequest {
    /// An absolute https URL.
    pub url: String,
    /// GET, POST, …
    pub method: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// What is sent; empty for GET.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A GET request without headers.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self { url: url.into(), method: "GET".into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A POST request of a JSON text.
    #[must_use]
    pub fn post_json(url: &str, json: String) -> Self {
        let post = Self { url: url.into(), method: "POST".into(), headers: Vec::new(), body: json.into_bytes() };
        post.header("Content-Type", "application/json")
    }

    /// The same request with one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// An HTTP response, or the host's account of why there is none (see [`HttpResponse::failure`]).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HttpResponse {
    /// The status: 200, 404, …
    pub status_code: u16,
    /// The status in words.
    pub reason_phrase: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: Vec<u8>,
}

/// Why one request of a batch got no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchFailure {
    /// The URL is none.
    #[error("not a URL")]
    InvalidUrl,
    /// The method is none.
    #[error("not a method")]
    InvalidMethod,
    /// A header's name is none.
    #[error("not a header's name")]
    InvalidHeaderName,
    /// A header's value is none.
    #[error("not a header's value")]
    InvalidHeaderValue,
    /// The response didn't come in time.
    #[error("late")]
    Late,
    /// The host's policy denies the destination.
    #[error("denied")]
    Denied,
    /// There are more requests than the host accepts in one batch.
    #[error("too many requests in one batch")]
    TooManyRequests,
    /// Nothing answered there.
    #[error("unreachable")]
    Unreachable,
    /// The response was longer than the host accepts, or than what was left of the guest's buffer.
    #[error("too long")]
    TooLong,
    /// There are more headers than the host accepts.
    #[error("too many headers")]
    TooManyHeaders,
}

impl BatchFailure {
    /// The failure that the host knows by this number.
    #[must_use]
    pub const fn of_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::InvalidUrl,
            1 => Self::InvalidMethod,
            2 => Self::InvalidHeaderName,
            3 => Self::InvalidHeaderValue,
            5 => Self::Late,
            6 => Self::Denied,
            7 => Self::TooManyRequests,
            8 => Self::Unreachable,
            9 => Self::TooLong,
            10 => Self::TooManyHeaders,
            4 | 11..=u8::MAX => return None,
        })
    }
}

impl Decode for BatchFailure {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Self::of_number(input.read_byte()?).ok_or_else(|| "no failure has this number".into())
    }
}

/// What came of one request of a batch.
pub type BatchResult = Result<HttpResponse, BatchFailure>;

/// Why a request got no response. The reason is in the response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// The host's policy denies the destination, or nothing answered there.
    Unreachable,
    /// The response did not come in time, or was longer than the host or the guest accepts.
    Late,
}

/// Why a request gave no text. The words of the first two are the host's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// [`HttpFailure::Unreachable`]
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// [`HttpFailure::Late`]
    #[error("late: {0}")]
    Late(String),
    /// The source answered another status than 200 to 299.
    #[error("status {0}")]
    Status(u16),
    /// The body is no UTF-8.
    #[error("not UTF-8: {0}")]
    NotUtf8(Utf8Error),
}

impl HttpResponse {
    /// The body of a successful response.
    ///
    /// # Errors
    /// All of [`ResponseError`] but [`ResponseError::NotUtf8`].
    pub fn into_body(self) -> Result<Vec<u8>, ResponseError> {
        let reason = || String::from_utf8_lossy(&self.body).into_owned();
        match self.failure() {
            Some(HttpFailure::Unreachable) => Err(ResponseError::Unreachable(reason())),
            Some(HttpFailure::Late) => Err(ResponseError::Late(reason())),
            None if !self.is_success() => Err(ResponseError::Status(self.status_code)),
            None => Ok(self.body),
        }
    }

    /// The text of a successful response.
    ///
    /// # Errors
    /// [`ResponseError`]
    pub fn into_text(self) -> Result<String, ResponseError> {
        String::from_utf8(self.into_body()?).map_err(|error| ResponseError::NotUtf8(error.utf8_error()))
    }

    /// Whether the status is one of 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status_code)
    }

    /// Whether the host says that there was no response: status 523 or 524. (Some content delivery
    /// networks answer these two numbers themselves, in the same sense.)
    #[must_use]
    pub fn failure(&self) -> Option<HttpFailure> {
        match self.status_code {
            UNREACHABLE => Some(HttpFailure::Unreachable),
            LATE => Some(HttpFailure::Late),
            _ => None,
        }
    }
}
