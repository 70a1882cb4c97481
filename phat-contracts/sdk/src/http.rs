use alloc::{string::String, vec::Vec};
use parity_scale_codec::{Decode, Encode};

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

/// Why a request got no response. The reason is in the response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// The host's policy denies the destination, or nothing answered there.
    Unreachable,
    /// The response did not come in time, or was longer than the host or the guest accepts.
    Late,
}

impl HttpResponse {
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
