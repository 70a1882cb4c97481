use phat_connector::rpc::{Call, CallError, Dialect, ErrorCodes, Reply};
use phat_protocol::{BlockHash, GenesisHash};
use serde::{Deserialize, Deserializer, de::Error as _};

/// What the nodes of a Substrate chain are asked about themselves.
#[derive(Debug)]
pub(crate) struct Substrate {
    pub(crate) genesis: GenesisHash,
}

static CODES: ErrorCodes = ErrorCodes {
    // Codes of JSON-RPC 2.0 (section 5.1) that say that the call itself can't be served, and jsonrpsee's for requests
    // and answers that are too large.
    permanent: &[-32600, -32601, -32602, -32007, -32008],
    // JSON-RPC 2.0's "internal error".
    own_trouble: &[-32603],
    // polkadot-sdk's "RPC rate limit exceeded", jsonrpsee's "server is busy", and the HTTP status that some providers
    // repeat as a code.
    limit: &[-32999, -32009, 429],
};

impl Dialect for Substrate {
    fn chain(&self) -> String {
        self.genesis.to_string()
    }

    fn identity(&self) -> Call {
        Call::new("chain_getBlockHash", [0])
    }

    fn found(&self, reply: Reply) -> Result<String, CallError> {
        Ok(reply.read::<BlockHash>()?.to_string())
    }

    fn newest(&self) -> Call {
        let none: [u8; 0] = [];
        Call::new("chain_getHeader", none)
    }

    fn height(&self, reply: Reply) -> Result<u64, CallError> {
        Ok(reply.read::<Header>()?.number)
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
