use serde::{Deserialize, Serialize};

/// What opens the way out beyond the public internet. It belongs to the configuration hash that a
/// worker is registered with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressPolicy {
    /// Exact pairs of host and port that are open whatever address they have. Default: none.
    pub allow: Vec<AllowEntry>,
}

/// One host and port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowEntry {
    /// A name, or an address without brackets; it has to stand in the URL like this.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether http is allowed beside https. Default: no.
    #[serde(default)]
    pub http: bool,
    /// A root certificate (PEM) that is trusted for this pair, beside the built-in ones. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_pem: Option<String>,
}
