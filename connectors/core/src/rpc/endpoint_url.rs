use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{fmt, str::FromStr};
use url::Url;

/// The URL of a node: `http`, `https`, `ws` or `wss`. Providers put keys into user names, passwords,
/// paths and queries, so all but scheme, host and port is secret: what this prints is without it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct EndpointUrl {
    whole: SecretString,
    name: String,
    scheme: Scheme,
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    WebSocket,
}

/// Text that is no URL of a node. It isn't repeated: it may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseEndpointUrlError {
    /// It can't be read as a URL.
    #[error("not a URL: {0}")]
    Malformed(String),
    /// It names no host.
    #[error("the URL names no host")]
    NoHost,
    /// It is spoken to in a way that we don't know.
    #[error("expected http, https, ws or wss, found {0}")]
    UnknownScheme(String),
}

impl EndpointUrl {
    /// Scheme, host and port: what may be shown.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether subscriptions are possible: the scheme is `ws` or `wss`.
    #[must_use]
    pub fn is_web_socket(&self) -> bool {
        self.scheme == Scheme::WebSocket
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The whole URL, secrets included.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.whole.expose_secret()
    }
}

impl FromStr for EndpointUrl {
    type Err = ParseEndpointUrlError;

    fn from_str(text: &str) -> Result<Self, ParseEndpointUrlError> {
        let url = Url::parse(text.trim()).map_err(|error| ParseEndpointUrlError::Malformed(error.to_string()))?;
        let host = url.host_str().ok_or(ParseEndpointUrlError::NoHost)?;
        let scheme = match url.scheme() {
            "http" | "https" => Scheme::Http,
            "ws" | "wss" => Scheme::WebSocket,
            other => return Err(ParseEndpointUrlError::UnknownScheme(other.to_owned())),
        };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let name = format!("{}://{host}{port}", url.scheme());
        Ok(Self { whole: SecretString::from(url.as_str()), name, scheme })
    }
}

impl TryFrom<String> for EndpointUrl {
    type Error = ParseEndpointUrlError;

    fn try_from(text: String) -> Result<Self, ParseEndpointUrlError> {
        text.parse()
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_holds_no_secret() {
        let url: EndpointUrl = "https://user:word@node.example:8443/v3/apikey?token=other#part".parse().unwrap();
        for shown in [format!("{url}"), format!("{url:?}"), url.name().to_owned()] {
            assert_eq!(shown, "https://node.example:8443");
        }
        assert!(url.expose().contains("apikey"));
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_url() {
        for text in ["user:word@node", "https://", "ipc://user:word@host/apikey", "user word"] {
            let error = text.parse::<EndpointUrl>().unwrap_err().to_string();
            assert!(!error.contains("word") && !error.contains("apikey"), "{error}");
        }
    }

    #[test]
    fn web_sockets_are_told_from_http() {
        assert!("wss://host".parse::<EndpointUrl>().unwrap().is_web_socket());
        assert!(!"http://host".parse::<EndpointUrl>().unwrap().is_web_socket());
    }
}
