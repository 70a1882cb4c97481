//! A chain in memory whose every move a test makes: blocks, reorganisations, a pool that can be
//! deaf, strangers that use nonces.

use async_trait::async_trait;
use phat_connector::{
    Acceptance, Account, Asked, BlockRef, ChainError, ChainFacts, Entry, EntryEffect, EntryRefusal, Fees, Head,
    ObservedRequest, OnChainState, OracleStatus, Outlook, PreparedTransaction, Receipt, ReportSink, RequestSource,
    Resolution, ResolutionKind, TxHash,
};
use phat_protocol::{
    Amount, BlockHash, Chain, ContractId, Digest, EvmAddress, OracleChain, Payee, Request, RequestId, WorkerAddress,
    evm, keccak256,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    convert::Infallible,
    ops::{Range, RangeInclusive},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::{Semaphore, watch};

pub(crate) const PAYEE: Payee = Payee([0x11; 32]);

#[derive(Clone)]
struct Sent {
    hash: TxHash,
    /// Which of the wallets sent it.
    wallet: usize,
    nonce: u64,
    max_fee: Amount,
    entries: Vec<RequestId>,
}

#[derive(Clone)]
struct Block {
    block: BlockRef,
    timestamp: u64,
    requests: Vec<ObservedRequest>,
    transactions: Vec<(Sent, Vec<RequestId>)>,
}

#[derive(Default)]
pub(crate) struct State {
    blocks: Vec<Block>,
    forks: u64,
    sequence: u64,
    pool: Vec<Sent>,
    /// What every signed transaction carries, by its bytes.
    signed: HashMap<Vec<u8>, Sent>,
    /// Nonces of the first wallet that strangers used.
    pub(crate) stranger_nonces: u64,
    /// Nonces after those of the first wallet for which strangers' transactions wait in the pool.
    pub(crate) stranger_pool: u64,
    /// Wallets that can't pay for anything.
    pub(crate) without_funds: HashSet<usize>,
    /// Nobody pays for transactions: nonces may be left out, and one is mined only where each of its entries has an effect.
    pub(crate) unsigned: bool,
    /// What a transaction must offer to be mined.
    pub(crate) base_fee: u64,
    /// The most that may be offered.
    pub(crate) fee_cap: Option<u64>,
    pub(crate) unreachable: bool,
    /// The endpoint serves another chain.
    pub(crate) elsewhere: bool,
    /// The endpoint shows no receipts.
    pub(crate) hides_receipts: bool,
    /// Blocks whose requests the endpoint doesn't serve.
    pub(crate) unserved: Range<u64>,
    /// A height below the newest at which it shows no block.
    pub(crate) hole: Option<u64>,
    /// Broadcasts fail, and nothing arrives.
    pub(crate) deaf: bool,
    /// Transactions that were broadcast, by hash and in order.
    pub(crate) broadcasts: Vec<TxHash>,
    /// Transactions that can't be mined any more as they were signed.
    pub(crate) over: HashSet<TxHash>,
    /// What the oracle would not take, and why.
    pub(crate) refused: HashMap<RequestId, EntryRefusal>,
    /// Transactions that carry one of these would revert as a whole.
    pub(crate) reverting: HashSet<RequestId>,
    /// Signing waits here, where there is one.
    pub(crate) gate: Option<Arc<Semaphore>>,
    /// The most entries that fit into a transaction.
    pub(crate) room: usize,
    /// How often each question was asked.
    calls: HashMap<&'static str, usize>,
    pub(crate) confirmations: u64,
    pub(crate) timestamp: u64,
}

/// A chain that a test drives.
#[derive(Clone, Default)]
pub(crate) struct TestChain(Arc<Mutex<State>>);

impl TestChain {
    pub(crate) fn new(timestamp: u64) -> Self {
        let chain = Self::default();
        chain.state().timestamp = timestamp;
        chain.state().room = usize::MAX;
        chain.mine();
        chain
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// How often the question was asked.
    pub(crate) fn calls(&self, question: &str) -> usize {
        self.state().calls.get(question).copied().unwrap_or_default()
    }

    /// Mines a block with what is in the pool.
    pub(crate) fn mine(&self) -> BlockRef {
        self.mine_with(Vec::new())
    }

    /// Mines a block in which a consumer asks.
    pub(crate) fn ask(&self, contract: ContractId, lifetime: u64) -> RequestId {
        let (request, payload) = self.question(contract, lifetime, None);
        let id = request.request_id();
        self.mine_with(vec![(Request::Evm(request), payload)]);
        id
    }

    /// Mines a block in which one transaction asks the same twice.
    pub(crate) fn ask_twice_alike(&self, contract: ContractId, lifetime: u64) -> [RequestId; 2] {
        let asked = [(); 2].map(|()| self.question(contract, lifetime, Some(b"alike")));
        let ids = [asked[0].0.request_id(), asked[1].0.request_id()];
        self.mine_with(asked.into_iter().map(|(request, payload)| (Request::Evm(request), payload)).collect());
        ids
    }

    fn question(&self, contract: ContractId, lifetime: u64, payload: Option<&[u8]>) -> (evm::Request, Vec<u8>) {
        let mut state = self.state();
        state.sequence += 1;
        let payload = payload.map_or_else(|| state.sequence.to_be_bytes().to_vec(), <[u8]>::to_vec);
        let parent_hash = state.blocks.last().map_or(BlockHash::default(), |block| block.block.hash);
        let request = evm::Request {
            chain_id: 1,
            oracle: EvmAddress([1; 20]),
            sequence: state.sequence,
            parent_hash,
            consumer: EvmAddress([2; 20]),
            contract_id: contract,
            min_revision: 0,
            payload_hash: Digest(keccak256(&payload)),
            callback_gas_limit: 100_000,
            max_output: 32,
            expires_at: state.timestamp + lifetime,
            payment: Amount::from(1),
        };
        (request, payload)
    }

    fn mine_with(&self, asked: Vec<(Request, Vec<u8>)>) -> BlockRef {
        self.mine_as(asked, None)
    }

    /// Has the transaction that made these requests, in a block that is gone, mined in a new block.
    pub(crate) fn mine_all_again<const N: usize>(&self, gone: &[ObservedRequest; N]) -> [RequestId; N] {
        let asked = gone.each_ref().map(|gone| {
            let Request::Evm(request) = &gone.request else { panic!("an EVM request") };
            let lifetime = request.expires_at - self.state().timestamp;
            let (request, payload) = self.question(request.contract_id, lifetime, Some(&gone.payload));
            (Request::Evm(request), payload)
        });
        let ids = asked.each_ref().map(|(request, _)| request.request_id());
        self.mine_as(asked.into(), gone.first().map(|gone| gone.transaction));
        ids
    }

    /// [`Self::mine_all_again`] of one request.
    pub(crate) fn mine_again(&self, gone: &ObservedRequest) -> RequestId {
        self.mine_all_again(std::array::from_ref(gone))[0]
    }

    fn mine_as(&self, asked: Vec<(Request, Vec<u8>)>, transaction: Option<TxHash>) -> BlockRef {
        let mut state = self.state();
        let number = u64::try_from(state.blocks.len()).unwrap();
        state.timestamp += 1;
        let mut seed = number.to_be_bytes().to_vec();
        seed.extend(state.forks.to_be_bytes());
        let block = BlockRef { number, hash: BlockHash(keccak256(&seed)) };
        let requests = asked
            .into_iter()
            .map(|(request, payload)| ObservedRequest {
                id: request.request_id(),
                request,
                payload,
                block,
                transaction: transaction
                    .unwrap_or_else(|| TxHash(Digest(keccak256(&[number.to_be_bytes(), [9; 8]].concat())))),
            })
            .collect();
        let timestamp = state.timestamp;
        let mut transactions: Vec<(Sent, Vec<RequestId>)> = Vec::new();
        let base_fee = Amount::from(u128::from(state.base_fee));
        let mut next: Vec<u64> = (0..WALLETS).map(|wallet| state.used_nonces(wallet)).collect();
        for (wallet, next) in next.iter_mut().enumerate() {
            loop {
                // The last that was pooled with this nonce replaced the others.
                let minable = |sent: &&Sent| (sent.wallet, sent.nonce) == (wallet, *next) && sent.max_fee >= base_fee;
                let has_effect =
                    |id: &RequestId| state.is_pending(id, state.blocks.len()) && !answers(&transactions, id);
                let effective =
                    |sent: &&Sent| sent.wallet == wallet && sent.nonce >= *next && sent.entries.iter().all(has_effect);
                let sent = if state.unsigned {
                    state.pool.iter().filter(effective).min_by_key(|sent| sent.nonce).cloned()
                } else {
                    state.pool.iter().rev().find(minable).cloned()
                };
                let Some(sent) = sent else { break };
                *next = sent.nonce + 1;
                let answered: Vec<RequestId> = sent
                    .entries
                    .iter()
                    .filter(|id| state.is_pending(id, state.blocks.len()) && !answers(&transactions, id))
                    .filter(|id| state.request(id).is_some_and(|request| request.request.expires_at() >= timestamp))
                    .copied()
                    .collect();
                transactions.push((sent, answered));
            }
        }
        state.pool.retain(|sent| sent.nonce >= next[sent.wallet]);
        state.blocks.push(Block { block, timestamp, requests, transactions });
        block
    }

    /// Drops the newest blocks; what comes next has other hashes. Dropped transactions go back to
    /// the pool when `keep`.
    pub(crate) fn reorganise(&self, depth: usize, keep: bool) {
        let mut state = self.state();
        let length = state.blocks.len() - depth;
        let dropped = state.blocks.split_off(length);
        state.forks += 1;
        if keep {
            for (sent, _) in dropped.into_iter().flat_map(|block| block.transactions) {
                state.pool.push(sent);
            }
        }
    }

    /// Puts a request that a reorganisation dropped into a new block with the same parent.
    pub(crate) fn include_again(&self, request: &ObservedRequest) {
        self.mine_with(vec![(request.request.clone(), request.payload.clone())]);
    }

    pub(crate) fn observed(&self, id: RequestId) -> ObservedRequest {
        self.state().request(&id).unwrap()
    }

    /// How often the chain answered the request.
    pub(crate) fn answers(&self, id: RequestId) -> usize {
        let state = self.state();
        state.blocks.iter().flat_map(|block| &block.transactions).filter(|(_, answered)| answered.contains(&id)).count()
    }

    /// How many transactions of each wallet were mined.
    pub(crate) fn mined_of(&self, wallet: usize) -> u64 {
        self.state().used_nonces(wallet)
    }

    /// How many nonces of a wallet transactions in the pool have.
    pub(crate) fn pooled_of(&self, wallet: usize) -> usize {
        let state = self.state();
        state.pool.iter().filter(|sent| sent.wallet == wallet).map(|sent| sent.nonce).collect::<HashSet<_>>().len()
    }

    /// The pool forgets what it held.
    pub(crate) fn forget_pool(&self) {
        self.state().pool.clear();
    }

    /// How many entries were mined without effect.
    pub(crate) fn wasted(&self) -> usize {
        let state = self.state();
        state
            .blocks
            .iter()
            .flat_map(|block| &block.transactions)
            .map(|(sent, answered)| sent.entries.len() - answered.len())
            .sum()
    }

    /// Another submitter answers.
    pub(crate) fn answered_by_another(&self, id: RequestId) {
        let block = self.mine();
        let mut state = self.state();
        let sent = Sent {
            hash: TxHash(Digest(keccak256(&block.hash.0))),
            wallet: 0,
            nonce: u64::MAX,
            max_fee: Amount::default(),
            entries: vec![id],
        };
        state.blocks.last_mut().unwrap().transactions.push((sent, vec![id]));
    }
}

impl TestChain {
    /// Another submitter answers one of the requests, in a block before what is in the pool.
    pub(crate) fn answered_in_time_by_another(&self, id: RequestId) {
        let pool = std::mem::take(&mut self.state().pool);
        self.answered_by_another(id);
        self.state().pool = pool;
        self.mine();
    }

    /// Another submitter answers, in front of what is in the pool.
    pub(crate) fn answered_first_by_another(&self, id: RequestId) {
        let pool = std::mem::take(&mut self.state().pool);
        self.answered_by_another(id);
        let mut state = self.state();
        let next = state.used_nonces(0);
        let Some(sent) = pool.iter().find(|sent| sent.nonce == next).cloned() else { return };
        state.pool = pool.into_iter().filter(|pooled| pooled.nonce > next).collect();
        if let Some(block) = state.blocks.last_mut() {
            block.transactions.push((sent, Vec::new()));
        }
    }
}

fn answers(transactions: &[(Sent, Vec<RequestId>)], id: &RequestId) -> bool {
    transactions.iter().any(|(_, answered)| answered.contains(id))
}

impl State {
    fn used_nonces(&self, wallet: usize) -> u64 {
        let transactions = self.blocks.iter().flat_map(|block| &block.transactions);
        let mined = transactions.filter(|(sent, _)| sent.nonce != u64::MAX && sent.wallet == wallet);
        if self.unsigned {
            return mined.map(|(sent, _)| sent.nonce + 1).max().unwrap_or(0);
        }
        u64::try_from(mined.count()).unwrap() + if wallet == 0 { self.stranger_nonces } else { 0 }
    }

    /// The first nonce from the used ones on that nothing in the pool has.
    fn pending_nonce(&self, wallet: usize) -> u64 {
        let mut next = self.used_nonces(wallet) + if wallet == 0 { self.stranger_pool } else { 0 };
        while self.pool.iter().any(|sent| (sent.wallet, sent.nonce) == (wallet, next)) {
            next += 1;
        }
        next
    }

    fn request(&self, id: &RequestId) -> Option<ObservedRequest> {
        self.blocks.iter().flat_map(|block| &block.requests).find(|request| request.id == *id).cloned()
    }

    /// Whether the request waits for an answer after the first `length` blocks.
    fn is_pending(&self, id: &RequestId, length: usize) -> bool {
        let blocks = &self.blocks[..length];
        blocks.iter().flat_map(|block| &block.requests).any(|request| request.id == *id)
            && !blocks.iter().any(|block| answers(&block.transactions, id))
    }

    fn asked(&mut self, question: &'static str) -> Result<(), ChainError> {
        *self.calls.entry(question).or_default() += 1;
        self.reach()
    }

    fn reach(&self) -> Result<(), ChainError> {
        if self.unreachable {
            return Err(ChainError::Unreachable { endpoint: "test".into(), cause: "told so".into() });
        }
        Ok(())
    }
}

#[async_trait]
impl RequestSource for TestChain {
    async fn head(&self) -> Result<Head, ChainError> {
        let state = self.state();
        state.reach()?;
        let latest = state.blocks.last().unwrap();
        let confirmed_height = latest.block.number.saturating_sub(state.confirmations);
        let confirmed = &state.blocks[usize::try_from(confirmed_height).unwrap()];
        Ok(Head {
            latest: latest.block,
            timestamp: latest.timestamp,
            confirmed: confirmed.block,
            confirmed_timestamp: confirmed.timestamp,
        })
    }

    async fn block(&self, number: u64) -> Result<Option<BlockRef>, ChainError> {
        let mut state = self.state();
        state.asked("block")?;
        if state.hole == Some(number) {
            return Ok(None);
        }
        Ok(state.blocks.get(usize::try_from(number).unwrap()).map(|block| block.block))
    }

    async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError> {
        let state = self.state();
        state.reach()?;
        Ok(state.blocks.get(usize::try_from(number).unwrap()).map(|block| block.timestamp))
    }

    async fn requests(&self, blocks: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError> {
        let state = self.state();
        state.reach()?;
        if *blocks.start() < state.unserved.end && *blocks.end() >= state.unserved.start {
            return Err(ChainError::Node {
                method: "eth_getLogs".into(),
                transient: false,
                code: -32000,
                message: "no such blocks".into(),
            });
        }
        let inside = state.blocks.iter().filter(|block| blocks.contains(&block.block.number));
        Ok(inside.flat_map(|block| block.requests.clone()).collect())
    }

    async fn listen(&self, _heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
        std::future::pending().await
    }
}

/// How many wallets there are at most.
const WALLETS: usize = 2;

/// One of the accounts that submit.
#[derive(Clone)]
pub(crate) struct TestWallet {
    chain: TestChain,
    number: usize,
}

impl TestChain {
    pub(crate) fn wallet(&self, number: usize) -> TestWallet {
        assert!(number < WALLETS);
        TestWallet { chain: self.clone(), number }
    }
}

/// The name of a wallet's account.
pub(crate) fn account(number: usize) -> Account {
    Account(format!("0xsubmitter{number}"))
}

#[async_trait]
impl ReportSink for TestWallet {
    fn submitter(&self) -> Account {
        account(self.number)
    }

    fn payee(&self) -> Payee {
        PAYEE
    }

    async fn mined_nonce(&self) -> Result<u64, ChainError> {
        self.chain.state().reach()?;
        Ok(self.chain.state().used_nonces(self.number))
    }

    async fn balance(&self) -> Result<Amount, ChainError> {
        let empty = self.chain.state().without_funds.contains(&self.number);
        Ok(Amount::from(if empty { 0 } else { 1_000 }))
    }

    async fn outlook(&self) -> Result<Outlook, ChainError> {
        let mut state = self.chain.state();
        state.asked("outlook")?;
        let most = (2 * state.base_fee).max(100).min(state.fee_cap.unwrap_or(u64::MAX));
        let fees = Fees { max_fee: Amount::from(u128::from(most)), max_priority_fee: Amount::from(1) };
        Ok(Outlook {
            mined_nonce: state.used_nonces(self.number),
            pending_nonce: state.pending_nonce(self.number),
            fees,
            fee_cap: state.fee_cap.map(|cap| Amount::from(u128::from(cap))),
            gas_limit: 1,
            is_unsigned: state.unsigned,
        })
    }

    fn fitting(&self, entries: &[Entry], _gas_limit: u64) -> usize {
        entries.len().min(self.chain.state().room)
    }

    async fn prepare(&self, entries: &[Entry], nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        self.chain.state().asked("prepare")?;
        let gate = self.chain.state().gate.clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let ids: Vec<RequestId> = entries.iter().map(|entry| entry.report.request_id).collect();
        if ids.iter().any(|id| self.chain.state().reverting.contains(id)) {
            return Err(ChainError::Reverted { reason: "told so".into() });
        }
        self.sign(ids, nonce, fees)
    }

    async fn prepare_filler(&self, nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        self.chain.state().reach()?;
        assert!(!self.chain.state().unsigned, "nobody fills a nonce for free");
        self.sign(Vec::new(), nonce, fees)
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<Acceptance, ChainError> {
        let mut state = self.chain.state();
        state.reach()?;
        if state.deaf {
            return Err(ChainError::Unreachable { endpoint: "test".into(), cause: "deaf".into() });
        }
        let sent = state.signed[raw].clone();
        state.broadcasts.push(sent.hash);
        if sent.nonce < state.used_nonces(sent.wallet) {
            return Ok(Acceptance::NonceUsed);
        }
        let without_effect = |id: &RequestId| !state.is_pending(id, state.blocks.len());
        let is_spoilt = state.unsigned && sent.entries.iter().any(without_effect);
        if is_spoilt || state.over.contains(&sent.hash) {
            state.pool.retain(|pooled| pooled.hash != sent.hash);
            return Ok(Acceptance::Expired);
        }
        if !state.pool.iter().any(|pooled| pooled.hash == sent.hash) {
            state.pool.push(sent);
        }
        Ok(Acceptance::Pooled)
    }
}

impl TestWallet {
    fn sign(&self, entries: Vec<RequestId>, nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        if self.chain.state().without_funds.contains(&self.number) {
            let (balance, needed) = (Amount::default(), Amount::from(1));
            return Err(ChainError::InsufficientFunds { account: self.submitter(), balance, needed });
        }
        let mut raw = self.number.to_be_bytes().to_vec();
        raw.extend(nonce.to_be_bytes());
        raw.extend(fees.max_fee.0);
        raw.extend(entries.iter().flat_map(|id| id.0));
        raw.extend(self.chain.state().over.len().to_be_bytes());
        if self.chain.state().unsigned {
            // No two are alike.
            raw.extend(self.chain.state().signed.len().to_be_bytes());
        }
        let hash = TxHash(Digest(keccak256(&raw)));
        let sent = Sent { hash, wallet: self.number, nonce, max_fee: fees.max_fee, entries };
        self.chain.state().signed.insert(raw.clone(), sent);
        Ok(PreparedTransaction { hash, raw, nonce, gas_limit: 1, fees })
    }
}

#[async_trait]
impl OracleStatus for TestChain {
    async fn facts(&self) -> Result<ChainFacts, ChainError> {
        self.state().reach()?;
        if self.state().elsewhere {
            let (expected, found) = ("1".into(), "2".into());
            return Err(ChainError::WrongChain { endpoint: "test".into(), expected, found });
        }
        Ok(ChainFacts {
            chain: Chain::Evm(1),
            oracle: "oracle".into(),
            registry: "registry".into(),
            threshold: 1,
            paused: false,
        })
    }

    async fn states(&self, ids: &[RequestId], block: Option<u64>) -> Result<Vec<OnChainState>, ChainError> {
        let mut state = self.state();
        state.asked("states")?;
        let length = block.map_or(state.blocks.len(), |number| usize::try_from(number).unwrap() + 1);
        let pending = |id: &RequestId| state.is_pending(id, length);
        Ok(ids.iter().map(|id| if pending(id) { OnChainState::Pending } else { OnChainState::Closed }).collect())
    }

    async fn resolutions(&self, requests: &[Asked], to: u64) -> Result<Vec<Resolution>, ChainError> {
        let state = self.state();
        state.reach()?;
        let mut resolutions = Vec::new();
        let from = requests.iter().map(|request| request.block).min().unwrap_or(to);
        let is_asked_for = |id: &RequestId| requests.iter().any(|request| request.id == *id);
        for block in state.blocks.iter().filter(|block| (from..=to).contains(&block.block.number)) {
            for (sent, answered) in &block.transactions {
                for id in answered.iter().filter(|id| is_asked_for(id)) {
                    resolutions.push(Resolution {
                        id: *id,
                        kind: ResolutionKind::Fulfilled { callback_ok: true },
                        block: block.block,
                        transaction: sent.hash,
                    });
                }
            }
        }
        Ok(resolutions)
    }

    async fn refusals(&self, entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError> {
        let mut state = self.state();
        state.asked("refusals")?;
        let refusal = |id: &RequestId| {
            let closed = (!state.is_pending(id, state.blocks.len())).then_some(EntryRefusal::NotPending);
            state.refused.get(id).cloned().or(closed)
        };
        Ok(entries.iter().map(|entry| refusal(&entry.report.request_id)).collect())
    }

    async fn receipts(&self, transactions: &[phat_connector::Sent]) -> Result<Vec<Receipt>, ChainError> {
        let mut state = self.state();
        state.asked("receipts")?;
        if state.hides_receipts {
            return Ok(Vec::new());
        }
        let mut receipts = BTreeMap::new();
        let is_asked_for = |hash: TxHash| transactions.iter().any(|transaction| transaction.hash == hash);
        for block in &state.blocks {
            for (sent, answered) in block.transactions.iter().filter(|(sent, _)| is_asked_for(sent.hash)) {
                let effects = answered.iter().map(|id| (*id, EntryEffect::Fulfilled { callback_ok: true })).collect();
                receipts.insert(
                    sent.hash,
                    Receipt { hash: sent.hash, block: block.block, succeeded: true, gas_used: 1, effects },
                );
            }
        }
        Ok(receipts.into_values().collect())
    }

    async fn is_active(&self, _worker: WorkerAddress) -> Result<bool, ChainError> {
        Ok(true)
    }
}
