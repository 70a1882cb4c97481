use crate::{
    logs::Span,
    provider::{Connection, from_provider},
};
use ethers::{
    providers::{Middleware, Provider, ProviderError},
    types::{Address, Block, BlockId, BlockNumber, Bytes, H256, TxHash, U64, U256},
};
use phat_connector::{
    BlockRef, ChainError,
    rpc::{Call, CallError, Endpoint, Endpoints, Params, Reply},
};
use phat_protocol::BlockHash;
use std::sync::Arc;

/// The most calls of one batch: providers take from 100 upward.
const BATCH: usize = 100;

/// A node's answers, typed. What belongs together is asked in one batch.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) endpoints: Endpoints,
    provider: Provider<Connection>,
    pub(crate) span: Arc<Span>,
}

/// What we use of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) block: BlockRef,
    pub(crate) timestamp: u64,
    pub(crate) base_fee: Option<U256>,
    pub(crate) gas_limit: U256,
}

impl Node {
    pub(crate) fn new(endpoints: Endpoints) -> Self {
        Self { provider: Provider::new(Connection(endpoints.clone())), endpoints, span: Arc::default() }
    }

    /// The endpoint that served last, without credentials.
    pub(crate) fn endpoint(&self) -> &str {
        self.endpoints.name()
    }

    /// The endpoints.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Sends a batch of exactly `N` calls.
    pub(crate) async fn batch<const N: usize>(&self, calls: [Call; N]) -> Result<[Reply; N], ChainError> {
        let replies = self.endpoints.batch(calls.into()).await?;
        replies.try_into().map_err(|replies: Vec<Reply>| ChainError::Malformed {
            method: "batch".to_owned(),
            cause: format!("{} answers to {N} calls", replies.len()),
        })
    }

    /// Any number of calls, in batches that every provider takes.
    pub(crate) async fn batch_of(&self, mut calls: Vec<Call>) -> Result<Vec<Reply>, ChainError> {
        let mut replies = Vec::with_capacity(calls.len());
        while !calls.is_empty() {
            let rest = calls.split_off(calls.len().min(BATCH));
            replies.extend(self.endpoints.batch(std::mem::replace(&mut calls, rest)).await?);
        }
        Ok(replies)
    }

    pub(crate) async fn header(&self, number: u64) -> Result<Option<Header>, ChainError> {
        let [reply] = self.batch([header_call(number.into())]).await?;
        let header = read_header(reply)?;
        match header {
            Some(other) if other.block.number != number => Err(ChainError::Malformed {
                method: "eth_getBlockByNumber".to_owned(),
                cause: format!("asked for block {number}, got {}", other.block.number),
            }),
            Some(_) | None => Ok(header),
        }
    }

    pub(crate) async fn latest(&self) -> Result<Header, ChainError> {
        let [reply] = self.batch([header_call(BlockNumber::Latest)]).await?;
        read_latest(reply)
    }

    pub(crate) async fn balance(&self, account: Address) -> Result<U256, ChainError> {
        let answer = self.provider.get_balance(account, None).await;
        answer.map_err(|error| failure("eth_getBalance", &error))
    }

    /// The next nonce of `account`, counting mined transactions alone or (`Pending`) the pool's too.
    pub(crate) async fn nonce(&self, account: Address, at: BlockNumber) -> Result<u64, ChainError> {
        let answer = self.provider.get_transaction_count(account, Some(BlockId::Number(at))).await;
        small("eth_getTransactionCount", answer.map_err(|error| failure("eth_getTransactionCount", &error))?)
    }

    pub(crate) async fn send_raw(&self, raw: &[u8]) -> Result<TxHash, CallError> {
        let params = Params::new([Bytes::from(raw.to_vec())]);
        let send = |endpoint: Endpoint| {
            let params = params.clone();
            async move { endpoint.request("eth_sendRawTransaction", params).await }
        };
        let answer = self.endpoints.broadcast(send).await?;
        serde_json::from_str(answer.get()).map_err(|error| {
            let cause = error.to_string();
            ChainError::Malformed { method: "eth_sendRawTransaction".to_owned(), cause }.into()
        })
    }
}

fn failure(method: &str, error: &ProviderError) -> ChainError {
    from_provider(method, error).into()
}

/// A number that must fit into 64 bits.
pub(crate) fn small(method: &str, number: U256) -> Result<u64, ChainError> {
    u64::try_from(number)
        .map_err(|_| ChainError::Malformed { method: method.to_owned(), cause: format!("{number} exceeds 64 bits") })
}

pub(crate) fn header_call(at: BlockNumber) -> Call {
    let call = Call::new("eth_getBlockByNumber", (at, false));
    match at {
        BlockNumber::Number(number) => call.about(number.as_u64()),
        BlockNumber::Latest => call.for_head(),
        BlockNumber::Finalized | BlockNumber::Safe | BlockNumber::Earliest | BlockNumber::Pending => call,
    }
}

/// The header that was asked for; none where the node has no such block.
pub(crate) fn read_header(reply: Reply) -> Result<Option<Header>, ChainError> {
    let malformed =
        |cause: &str| ChainError::Malformed { method: "eth_getBlockByNumber".to_owned(), cause: cause.to_owned() };
    let Some(block) = reply.read::<Option<Block<H256>>>()? else {
        return Ok(None);
    };
    let hash = block.hash.ok_or_else(|| malformed("a block without a hash"))?;
    let number = block.number.as_ref().map(U64::as_u64).ok_or_else(|| malformed("a block without a number"))?;
    Ok(Some(Header {
        block: BlockRef { number, hash: BlockHash(hash.0) },
        timestamp: small("eth_getBlockByNumber", block.timestamp)?,
        base_fee: block.base_fee_per_gas,
        gas_limit: block.gas_limit,
    }))
}

/// The newest block's header, which every node has.
pub(crate) fn read_latest(reply: Reply) -> Result<Header, ChainError> {
    read_header(reply)?.ok_or_else(|| ChainError::Malformed {
        method: "eth_getBlockByNumber".to_owned(),
        cause: "there is no newest block".to_owned(),
    })
}
