use crate::{wires::Wires, words::NOT_PINNED};
use async_trait::async_trait;
use phat_connector::{
    ChainError,
    rpc::{CallError, Dialect, Endpoint, ErrorCodes},
};
use phat_protocol::{BlockHash, GenesisHash};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::sync::{Arc, Weak};

/// What the nodes of a Substrate chain are asked about themselves.
#[derive(Debug)]
pub(crate) struct Substrate {
    pub(crate) genesis: GenesisHash,
    /// The chain's: what endpoints are asked in holds endpoints, which hold this.
    pub(crate) wires: Weak<Wires>,
}

impl Substrate {
    fn wires(&self, endpoint: &Endpoint) -> Result<Arc<Wires>, ChainError> {
        self.wires.upgrade().ok_or_else(|| ChainError::Unreachable {
            endpoint: endpoint.name().to_owned(),
            cause: "the chain is closed".to_owned(),
        })
    }
}

static CODES: ErrorCodes = ErrorCodes {
    // Codes of JSON-RPC 2.0 (section 5.1) that say that the call itself can't be served, and jsonrpsee's for requests
    // and answers that are too large.
    permanent: &[-32600, -32601, -32602, -32007, -32008],
    // JSON-RPC 2.0's "internal error".
    own_trouble: &[-32603],
    lacking: &[NOT_PINNED],
    // polkadot-sdk's "RPC rate limit exceeded", jsonrpsee's "server is busy", the JSON-RPC interface specification's "too
    // many follows", and the HTTP status that some providers repeat as a code.
    limit: &[-32999, -32009, -32800, 429],
};

#[async_trait]
impl Dialect for Substrate {
    fn chain(&self) -> String {
        self.genesis.to_string()
    }

    async fn look(&self, endpoint: &Endpoint) -> Result<(String, u64), CallError> {
        let wires = self.wires(endpoint)?;
        match wires.words(endpoint).await?.look().await {
            Ok((genesis, newest)) => Ok((genesis.to_string(), newest)),
            Err(error) => {
                wires.forget(endpoint).await;
                Err(error)
            }
        }
    }

    async fn newest(&self, endpoint: &Endpoint) -> Result<u64, CallError> {
        self.wires(endpoint)?.words(endpoint).await?.newest().await
    }

    fn codes(&self) -> &'static ErrorCodes {
        &CODES
    }

    /// Nodes can be told to refuse batches.
    fn batches(&self) -> bool {
        false
    }

    fn retries(&self) -> u32 {
        3
    }
}

/// What we use of a block's header.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    #[serde(deserialize_with = "number")]
    pub(crate) number: u64,
    pub(crate) parent_hash: BlockHash,
}

/// Nodes write heights in hexadecimal digits, smoldot as numbers.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Digits(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Digits(text) => text
            .strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .ok_or_else(|| D::Error::custom("a height is 0x and hexadecimal digits")),
    }
}
