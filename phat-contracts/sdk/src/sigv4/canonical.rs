use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, but for the slashes of a path.
const IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// What a signature is made over.
pub(super) struct Canonical {
    method: String,
    path: String,
    /// Sorted; encoded already.
    query: Vec<(String, String)>,
    /// Sorted, in lower case.
    headers: Vec<(String, String)>,
}

/// A path as it is signed, and must be sent: decoded, then encoded all but letters, digits, `-._~` and slashes.
pub(super) fn canonical_path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    percent_encode(&decoded, IN_PATH).to_string()
}

/// A query as it is signed, and must be sent: names and values decoded, then encoded all but letters, digits and `-._~`.
pub(super) fn canonical_query(query: &str) -> String {
    let again = |text: &str| percent_encode(&percent_decode_str(text).collect::<Vec<u8>>(), RESERVED).to_string();
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) => format!("{}={}", again(name), again(value)),
        None => again(pair),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A URL whose path and query are in their canonical form.
#[must_use]
pub fn canonical_url(url: &str) -> String {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let target = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    let (origin, target) = url.split_at(target);
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let query = query.map(|query| format!("?{}", canonical_query(query))).unwrap_or_default();
    format!("{origin}{}{query}", canonical_path(path))
}

/// A query's name or value, encoded.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

impl Canonical {
    /// Of a request with these headers and `Host`, which the connection adds. None where the URL has no host.
    pub(super) fn of(method: &str, url: &str, headers: &[(String, String)]) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, target) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut query: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        query.sort();
        let mut headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        headers.push(("host".to_owned(), host(scheme, authority)));
        headers.sort();
        (!authority.is_empty()).then(|| Self { method: method.to_owned(), path: path.to_owned(), query, headers })
    }

    pub(super) fn signed_headers(&self) -> String {
        self.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
    }

    pub(super) fn text(&self, body_hash: &str) -> String {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (method, path, signed) = (&self.method, &self.path, self.signed_headers());
        format!("{method}\n{path}\n{}\n{headers}\n{signed}\n{body_hash}", query.join("&"))
    }
}

/// The `Host` header of a URL: in lower case, without a scheme's own port.
fn host(scheme: &str, authority: &str) -> String {
    let default = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(default).unwrap_or(authority).to_ascii_lowercase()
}
