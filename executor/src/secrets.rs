//! Secrets of contracts, and where they may be sent.

use parity_scale_codec::DecodeAll;
use phat_protocol::Secret;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};
use url::{Host, Url};
use zeroize::Zeroizing;

/// Scheme, host and port of where a secret may be sent, as `https://host` or `https://host:port`: in
/// lower case, a name in its ASCII form, the scheme's own port left out (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// Text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// It is no URL.
    #[error("it is no URL: {0}")]
    NoUrl(String),
    /// Neither https nor http.
    #[error("its scheme is not https")]
    Scheme,
    /// It says more than scheme, host and port.
    #[error("it says more than scheme, host and port")]
    More,
}

impl Origin {
    /// Reads `https://host` or `https://host:port`; http too, which reaches no server but those that
    /// the egress policy opens to it.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let url = Url::parse(text).map_err(|error| InvalidOrigin::NoUrl(error.to_string()))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(InvalidOrigin::Scheme);
        }
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if bare { Ok(Self::of(&url)) } else { Err(InvalidOrigin::More) }
    }

    /// The origin of a URL.
    pub(crate) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// The host and port where it is an http origin.
    #[must_use]
    pub fn plain_http(&self) -> Option<(String, u16)> {
        let url = Url::parse(&self.0).ok().filter(|url| url.scheme() == "http")?;
        let host = match url.host()? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        Some((host, url.port_or_known_default()?))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where a run may send HTTP requests once it has read secrets.
pub(crate) type Origins = Arc<BTreeSet<Origin>>;

/// The shortest secret that is taken out of log lines, in bytes.
const SHORTEST_HIDDEN: usize = 4;
/// What stands in their place.
const HIDDEN: &str = "(secret)";

/// The secrets of one contract by their names. `Debug` tells their count alone; dropped, their values
/// are wiped.
#[derive(Default)]
pub struct Secrets(BTreeMap<String, Kept>);

struct Kept {
    value: Zeroizing<Vec<u8>>,
    origins: BTreeSet<Origin>,
}

/// Bytes that are no set of secrets. What is secret in them is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecrets {
    /// They are not SCALE `Vec<(String, Vec<u8>, Vec<String>)>`.
    #[error("they are not in the encoding of a set of secrets")]
    Undecodable,
    /// A secret has no name.
    #[error("secret {0} has an empty name")]
    Unnamed(usize),
    /// Two secrets have one name.
    #[error("secret {0} has the name of an earlier one")]
    Duplicate(usize),
    /// A secret names what is no origin.
    #[error("secret {secret}, origin {origin}: {cause}")]
    Origin {
        /// The secret's place in the set, from 0.
        secret: usize,
        /// The origin's place among the secret's, from 0.
        origin: usize,
        /// What is wrong with it.
        cause: InvalidOrigin,
    },
}

impl Secrets {
    /// Reads a whole set as it was encrypted: SCALE `Vec<(name: String, value: Vec<u8>, origins:
    /// Vec<String>)>`. A secret without origins may be sent nowhere.
    ///
    /// # Errors
    /// When the bytes are something else, names are empty or repeated, or an origin is none.
    pub fn from_plain(plain: &[u8]) -> Result<Self, InvalidSecrets> {
        let set = Vec::<Secret>::decode_all(&mut &*plain).map_err(|_| InvalidSecrets::Undecodable)?;
        // From here on a value is wiped, however this ends.
        let set: Vec<_> = set.into_iter().map(|each| (each.name, Zeroizing::new(each.value), each.origins)).collect();
        let mut kept = BTreeMap::new();
        for (secret, (name, value, origins)) in set.into_iter().enumerate() {
            if name.is_empty() {
                return Err(InvalidSecrets::Unnamed(secret));
            }
            let origins = origins.iter().enumerate().map(|(origin, text)| {
                Origin::parse(text).map_err(|cause| InvalidSecrets::Origin { secret, origin, cause })
            });
            let origins = origins.collect::<Result<_, _>>()?;
            if kept.insert(name, Kept { value, origins }).is_some() {
                return Err(InvalidSecrets::Duplicate(secret));
            }
        }
        Ok(Self(kept))
    }

    /// The secrets' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every origin that any of them may be sent to.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.0.values().flat_map(|kept| &kept.origins)
    }

    /// The text without the secret of this name, where that stands in it as it is, or begins at its end:
    /// the text may have been cut. A secret of fewer than [`SHORTEST_HIDDEN`] bytes would take words from
    /// the text that tell nothing.
    pub(crate) fn hide(&self, name: &str, mut text: String) -> String {
        let value = self.0.get(name).and_then(|kept| std::str::from_utf8(&kept.value).ok());
        let Some(value) = value.filter(|value| value.len() >= SHORTEST_HIDDEN) else { return text };
        if text.contains(value) {
            text = text.replace(value, HIDDEN);
        }
        let begun = (SHORTEST_HIDDEN..value.len())
            .rev()
            .find_map(|length| value.get(..length).filter(|begun| text.ends_with(begun)).map(str::len));
        if let Some(begun) = begun {
            text.truncate(text.len() - begun);
            text.push_str(HIDDEN);
        }
        text
    }

    /// A secret's value, and where it may be sent.
    pub(crate) fn get(&self, name: &str) -> Option<(&Zeroizing<Vec<u8>>, &BTreeSet<Origin>)> {
        self.0.get(name).map(|kept| (&kept.value, &kept.origins))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Secrets({}, redacted)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parity_scale_codec::Encode;

    fn secret(name: &str, origins: &[&str]) -> Secret {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Secret { name: name.to_owned(), value: b"hush".to_vec(), origins }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_more() {
        for (text, origin) in [
            ("https://a.example", "https://a.example"),
            ("https://A.Example/", "https://a.example"),
            ("https://a.example:443", "https://a.example"),
            ("https://a.example:8443", "https://a.example:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), origin, "{text}");
        }
        for text in [
            "https://a.example/path",
            "https://a.example?",
            "https://a.example/#part",
            "https://user@a.example",
            "https://user:password@a.example",
        ] {
            assert_eq!(Origin::parse(text), Err(InvalidOrigin::More), "{text}");
        }
        assert_eq!(Origin::parse("ftp://a.example"), Err(InvalidOrigin::Scheme));
        assert!(matches!(Origin::parse("a.example"), Err(InvalidOrigin::NoUrl(_))));
    }

    #[test]
    fn an_http_origin_says_which_pair_has_to_be_open() {
        let pair = |text| Origin::parse(text).unwrap().plain_http();
        assert_eq!(pair("http://127.0.0.1:8080"), Some(("127.0.0.1".to_owned(), 8080)));
        assert_eq!(pair("http://[::1]"), Some(("::1".to_owned(), 80)));
        assert_eq!(pair("https://127.0.0.1:8080"), None);
    }

    #[test]
    fn a_set_is_read_whole_or_not_at_all() {
        let set = vec![secret("b", &["https://b.example", "https://a.example/"]), secret("a", &[])];
        let read = Secrets::from_plain(&set.encode()).unwrap();
        assert_eq!(read.names().collect::<Vec<_>>(), ["a", "b"]);
        let origins: Vec<_> = read.origins().map(ToString::to_string).collect();
        assert_eq!(origins, ["https://a.example", "https://b.example"]);
        let refused = |set: Vec<Secret>| Secrets::from_plain(&set.encode()).unwrap_err();
        assert_eq!(refused(vec![secret("a", &[]), secret("", &[])]), InvalidSecrets::Unnamed(1));
        assert_eq!(refused(vec![secret("a", &[]), secret("a", &[])]), InvalidSecrets::Duplicate(1));
        let origin = InvalidSecrets::Origin { secret: 0, origin: 1, cause: InvalidOrigin::Scheme };
        assert_eq!(refused(vec![secret("a", &["https://a.example", "ws://a.example"])]), origin);
        let trailing = [set.encode(), vec![0]].concat();
        assert_eq!(Secrets::from_plain(&trailing).unwrap_err(), InvalidSecrets::Undecodable);
        assert_eq!(Secrets::from_plain(&[0xff; 9]).unwrap_err(), InvalidSecrets::Undecodable);
    }

    #[test]
    fn a_secret_is_taken_out_of_text_whole_and_where_the_text_was_cut() {
        let secrets = Secrets::from_plain(&vec![secret("a", &[]), secret("b", &[])].encode()).unwrap();
        let hide = |text: &str| secrets.hide("a", text.to_owned());
        assert_eq!(hide("hush, hushhush"), "(secret), (secret)(secret)");
        assert_eq!(hide("hus"), "hus");
        let long = Secret { value: "hush-é-hush".into(), ..secret("long", &[]) };
        let secrets = Secrets::from_plain(&vec![long].encode()).unwrap();
        let hide = |text: &str| secrets.hide("long", text.to_owned());
        assert_eq!(hide("it is hush-é-hus"), "it is (secret)");
        assert_eq!(hide("it is hush-"), "it is (secret)");
        assert_eq!(hide("it is hus"), "it is hus");
        assert_eq!(secrets.hide("none", "hush-é-hush".to_owned()), "hush-é-hush");
    }

    #[test]
    fn debug_output_shows_neither_names_nor_values() {
        let shown = format!("{:?}", Secrets::from_plain(&vec![secret("api-token", &[])].encode()).unwrap());
        assert_eq!(shown, "Secrets(1, redacted)");
    }
}
