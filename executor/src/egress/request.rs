//! From a guest's words to a request.

use super::{FetchError, traffic::size};
use crate::{HttpLimits, limits::in_memory, pink::HttpRequest, run::clip};
use reqwest::{
    Method,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;

/// Where a record of an origin is cut, in bytes.
const LONGEST_ORIGIN: usize = 300;

/// A guest's request, once it is well-formed.
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Headers that belong to the connection: a guest that sets them would speak to another host than
/// the one that was checked, or disagree with the body's real length.
const NOT_THE_GUESTS: &[HeaderName] = &[
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
];

impl Request {
    pub(super) fn parse(request: HttpRequest, limits: &HttpLimits) -> Result<Self, FetchError> {
        if request.url.len() > in_memory(limits.url_bytes) {
            return Err(FetchError::InvalidUrl(format!("longer than {} bytes", limits.url_bytes)));
        }
        let url = Url::parse(&request.url).map_err(|error| FetchError::InvalidUrl(error.to_string()))?;
        if url.host().is_none() {
            return Err(FetchError::InvalidUrl("it names no host".into()));
        }
        let method = request.method.to_ascii_uppercase();
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| FetchError::InvalidMethod)?;
        if method == Method::CONNECT {
            return Err(FetchError::InvalidMethod);
        }
        if request.headers.len() > in_memory(limits.headers) {
            return Err(FetchError::TooManyHeaders { limit: limits.headers });
        }
        let mut headers = HeaderMap::new();
        for (index, (name, value)) in request.headers.into_iter().enumerate() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| FetchError::InvalidHeaderName(index))?;
            let value = HeaderValue::from_str(&value).map_err(|_| FetchError::InvalidHeaderValue(index))?;
            if !NOT_THE_GUESTS.contains(&name) {
                headers.append(name, value);
            }
        }
        Ok(Self { url, method, headers, body: request.body })
    }

    /// What the request counts when it is sent.
    pub(super) fn bytes(&self) -> usize {
        let line = self.method.as_str().len().saturating_add(self.url.as_str().len());
        line.saturating_add(size(&self.headers)).saturating_add(self.body.len())
    }
}

/// Scheme, host and port of a URL, without what may be secret in it.
pub(crate) fn origin_of(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) if url.has_host() => clip(&url.origin().ascii_serialization(), LONGEST_ORIGIN),
        Ok(_) | Err(_) => "(not a URL)".into(),
    }
}

#[cfg(test)]
mod tests;
