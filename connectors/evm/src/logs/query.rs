//! One query for logs, to one endpoint or to a quorum.

use super::{identities, identity::LogIdentity};
use ethers::types::{Filter, Log, U64};
use phat_connector::{
    ChainError,
    rpc::{Call, CallError, Endpoint, Endpoints, Reply},
};

/// Blocks so far below an endpoint's newest are there behind every door of a provider that has several.
const SETTLED: u64 = 128;

/// The logs of the blocks `from` to `to`, as one node answers them, or as a quorum does. Who hasn't reached `to` isn't
/// believed.
pub(super) async fn logs(endpoints: &Endpoints, filter: &Filter, from: u64, to: u64) -> Result<Vec<Log>, CallError> {
    let filter = filter.clone().from_block(from).to_block(to);
    // A range that one refuses is refused, whatever another says.
    let ask = |endpoint: Endpoint| {
        let filter = filter.clone();
        async move {
            let logs = logs_at(&endpoint, filter, to).await;
            match logs {
                Ok(logs) => Ok(Ok(logs)),
                Err(error) if error.is_limit() && from < to => Ok(Err(error)),
                Err(error) => {
                    // Of one block there can't be too many logs, so that it is the rate that is limited.
                    if error.is_limit() {
                        endpoint.limited(&error);
                    }
                    Err(error)
                }
            }
        }
    };
    let key = |logs: &Result<Vec<Log>, CallError>| -> Option<Vec<LogIdentity>> {
        logs.as_ref().ok().map(|logs| identities(logs))
    };
    endpoints.agree("eth_getLogs", Some(to), key, ask).await?
}

/// The logs of a range of blocks that ends with `to`, from one endpoint.
///
/// # Errors
/// Where the endpoint hasn't reached `to`: it would answer that there are none. What a node says to the range
/// itself is an error that it answered.
async fn logs_at(endpoint: &Endpoint, filter: Filter, to: u64) -> Result<Vec<Log>, CallError> {
    let call = Call::new("eth_getLogs", [filter]);
    let known = endpoint.head();
    let reply = if known.is_some_and(|head| head >= to.saturating_add(SETTLED)) {
        let [logs] = exactly(endpoint.batch_of_words(vec![call]).await?)?;
        logs
    } else {
        // In one round trip, so that they are one node's, and the head first, so that it isn't newer than the logs.
        let none: [u8; 0] = [];
        let head = Call::new("eth_blockNumber", none);
        let [head, logs] = exactly(endpoint.batch_of_words(vec![head, call]).await?)?;
        let head = head.read::<U64>()?.as_u64();
        endpoint.showed(head);
        if head < to {
            let endpoint = endpoint.name().to_owned();
            return Err(ChainError::Behind { endpoint, head, wanted: to }.into());
        }
        logs
    };
    reply.read()
}

fn exactly<const N: usize>(replies: Vec<Reply>) -> Result<[Reply; N], CallError> {
    replies.try_into().map_err(|replies: Vec<Reply>| {
        let cause = format!("{} answers to {N} calls", replies.len());
        ChainError::Malformed { method: "batch".to_owned(), cause }.into()
    })
}
