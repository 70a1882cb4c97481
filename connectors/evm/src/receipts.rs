//! What became of transactions, as one endpoint says or as a quorum does.

use crate::{
    logs::{LogIdentity, identities},
    node::{Node, header_call, read_latest},
};
use ethers::types::{BlockNumber, H256, TransactionReceipt, U64, U256};
use phat_connector::{
    BlockRef, ChainError, TxHash,
    rpc::{Call, CallError, Endpoint},
};

/// The most receipts in one batch, beside the newest header: providers take from 100 calls upward.
const AT_ONCE: usize = 99;

/// What a receipt says that counts.
#[derive(PartialEq, Eq)]
struct ReceiptIdentity {
    transaction: H256,
    block: (Option<U64>, Option<H256>),
    status: Option<U64>,
    gas_used: Option<U256>,
    logs: Vec<LogIdentity>,
}

/// The receipts in the order of the transactions, none where the node has none, and the newest block then.
type Answered = (Vec<Option<TransactionReceipt>>, BlockRef);

impl Node {
    /// The receipts of transactions, and the newest block when the last were read.
    pub(crate) async fn receipts(&self, hashes: &[TxHash]) -> Result<Answered, ChainError> {
        let mut receipts = Vec::with_capacity(hashes.len());
        let mut newest = None;
        for hashes in hashes.chunks(AT_ONCE) {
            let ask = |endpoint: Endpoint| receipts_of(endpoint, hashes);
            let (part, block) = self.endpoints().agree("eth_getTransactionReceipt", None, identity, ask).await?;
            receipts.extend(part);
            newest = Some(block);
        }
        match newest {
            Some(newest) => Ok((receipts, newest)),
            None => Ok((receipts, self.latest().await?.block)),
        }
    }
}

async fn receipts_of(endpoint: Endpoint, hashes: &[TxHash]) -> Result<Answered, CallError> {
    let calls = hashes.iter().map(|hash| Call::new("eth_getTransactionReceipt", [H256(hash.0.0)]));
    // The newest header comes last: most receipts that are news are of its block.
    let mut replies = endpoint.batch(calls.chain([header_call(BlockNumber::Latest)]).collect()).await?;
    let newest = replies.pop().ok_or_else(|| ChainError::Malformed {
        method: "eth_getTransactionReceipt".to_owned(),
        cause: "no answer to the last call".to_owned(),
    })?;
    let newest = read_latest(newest)?.block;
    let receipts = replies.into_iter().map(|reply| reply.read::<Option<TransactionReceipt>>());
    Ok((receipts.collect::<Result<_, _>>()?, newest))
}

fn identity((receipts, _): &Answered) -> Vec<Option<ReceiptIdentity>> {
    let identities = receipts.iter().map(|receipt| {
        receipt.as_ref().map(|receipt| ReceiptIdentity {
            transaction: receipt.transaction_hash,
            block: (receipt.block_number, receipt.block_hash),
            status: receipt.status,
            gas_used: receipt.gas_used,
            logs: identities(&receipt.logs),
        })
    });
    identities.collect()
}
