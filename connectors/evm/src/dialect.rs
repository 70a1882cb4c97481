use async_trait::async_trait;
use ethers::types::{U64, U256};
use phat_connector::rpc::{Call, CallError, Dialect, Endpoint, ErrorCodes};

/// What the nodes of an EVM chain are asked about themselves.
#[derive(Debug)]
pub(crate) struct Ethereum {
    pub(crate) chain_id: u64,
}

/// No parameters.
const NONE: [u8; 0] = [];

static CODES: ErrorCodes = ErrorCodes {
    // Codes of JSON-RPC 2.0 (section 5.1) and EIP-1474 that say that the call itself can't be served.
    permanent: &[-32600, -32601, -32602, -32004, -32006],
    // JSON-RPC 2.0's "internal error", and EIP-1474's "resource unavailable". Nodes that have no such code of their own
    // for a call that reverts put its data beside it.
    own_trouble: &[-32603, -32002],
    lacking: &[],
    // EIP-1474's "limit exceeded", and the HTTP status that some providers repeat as a code.
    limit: &[-32005, 429],
};

#[async_trait]
impl Dialect for Ethereum {
    fn chain(&self) -> String {
        self.chain_id.to_string()
    }

    async fn look(&self, endpoint: &Endpoint) -> Result<(String, u64), CallError> {
        let [identity, newest] = endpoint.replies([Call::new("eth_chainId", NONE), newest()]).await?;
        Ok((identity.read::<U256>()?.to_string(), newest.read::<U64>()?.as_u64()))
    }

    async fn newest(&self, endpoint: &Endpoint) -> Result<u64, CallError> {
        Ok(endpoint.call(newest()).await?.read::<U64>()?.as_u64())
    }

    fn codes(&self) -> &'static ErrorCodes {
        &CODES
    }

    fn batches(&self) -> bool {
        true
    }

    /// What belongs together is one batch.
    fn retries(&self) -> u32 {
        0
    }
}

fn newest() -> Call {
    Call::new("eth_blockNumber", NONE)
}
