use crate::{
    EvmChain, abi,
    bindings::phat_oracle::{FulfillBatchCall, FulfillCall},
    chain::{ContractCall, Inner},
    fees, gas,
    node::{header_call, read_latest, small},
    simulation::Trial,
    transport::{Call, CallError},
    wallet::{Unsigned, insufficient},
};
use async_trait::async_trait;
use ethers::{
    abi::AbiEncode,
    types::{Address, BlockNumber, H256, Transaction, U256, transaction::eip2718::TypedTransaction},
    utils::{keccak256, rlp::Rlp},
};
use phat_connector::{Acceptance, Account, ChainError, Entry, Fees, Outlook, PreparedTransaction, ReportSink};
use phat_protocol::{Amount, OracleChain, Payee, Request};

/// Codes that Ethereum's execution APIs give to transactions that can't be run (their catalogue of errors,
/// which `eth_simulateV1` brought), and that no client uses for anything else. What nodes answer to
/// `eth_sendRawTransaction` besides is -32000 for all (go-ethereum, Erigon, Nethermind's -32010), or means
/// something else elsewhere (Besu's -32001 and -32004 are EIP-1474's "not found" and "not supported").
const NONCE_TOO_LOW: i64 = -38010;
const INSUFFICIENT_FUNDS: i64 = -38014;

#[async_trait]
impl ReportSink for EvmChain {
    fn submitter(&self) -> Account {
        Account(self.account().to_string())
    }

    fn payee(&self) -> Payee {
        Payee::from(self.account())
    }

    async fn mined_nonce(&self) -> Result<u64, ChainError> {
        self.0.node.nonce(self.1.address(), BlockNumber::Latest).await
    }

    async fn balance(&self) -> Result<Amount, ChainError> {
        self.0.node.balance(self.1.address()).await.map(abi::amount)
    }

    async fn outlook(&self) -> Result<Outlook, ChainError> {
        let [gas_price, priority_fee, history] = fees::calls();
        let from = self.1.address();
        let [nonce, pending, latest, gas_price, priority_fee, history] = self
            .0
            .node
            .batch([
                Call::new("eth_getTransactionCount", (from, BlockNumber::Latest)),
                Call::new("eth_getTransactionCount", (from, BlockNumber::Pending)),
                header_call(BlockNumber::Latest),
                gas_price,
                priority_fee,
                history,
            ])
            .await?;
        let latest = read_latest(latest)?;
        let mined_nonce = small("eth_getTransactionCount", nonce.read::<U256>()?)?;
        // Not every node keeps a pool that it would tell of.
        let pending_nonce = match pending.read::<U256>() {
            Ok(pending) => small("eth_getTransactionCount", pending)?.max(mined_nonce),
            Err(CallError::Answered(_)) => mined_nonce,
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => return Err(error.into()),
        };
        Ok(Outlook {
            mined_nonce,
            pending_nonce,
            fee_cap: self.0.fees.max_fee,
            fees: fees::read(&latest, gas_price, priority_fee, history, self.0.fees)?.fees,
            gas_limit: gas::most(latest.gas_limit),
        })
    }

    fn fitting(&self, entries: &[Entry], gas_limit: u64) -> usize {
        gas::fitting(entries, gas_limit)
    }

    async fn prepare(&self, entries: &[Entry], nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        let data = self.0.answer_data(entries)?;
        let bound = gas::bound(entries, &data);
        if entries.len() > 1 && bound > gas::MAX_TRANSACTION {
            return Err(ChainError::Reverted { reason: format!("the batch may need {bound} gas") });
        }
        let trial = self.0.gauge.trial();
        self.sign_within(self.0.oracle_address(), data, nonce, fees, bound, trial).await
    }

    async fn prepare_filler(&self, nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        self.sign_within(self.1.address(), Vec::new(), nonce, fees, gas::TRANSACTION, Trial::Estimate).await
    }

    /// Nodes agree on few codes for what they refuse, so the chain itself is asked what became of the
    /// transaction, its nonce and its sender.
    async fn broadcast(&self, raw: &[u8]) -> Result<Acceptance, ChainError> {
        match self.0.node.send_raw(raw).await {
            Ok(_hash) => Ok(Acceptance::Pooled),
            Err(CallError::Answered(answered)) => self.0.why_refused(raw, CallError::Answered(answered)).await,
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error.into()),
        }
    }
}

impl EvmChain {
    /// Simulates the call, sees whether it can be paid, and signs it with enough gas: `bound`, or what
    /// the node estimates and a fifth where that is more.
    async fn sign_within(
        &self,
        to: Address,
        data: Vec<u8>,
        nonce: u64,
        fees: Fees,
        bound: u64,
        trial: Trial,
    ) -> Result<PreparedTransaction, ChainError> {
        let from = self.1.address();
        let call = ContractCall { from: Some(from), to, data: data.clone().into(), gas: None };
        let [latest, balance, tried] = self
            .0
            .node
            .batch([
                header_call(BlockNumber::Latest),
                Call::new("eth_getBalance", (from, BlockNumber::Latest)),
                // At the newest block: what waits in the pool may be what this replaces.
                trial.call(call, bound),
            ])
            .await?;
        let latest = read_latest(latest)?;
        let balance: U256 = balance.read()?;
        let wanted = self.0.gauge.gas(trial, tried, bound)?;
        // What is over the most is left to the oracle: it ends a batch where the gas does.
        let gas_limit = wanted.min(gas::most(latest.gas_limit));
        let needed = U256::from(gas_limit).saturating_mul(abi::uint(fees.max_fee));
        if balance < needed {
            return Err(insufficient(from, balance, needed));
        }
        let unsigned = Unsigned {
            to: Some(to),
            value: U256::zero(),
            data,
            nonce,
            gas_limit,
            fees,
            has_base_fee: latest.base_fee.is_some(),
        };
        let (hash, raw) = self.1.sign(&unsigned).await?;
        Ok(PreparedTransaction { hash, raw, nonce, gas_limit, fees })
    }
}

impl Inner {
    pub(crate) fn oracle_address(&self) -> Address {
        abi::address(self.oracle)
    }

    /// The call of `fulfill` for one entry, of `fulfillBatch` for several.
    pub(crate) fn answer_data(&self, entries: &[Entry]) -> Result<Vec<u8>, ChainError> {
        let refused = |reason: &str| ChainError::Reverted { reason: reason.to_owned() };
        let mut encoded = Vec::with_capacity(entries.len());
        for entry in entries {
            self.belongs(entry)?;
            encoded.push(abi::entry(entry).ok_or_else(|| refused("the entry is of another chain family"))?);
        }
        match <[_; 1]>::try_from(encoded) {
            Ok([entry]) => {
                Ok(FulfillCall { request: entry.request, report: entry.report, signatures: entry.signatures }.encode())
            }
            Err(entries) if entries.is_empty() => Err(refused("there is no entry")),
            Err(entries) => Ok(FulfillBatchCall { entries }.encode()),
        }
    }

    /// Whether the entry is of this oracle, and answers its own request.
    pub(crate) fn belongs(&self, entry: &Entry) -> Result<(), ChainError> {
        let ours = matches!(&entry.request, Request::Evm(request)
            if request.chain_id == self.chain_id && request.oracle == self.oracle);
        if ours && entry.request.request_id() == entry.report.request_id {
            return Ok(());
        }
        Err(ChainError::Reverted { reason: "the entry is of another oracle, or answers another request".to_owned() })
    }

    /// What became of a transaction that a node refused. Its code says where it is one that means the same
    /// everywhere; else the chain's state does.
    async fn why_refused(&self, raw: &[u8], refusal: CallError) -> Result<Acceptance, ChainError> {
        let Ok((transaction, signature)) = TypedTransaction::decode_signed(&Rlp::new(raw)) else {
            return Err(refusal.into());
        };
        let (Ok(sender), Some(nonce)) = (signature.recover(transaction.sighash()), transaction.nonce()) else {
            return Err(refusal.into());
        };
        let code = match &refusal {
            CallError::Answered(answered) => Some(answered.error.code),
            CallError::Failed(_) | CallError::TooLong { .. } => None,
        };
        if code == Some(NONCE_TOO_LOW) {
            return Ok(Acceptance::NonceUsed);
        }
        let [known, mined, pooled, balance, latest] = self
            .node
            .batch([
                Call::new("eth_getTransactionByHash", [H256(keccak256(raw))]),
                Call::new("eth_getTransactionCount", (sender, BlockNumber::Latest)),
                Call::new("eth_getTransactionCount", (sender, BlockNumber::Pending)),
                Call::new("eth_getBalance", (sender, BlockNumber::Latest)),
                header_call(BlockNumber::Latest),
            ])
            .await?;
        let known: Option<Transaction> = known.read()?;
        let (mined, pooled, balance): (U256, U256, U256) = (mined.read()?, pooled.read()?, balance.read()?);
        if *nonce < mined {
            return Ok(Acceptance::NonceUsed);
        }
        if known.is_some() {
            return Ok(Acceptance::Pooled);
        }
        if *nonce < pooled {
            return Ok(Acceptance::Underpriced);
        }
        let gas = transaction.gas().copied().unwrap_or_default();
        let needed = gas.saturating_mul(transaction.gas_price().unwrap_or_default());
        if balance < needed || code == Some(INSUFFICIENT_FUNDS) {
            return Err(insufficient(sender, balance, needed));
        }
        // Some nodes pool what can't be mined yet, others don't.
        let base_fee = read_latest(latest)?.base_fee;
        if base_fee.is_some_and(|base_fee| transaction.gas_price().is_some_and(|offered| offered < base_fee)) {
            return Ok(Acceptance::Underpriced);
        }
        Err(refusal.into())
    }
}
