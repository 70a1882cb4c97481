use crate::{
    EvmChain, abi,
    bindings::{
        phat_oracle::{
            CallbackRetriedFilter, EntrySkippedFilter, PausedCall, RegistryCall, RequestCancelledFilter,
            RequestFulfilledFilter, SlotsCall, ThresholdCall,
        },
        worker_registry::IsActiveCall,
    },
    chain::{ContractCall, Inner},
    node::{header_call, read_header},
    revert,
};
use async_trait::async_trait;
use ethers::{
    abi::{AbiDecode, AbiEncode},
    contract::EthEvent,
    types::{Address, BlockNumber, Bytes, Filter, H256, Log, TransactionReceipt, U64, U256, ValueOrArray},
};
use phat_connector::{
    Asked, BlockRef, ChainError, ChainFacts, Entry, EntryEffect, EntryRefusal, OnChainState, OracleStatus, Receipt,
    Resolution, ResolutionKind, Sent, TxHash,
    rpc::{Call, Reply},
};
use phat_protocol::{BlockHash, Chain, EvmAddress, RequestId, WorkerAddress, evm::Slot};
use std::collections::HashMap;

/// The most request ids in one call or filter.
pub(crate) const IDS_AT_ONCE: usize = 500;

#[async_trait]
impl OracleStatus for EvmChain {
    async fn facts(&self) -> Result<ChainFacts, ChainError> {
        let none: [u8; 0] = [];
        let oracle = self.0.oracle_address();
        let [chain_id, code, registry, threshold, paused] = self
            .0
            .node
            .batch([
                Call::new("eth_chainId", none),
                Call::new("eth_getCode", (oracle, BlockNumber::Latest)),
                self.0.view(RegistryCall.encode(), None),
                self.0.view(ThresholdCall.encode(), None),
                self.0.view(PausedCall.encode(), None),
            ])
            .await?;
        let found: U256 = chain_id.read()?;
        if found != U256::from(self.0.chain_id) {
            return Err(ChainError::WrongChain {
                endpoint: self.endpoint().to_owned(),
                expected: self.0.chain_id.to_string(),
                found: found.to_string(),
            });
        }
        if code.read::<Bytes>()?.is_empty() {
            return Err(self.0.no_oracle("there is no contract"));
        }
        let registry = abi::from_address(self.0.answer::<Address>(registry)?);
        Ok(ChainFacts {
            chain: Chain::Evm(self.0.chain_id),
            oracle: self.0.oracle.to_string(),
            registry: registry.to_string(),
            threshold: self.0.answer::<u8>(threshold)?.into(),
            paused: self.0.answer::<bool>(paused)?,
        })
    }

    async fn states(&self, ids: &[RequestId], block: Option<u64>) -> Result<Vec<OnChainState>, ChainError> {
        let calls = ids.chunks(IDS_AT_ONCE).map(|chunk| {
            let request_ids = chunk.iter().map(|id| id.0).collect();
            self.0.view(SlotsCall { request_ids }.encode(), block)
        });
        let replies = self.0.node.batch_of(calls.collect()).await?;
        let mut states = Vec::with_capacity(ids.len());
        for (reply, chunk) in replies.into_iter().zip(ids.chunks(IDS_AT_ONCE)) {
            states.extend(self.0.read_slots(reply, chunk.len())?.into_iter().map(|slot| match slot {
                Slot::Empty => OnChainState::Closed,
                Slot::Pending => OnChainState::Pending,
                Slot::CallbackFailed(hash) => OnChainState::CallbackFailed(hash),
            }));
        }
        Ok(states)
    }

    async fn resolutions(&self, requests: &[Asked], to: u64) -> Result<Vec<Resolution>, ChainError> {
        let mut resolutions = Vec::new();
        let from = requests.iter().map(|request| request.block).min().unwrap_or(to);
        let ids: Vec<RequestId> = requests.iter().map(|request| request.id).collect();
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let filter = Filter::new()
                .address(self.0.oracle_address())
                .topic0(ValueOrArray::Array(vec![
                    RequestFulfilledFilter::signature(),
                    CallbackRetriedFilter::signature(),
                    RequestCancelledFilter::signature(),
                ]))
                .topic1(ValueOrArray::Array(chunk.iter().map(|id| H256(id.0)).collect::<Vec<_>>()));
            let logs = self.0.node.logs(&filter, from, to).await?;
            let kept =
                logs.into_iter().filter(|log| log.removed != Some(true) && log.address == self.0.oracle_address());
            resolutions.extend(kept.filter_map(resolution).filter(|resolution| chunk.contains(&resolution.id)));
        }
        Ok(resolutions)
    }

    async fn refusals(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        self.0.refusals_of(entries).await
    }

    async fn receipts(&self, transactions: &[Sent]) -> Result<Vec<Receipt>, ChainError> {
        if transactions.is_empty() {
            return Ok(Vec::new());
        }
        let hashes: Vec<TxHash> = transactions.iter().map(|transaction| transaction.hash).collect();
        let (answered, newest) = self.0.node.receipts(&hashes).await?;
        let mut receipts = Vec::new();
        for (receipt, hash) in answered.into_iter().zip(hashes) {
            let Some(receipt) = receipt else { continue };
            if abi::tx_hash(receipt.transaction_hash) != hash {
                return Err(bad_receipt(format!("asked for {hash}, got {:?}", receipt.transaction_hash)));
            }
            receipts.extend(self.0.receipt(receipt)?);
        }
        self.0.only_canonical(receipts, Some(newest)).await
    }

    async fn is_active(&self, worker: WorkerAddress) -> Result<bool, ChainError> {
        let registry = self.0.registry.get_or_try_init(|| self.0.read_registry()).await?;
        let data = IsActiveCall { worker: Address::from(worker.0) }.encode();
        let call = ContractCall { to: abi::address(*registry), ..self.0.oracle_call(data) };
        let [reply] = self.0.node.batch([Call::new("eth_call", (call, BlockNumber::Latest))]).await?;
        self.0.answer(reply)
    }
}

impl Inner {
    /// The slots of as many requests as were asked for.
    pub(crate) fn read_slots(&self, reply: Reply, asked: usize) -> Result<Vec<Slot>, ChainError> {
        let slots: Vec<[u8; 32]> = self.answer(reply)?;
        if slots.len() != asked {
            return Err(self.no_oracle(format!("{} slots for {asked} requests", slots.len())));
        }
        Ok(slots.into_iter().map(Slot::from).collect())
    }

    /// A call that reads the oracle, at `block` or at the newest one.
    pub(crate) fn view(&self, data: Vec<u8>, block: Option<u64>) -> Call {
        let at = block.map_or(BlockNumber::Latest, BlockNumber::from);
        let call = Call::new("eth_call", (self.oracle_call(data), at));
        match block {
            Some(block) => call.about(block),
            None => call,
        }
    }

    /// Decodes what a view answered. One that reverts, or answers something else, is no oracle's.
    pub(crate) fn answer<T: AbiDecode>(&self, reply: Reply) -> Result<T, ChainError> {
        let data: Bytes = reply.read().map_err(|error| match revert::data(&error) {
            Some(data) => self.no_oracle(format!("it reverts: {}", revert::describe(&data))),
            None => error.into(),
        })?;
        T::decode(&data).map_err(|_| self.no_oracle(format!("it answers 0x{}", hex::encode(&data))))
    }

    pub(crate) async fn read_registry(&self) -> Result<EvmAddress, ChainError> {
        let [registry] = self.node.batch([self.view(RegistryCall.encode(), None)]).await?;
        self.answer::<Address>(registry).map(abi::from_address)
    }

    fn receipt(&self, receipt: TransactionReceipt) -> Result<Option<Receipt>, ChainError> {
        // A receipt without a block is of a transaction that waits in the pool.
        let (Some(number), Some(hash)) = (receipt.block_number, receipt.block_hash) else {
            return Ok(None);
        };
        let gas_used = receipt.gas_used.ok_or_else(|| bad_receipt("no gas used".to_owned()))?;
        Ok(Some(Receipt {
            hash: abi::tx_hash(receipt.transaction_hash),
            block: BlockRef { number: number.as_u64(), hash: BlockHash(hash.0) },
            succeeded: receipt.status == Some(U64::one()),
            gas_used: u64::try_from(gas_used).map_err(|_| bad_receipt(format!("{gas_used} gas used")))?,
            effects: receipt
                .logs
                .into_iter()
                .filter(|log| log.address == self.oracle_address())
                .filter_map(effect)
                .collect(),
        }))
    }

    /// Drops the receipts of blocks that a reorganisation has replaced. One more round trip, where
    /// they are of other blocks than the newest.
    async fn only_canonical(
        &self,
        mut receipts: Vec<Receipt>,
        newest: Option<BlockRef>,
    ) -> Result<Vec<Receipt>, ChainError> {
        let mut numbers: Vec<u64> = receipts
            .iter()
            .filter(|receipt| Some(receipt.block) != newest)
            .map(|receipt| receipt.block.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let calls = numbers.iter().map(|number| header_call((*number).into())).collect();
        let mut canonical: HashMap<u64, BlockRef> = newest.map(|block| (block.number, block)).into_iter().collect();
        for (reply, number) in self.node.batch_of(calls).await?.into_iter().zip(numbers) {
            if let Some(header) = read_header(reply)? {
                canonical.insert(number, header.block);
            }
        }
        receipts.retain(|receipt| canonical.get(&receipt.block.number) == Some(&receipt.block));
        Ok(receipts)
    }
}

fn bad_receipt(cause: String) -> ChainError {
    ChainError::Malformed { method: "eth_getTransactionReceipt".to_owned(), cause }
}

fn resolution(log: Log) -> Option<Resolution> {
    let (block, transaction) = abi::place(&log)?;
    let topic = *log.topics.first()?;
    let id = RequestId(log.topics.get(1)?.0);
    let kind = if topic == CallbackRetriedFilter::signature() {
        ResolutionKind::CallbackRetried
    } else if topic == RequestCancelledFilter::signature() {
        ResolutionKind::Cancelled
    } else {
        let event = RequestFulfilledFilter::decode_log(&log.into()).ok()?;
        ResolutionKind::Fulfilled { callback_ok: event.callback_ok }
    };
    Some(Resolution { id, kind, block, transaction })
}

fn effect(log: Log) -> Option<(RequestId, EntryEffect)> {
    let raw = log.into();
    if let Ok(event) = RequestFulfilledFilter::decode_log(&raw) {
        return Some((RequestId(event.request_id), EntryEffect::Fulfilled { callback_ok: event.callback_ok }));
    }
    let event = EntrySkippedFilter::decode_log(&raw).ok()?;
    Some((RequestId(event.request_id), EntryEffect::Skipped(revert::skip_reason(event.reason))))
}
