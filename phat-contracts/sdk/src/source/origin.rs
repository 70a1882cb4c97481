use alloc::string::String;
use core::{fmt, str::FromStr};

/// A scheme, a host and perhaps a port: all of a URL before its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// The scheme is neither `https` nor `http`.
    #[error("must start with \"https://\" (or \"http://\", where the enclave allows that host and port)")]
    Scheme,
    /// Something other than a host and a port follows the scheme.
    #[error("must be a scheme, a host and perhaps a port, with nothing after them, as in \"https://api.example.com\"")]
    Host,
    /// The port is not within 1 to 65535.
    #[error("the port must be within 1 to 65535")]
    Port,
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let authority =
            text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or(OriginError::Scheme)?;
        let (host_ok, rest) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (address, rest) = bracketed.split_once(']').ok_or(OriginError::Host)?;
                (address.parse::<core::net::Ipv6Addr>().is_ok(), rest)
            }
            None => {
                let (host, rest) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
                (is_host_name(host), rest)
            }
        };
        if !host_ok {
            return Err(OriginError::Host);
        }
        match rest.strip_prefix(':') {
            None if rest.is_empty() => {}
            None => return Err(OriginError::Host),
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse::<core::num::NonZeroU16>().map_err(|_| OriginError::Port)?;
            }
            Some(_) => return Err(OriginError::Host),
        }
        Ok(Self(text.into()))
    }
}

/// Labels of letters, digits, `-` and `_`, with single dots between them; an IPv4 address is one too.
fn is_host_name(host: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    host.split('.').all(|label| !label.is_empty() && label.bytes().all(in_label))
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, OriginError};
    use alloc::string::ToString;

    #[test]
    fn a_scheme_a_host_and_a_port_are_an_origin() {
        for text in
            ["https://api.example.com", "https://api.example.com:8443", "http://127.0.0.1:80", "https://[::1]:9"]
        {
            assert_eq!(text.parse::<Origin>().map(|origin| origin.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn anything_before_or_after_is_refused() {
        for text in
            ["", "api.example.com", "ftp://api.example.com", "HTTPS://api.example.com", "https:/api.example.com"]
        {
            assert_eq!(text.parse::<Origin>(), Err(OriginError::Scheme), "{text}");
        }
        for text in [
            "https://",
            "https://:443",
            "https://a..b",
            "https://a/",
            "https://a/path",
            "https://a?b",
            "https://a#b",
            "https://user@a",
            "https://a:b@c",
            "https://a:",
            "https://a:+1",
            "https://a b",
            "https://a\\b",
            "https://{host}",
            "https://[::1",
            "https://[::1]a",
            "https://[example.com]",
            "https://a\n",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(OriginError::Host), "{text}");
        }
        for text in ["https://a:0", "https://a:65536", "https://a:99999999999"] {
            assert_eq!(text.parse::<Origin>(), Err(OriginError::Port), "{text}");
        }
    }
}
