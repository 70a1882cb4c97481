use crate::{
    EvmChain, abi,
    bindings::phat_oracle::{FulfillBatchCall, FulfillCall},
    chain::{ContractCall, Inner},
    fees, gas,
    node::{header_call, read_latest, small},
    simulation::Gauge,
    wallet::{Unsigned, insufficient},
};
use async_trait::async_trait;
use ethers::{
    abi::AbiEncode,
    types::{Address, BlockNumber, U256},
};
use phat_connector::{
    Acceptance, Account, ChainError, Entry, Fees, Outlook, PreparedTransaction, ReportSink,
    rpc::{Call, CallError},
};
use phat_protocol::{Amount, OracleChain, Payee, Request};

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
            is_unsigned: false,
        })
    }

    fn fitting(&self, entries: &[Entry], gas_limit: u64) -> usize {
        gas::fitting(entries, self.0.gauge.within(gas_limit))
    }

    async fn prepare(&self, entries: &[Entry], nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        let data = self.0.answer_data(entries)?;
        let bound = gas::bound(entries, &data);
        let too_large = |gas: u64| ChainError::Reverted { reason: format!("the batch may need {gas} gas") };
        if entries.len() > 1 && bound > gas::MAX_TRANSACTION {
            return Err(too_large(bound));
        }
        let to = self.0.oracle_address();
        let tried = self.try_out(to, &data, bound, &self.0.gauge).await?;
        if entries.len() > 1 && tried.gas > tried.most {
            return Err(too_large(tried.gas));
        }
        self.sign(to, data, nonce, fees, &tried).await
    }

    async fn prepare_filler(&self, nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError> {
        let to = self.1.address();
        // What it needs says nothing of reports.
        let tried = self.try_out(to, &[], gas::TRANSACTION, &Gauge::default()).await?;
        self.sign(to, Vec::new(), nonce, fees, &tried).await
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<Acceptance, ChainError> {
        match self.0.node.send_raw(raw).await {
            Ok(_hash) => Ok(Acceptance::Pooled),
            Err(CallError::Answered(answered)) => self.0.why_rejected(raw, answered).await,
            Err(error @ (CallError::Failed(_) | CallError::TooLong { .. })) => Err(error.into()),
        }
    }
}

/// What the node said of a transaction before it was signed.
struct Tried {
    /// What it should have: its bound, or what the node estimates and a fifth where that is more.
    gas: u64,
    /// The most that it may have.
    most: u64,
    /// What the account has, in wei.
    balance: U256,
    has_base_fee: bool,
}

impl EvmChain {
    /// Simulates a call.
    async fn try_out(&self, to: Address, data: &[u8], bound: u64, gauge: &Gauge) -> Result<Tried, ChainError> {
        let from = self.1.address();
        let call = ContractCall { from: Some(from), to, data: data.to_vec().into(), gas: None };
        let trial = gauge.trial();
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
        let gas = gauge.gas(trial, tried, bound)?;
        Ok(Tried { gas, most: gas::most(latest.gas_limit), balance, has_base_fee: latest.base_fee.is_some() })
    }

    /// Sees whether the call can be paid, and signs it.
    async fn sign(
        &self,
        to: Address,
        data: Vec<u8>,
        nonce: u64,
        fees: Fees,
        tried: &Tried,
    ) -> Result<PreparedTransaction, ChainError> {
        // What is over the most is left to the oracle: it ends a batch where the gas does.
        let gas_limit = tried.gas.min(tried.most);
        let needed = U256::from(gas_limit).saturating_mul(abi::uint(fees.max_fee));
        if tried.balance < needed {
            return Err(insufficient(self.1.address(), tried.balance, needed));
        }
        let has_base_fee = tried.has_base_fee;
        let unsigned = Unsigned { to: Some(to), value: U256::zero(), data, nonce, gas_limit, fees, has_base_fee };
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
}
