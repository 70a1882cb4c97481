//! What crosses the chain extension, in SCALE.

use crate::{limits::in_memory, seal::trap};
use parity_scale_codec::{Compact, Decode, Encode};
use wasmi::Error;

/// A guest's HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpRequest {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl HttpRequest {
    /// Decodes a request, and of its headers the first `headers`: what counts they claim is never
    /// allocated for.
    fn decode(input: &mut &[u8], headers: usize) -> Result<Self, parity_scale_codec::Error> {
        let (url, method) = Decode::decode(input)?;
        let claimed = in_memory(Compact::<u32>::decode(input)?.0);
        let kept = (0..claimed.min(headers)).map(|_| Decode::decode(input)).collect::<Result<_, _>>()?;
        for _ in headers..claimed {
            skip_bytes(input)?;
            skip_bytes(input)?;
        }
        Ok(Self { url, method, headers: kept, body: Decode::decode(input)? })
    }
}

fn skip_bytes(input: &mut &[u8]) -> Result<(), parity_scale_codec::Error> {
    let length = in_memory(Compact::<u32>::decode(input)?.0);
    *input = input.get(length..).ok_or("not enough bytes")?;
    Ok(())
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

/// Evidence of SGX.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub(crate) struct SgxQuote {
    attestation_type: AttestationType,
    quote: Vec<u8>,
}

/// Who checks it: Intel by EPID, or anyone by DCAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
enum AttestationType {
    #[codec(index = 0)]
    Epid,
    #[codec(index = 1)]
    Dcap,
}

impl From<&crate::SgxQuote> for SgxQuote {
    fn from(quote: &crate::SgxQuote) -> Self {
        let (attestation_type, quote) = match quote {
            crate::SgxQuote::Epid(quote) => (AttestationType::Epid, quote),
            crate::SgxQuote::Dcap(quote) => (AttestationType::Dcap, quote),
        };
        Self { attestation_type, quote: quote.clone() }
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
    T::decode(&mut input).map_err(undecodable)
}

/// The argument of `http_request`, with the first `headers` headers.
pub(crate) fn request(mut input: &[u8], headers: usize) -> Result<HttpRequest, Error> {
    HttpRequest::decode(&mut input, headers).map_err(undecodable)
}

/// The arguments of `batch_http_request`: the requests, each with its first `headers` headers, and
/// the time-out in milliseconds. None where there are more than `most` requests.
pub(crate) fn batch(mut input: &[u8], most: usize, headers: usize) -> Result<Option<(Vec<HttpRequest>, u64)>, Error> {
    let input = &mut input;
    let count = in_memory(Compact::<u32>::decode(input).map_err(undecodable)?.0);
    if count > most {
        return Ok(None);
    }
    let requests: Result<_, _> = (0..count).map(|_| HttpRequest::decode(input, headers)).collect();
    let requests = requests.map_err(undecodable)?;
    Ok(Some((requests, u64::decode(input).map_err(undecodable)?)))
}

#[expect(clippy::needless_pass_by_value, reason = "so that it is a function to map errors with")]
fn undecodable(error: parity_scale_codec::Error) -> Error {
    trap(format!("undecodable arguments of a chain-extension call: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(headers: usize) -> Vec<u8> {
        let headers = vec![("a".to_owned(), "b".to_owned()); headers];
        ("https://a.example/", "GET", headers, b"body".to_vec()).encode()
    }

    #[test]
    fn headers_beyond_the_limit_are_passed_over_and_what_follows_is_read() {
        for claimed in [0, 2, 3, 100_000] {
            let read = request(&encoded(claimed), 3).unwrap();
            assert_eq!((read.headers.len(), read.headers.capacity() < 10), (claimed.min(3), true));
            assert_eq!((read.url.as_str(), read.body.as_slice()), ("https://a.example/", &b"body"[..]));
        }
    }

    #[test]
    fn a_count_without_what_it_counts_is_undecodable() {
        let mut short = encoded(1000);
        short.truncate(500);
        request(&short, 3).unwrap_err();
        // More headers than bytes, by far.
        request(&("", "", Compact(u32::MAX)).encode(), 3).unwrap_err();
    }

    #[test]
    fn a_batch_beyond_its_limit_is_known_by_its_count_alone() {
        assert_eq!(batch(&Compact(6u32).encode(), 5, 3).unwrap(), None);
        assert_eq!(batch(&Compact(u32::MAX).encode(), 5, 3).unwrap(), None);
        let two = [Compact(2u32).encode(), encoded(1), encoded(4), 700u64.encode()].concat();
        let (requests, timeout) = batch(&two, 5, 3).unwrap().unwrap();
        assert_eq!((requests[0].headers.len(), requests[1].headers.len(), timeout), (1, 3, 700));
        batch(&Compact(5u32).encode(), 5, 3).unwrap_err();
    }
}
