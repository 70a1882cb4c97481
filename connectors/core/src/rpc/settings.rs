use super::{CertificateError, EndpointUrl};

/// One of the endpoints of a chain.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// What it goes by; never credentials. No two of a chain have the same.
    pub name: String,
    /// Where calls go. A web socket serves as well as HTTP.
    pub url: EndpointUrl,
    /// Where it announces new blocks; where there is none, and `url` is no web socket either, it announces none.
    pub ws_url: Option<EndpointUrl>,
    /// Those with the lowest number are used while they do well.
    pub priority: u32,
}

impl EndpointSettings {
    /// An endpoint that goes by scheme, host and port, with priority 0.
    #[must_use]
    pub fn new(url: EndpointUrl) -> Self {
        Self { name: url.name().to_owned(), url, ws_url: None, priority: 0 }
    }
}

/// Settings that no client can be made of. Nothing of them is tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The CA certificate can't be used.
    #[error("CA certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// There are fewer endpoints than have to agree.
    #[error("{needed} endpoints have to agree, and there are {found}")]
    TooFewEndpoints {
        /// How many have to agree.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// Two endpoints go by one name.
    #[error("two endpoints are called {endpoint}")]
    SameName {
        /// The name.
        endpoint: String,
    },
    /// The HTTP client refuses the endpoint.
    #[error("endpoint {endpoint}: {cause}")]
    Endpoint {
        /// The endpoint, without credentials.
        endpoint: String,
        /// What the client said.
        cause: String,
    },
}
