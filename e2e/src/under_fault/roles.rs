//! Every role that a stage knows, with a point before and one after each of its calls.

use super::point::Points;
use async_trait::async_trait;
use bytes::Bytes;
use phat_connector::{
    Acceptance, Account, Asked, BlockRef, ChainError, ChainFacts, Entry, EntryRefusal, Fees, Head, ObservedRequest,
    OnChainState, OracleStatus, Outlook, PreparedTransaction, Receipt, ReportSink, RequestSource, Resolution, Sent,
    TxHash,
};
use phat_enclave_api::{
    Act, Acted, Call, CallResult, Code, Contract, Enclave, EnclaveError, Execute, Execution, Instantiate, Quote,
    QuoteFor, Simulate, Simulation, Status,
};
use phat_protocol::{Amount, ContractId, Payee, RequestId, WorkerAddress};
use phat_relayer::{
    attempt::{AttemptId, MinedAttempt, OpenAttempt},
    clock::Millis,
    request::IgnoreReason,
    store::{
        Attempted, Checkpoint, ExecuteStore, Lease, LeaseToken, Leased, NewAttempt, Postponed, ReadyReport,
        RefusedReport, Rescan, RescanStore, Rescanned, SettleStore, StoreError, SubmitStore, Suspect, Unproven,
        Verdict, WatchStore, sqlite::SqliteStore,
    },
};
use std::{convert::Infallible, ops::RangeInclusive, sync::Arc};
use tokio::sync::watch;

/// A part with points around its calls.
pub struct Watched<Part: ?Sized> {
    part: Arc<Part>,
    points: Points,
}

impl<Part: ?Sized> Watched<Part> {
    pub(super) const fn new(part: Arc<Part>, points: Points) -> Self {
        Self { part, points }
    }
}

/// The calls that have points, by role.
pub(super) const CALLS: &[&[&str]] = &[WATCH, RESCAN, EXECUTE, SUBMIT, SETTLE, SOURCE, SINK, STATUS, ENCLAVE];

/// Implements a role: each call of the first block has its points and stands in the list; what is in the second
/// block is no await between two stages' effects.
macro_rules! watched {
    (
        $calls:ident = $role:ident for $part:ty {
            $(async fn $call:ident($($name:ident: $type:ty),* $(,)?) -> $answer:ty;)*
        }
        $(beside { $($plain:tt)* })?
    ) => {
        const $calls: &[&str] = &[$(concat!(stringify!($role), "::", stringify!($call))),*];

        #[async_trait]
        impl $role for Watched<$part> {
            $(async fn $call(&self, $($name: $type),*) -> $answer {
                let call = concat!(stringify!($role), "::", stringify!($call));
                self.points.around(call, self.part.$call($($name),*)).await
            })*
            $($($plain)*)?
        }
    };
}

watched! {
    WATCH = WatchStore for SqliteStore {
        async fn checkpoints(chain: &str, limit: u32) -> Result<Vec<Checkpoint>, StoreError>;
        async fn observe(
            chain: &str, requests: &[ObservedRequest], checkpoint: Checkpoint, now: Millis,
        ) -> Result<u64, StoreError>;
        async fn rewind(chain: &str, ancestor: Option<Checkpoint>, now: Millis) -> Result<u64, StoreError>;
    }
}

watched! {
    RESCAN = RescanStore for SqliteStore {
        async fn rescan(chain: &str) -> Result<Option<Rescan>, StoreError>;
        async fn rescanned(chain: &str, part: &Rescanned, now: Millis) -> Result<u64, StoreError>;
        async fn rescan_failed(chain: &str, order: &Rescan, why: &str) -> Result<(), StoreError>;
    }
}

watched! {
    EXECUTE = ExecuteStore for SqliteStore {
        async fn lease(chain: &str, lease: Lease, limit: u32, now: Millis) -> Result<Vec<Leased>, StoreError>;
        async fn report(
            id: RequestId, token: LeaseToken, execution: &Execution, now: Millis,
        ) -> Result<(), StoreError>;
        async fn ignore(
            id: RequestId, token: LeaseToken, reason: &IgnoreReason, now: Millis,
        ) -> Result<(), StoreError>;
        async fn give_back(postponed: &[Postponed], token: LeaseToken) -> Result<(), StoreError>;
        async fn may_run(id: RequestId, token: LeaseToken) -> Result<bool, StoreError>;
        async fn release(id: RequestId, token: LeaseToken) -> Result<(), StoreError>;
        async fn wanted(
            chain: &str, after: Option<ContractId>, limit: u32, now: Millis,
        ) -> Result<Vec<ContractId>, StoreError>;
        async fn reconsider(contract: ContractId, now: Millis) -> Result<u64, StoreError>;
    }
}

watched! {
    SUBMIT = SubmitStore for SqliteStore {
        async fn ready(chain: &str, limit: u32, now: Millis) -> Result<Vec<ReadyReport>, StoreError>;
        async fn begin(attempts: &[NewAttempt], now: Millis) -> Result<Vec<AttemptId>, StoreError>;
        async fn add_transaction(
            attempt: AttemptId, transaction: &PreparedTransaction, now: Millis,
        ) -> Result<(), StoreError>;
        async fn entries(attempt: AttemptId) -> Result<Vec<Entry>, StoreError>;
        async fn sent(hashes: &[TxHash], now: Millis) -> Result<(), StoreError>;
        async fn put_off(refused: &[RefusedReport], now: Millis) -> Result<(), StoreError>;
        async fn open_attempts(chain: &str) -> Result<Vec<OpenAttempt>, StoreError>;
    }
}

watched! {
    SETTLE = SettleStore for SqliteStore {
        async fn overdue(chain: &str, expires_at: u64) -> Result<Vec<Suspect>, StoreError>;
        async fn retryable(chain: &str, expires_after: u64) -> Result<Vec<Suspect>, StoreError>;
        async fn conclude(id: RequestId, verdict: &Verdict, now: Millis) -> Result<(), StoreError>;
        async fn unproven(chain: &str, limit: u32) -> Result<Vec<Unproven>, StoreError>;
        async fn prove(there: &[RequestId], gone: &[RequestId], now: Millis) -> Result<(), StoreError>;
        async fn attempted(
            attempt: AttemptId, ended: &Attempted, is_final: bool, now: Millis,
        ) -> Result<(), StoreError>;
        async fn newest_mined(chain: &str, limit: u32) -> Result<Vec<MinedAttempt>, StoreError>;
        async fn reopen(attempt: AttemptId, now: Millis) -> Result<(), StoreError>;
        async fn unsettle(attempt: AttemptId, now: Millis) -> Result<(), StoreError>;
    }
}

watched! {
    SOURCE = RequestSource for dyn RequestSource {
        async fn head() -> Result<Head, ChainError>;
        async fn block(number: u64) -> Result<Option<BlockRef>, ChainError>;
        async fn requests(blocks: RangeInclusive<u64>) -> Result<Vec<ObservedRequest>, ChainError>;
    }
    // What asks no one, what is the API's alone, and what rings doorbells.
    beside {
        fn reach(&self) -> u64 {
            self.part.reach()
        }

        async fn block_time(&self, number: u64) -> Result<Option<u64>, ChainError> {
            self.part.block_time(number).await
        }

        async fn listen(&self, heads: &watch::Sender<u64>) -> Result<Infallible, ChainError> {
            self.part.listen(heads).await
        }
    }
}

watched! {
    SINK = ReportSink for dyn ReportSink {
        async fn mined_nonce() -> Result<u64, ChainError>;
        async fn outlook() -> Result<Outlook, ChainError>;
        async fn prepare(entries: &[Entry], nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError>;
        async fn prepare_filler(nonce: u64, fees: Fees) -> Result<PreparedTransaction, ChainError>;
        async fn broadcast(raw: &[u8]) -> Result<Acceptance, ChainError>;
    }
    // The balance is no part of a request's way; the others wait for nothing.
    beside {
        async fn balance(&self) -> Result<Amount, ChainError> {
            self.part.balance().await
        }

        fn submitter(&self) -> Account {
            self.part.submitter()
        }

        fn payee(&self) -> Payee {
            self.part.payee()
        }

        fn fitting(&self, entries: &[Entry], gas_limit: u64) -> usize {
            self.part.fitting(entries, gas_limit)
        }
    }
}

watched! {
    STATUS = OracleStatus for dyn OracleStatus {
        async fn facts() -> Result<ChainFacts, ChainError>;
        async fn states(ids: &[RequestId], block: Option<u64>) -> Result<Vec<OnChainState>, ChainError>;
        async fn resolutions(requests: &[Asked], to: u64) -> Result<Vec<Resolution>, ChainError>;
        async fn refusals(entries: &[Entry]) -> Result<Vec<Option<EntryRefusal>>, ChainError>;
        async fn receipts(transactions: &[Sent]) -> Result<Vec<Receipt>, ChainError>;
    }
    // The API's alone.
    beside {
        async fn is_active(&self, worker: WorkerAddress) -> Result<bool, ChainError> {
            self.part.is_active(worker).await
        }
    }
}

watched! {
    ENCLAVE = Enclave for dyn Enclave {
        async fn contract(id: ContractId) -> Result<Option<Contract>, EnclaveError>;
        async fn execute(execute: &Execute) -> Result<Execution, EnclaveError>;
    }
    // The API's alone.
    beside {
        async fn status(&self) -> Result<Status, EnclaveError> {
            self.part.status().await
        }

        async fn quote(&self, quote_for: &QuoteFor) -> Result<Quote, EnclaveError> {
            self.part.quote(quote_for).await
        }

        async fn put_code(&self, wasm: Bytes) -> Result<Code, EnclaveError> {
            self.part.put_code(wasm).await
        }

        async fn instantiate(&self, instantiate: &Instantiate) -> Result<Contract, EnclaveError> {
            self.part.instantiate(instantiate).await
        }

        async fn simulate(&self, simulate: &Simulate) -> Result<Simulation, EnclaveError> {
            self.part.simulate(simulate).await
        }

        async fn call(&self, call: &Call) -> Result<CallResult, EnclaveError> {
            self.part.call(call).await
        }

        async fn act(&self, act: &Act) -> Result<Acted, EnclaveError> {
            self.part.act(act).await
        }
    }
}
