//! What the API keeps of code and contracts, and what it reads of their runs.

use super::StoreError;
use crate::{
    catalogue::CatalogueEntry,
    clock::Millis,
    output::{OutputDescription, OutputFormat},
};
use async_trait::async_trait;
use phat_protocol::{CodeHash, ContractId, Outcome, RequestId};
use serde_json::Value;
use std::collections::BTreeMap;

/// Code that was put through this relayer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRecord {
    /// BLAKE2b-256 of the wasm bytes.
    pub hash: CodeHash,
    /// Its length in bytes.
    pub size: u64,
    /// What it says of its contracts' outputs.
    pub output: Option<OutputDescription>,
}

/// A contract, and what its code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRecord {
    /// The contract.
    pub entry: CatalogueEntry,
    /// The length of its code in bytes; none when the code was not put through this relayer.
    pub size: Option<u64>,
    /// How its output is read: as its deployment said, or else its code.
    pub output: Option<OutputFormat>,
}

/// What came of a contract's last runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentRuns {
    /// How they ended; outcomes without any are left out.
    pub by_outcome: BTreeMap<Outcome, u64>,
    /// When the last report was stored.
    pub last_run_at: Option<Millis>,
    /// The last run that did not end in Ok.
    pub last_failure: Option<FailedRun>,
    /// Fuel that one used on average.
    pub mean_fuel: Option<u64>,
    /// How long one took on average, milliseconds.
    pub mean_elapsed_ms: Option<u64>,
}

/// A run that did not end in Ok.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRun {
    /// The request.
    pub request: RequestId,
    /// When its report was stored.
    pub at: Millis,
    /// How the run ended.
    pub outcome: Outcome,
    /// Why, in the enclave's words.
    pub reason: Option<String>,
    /// The contract's own error, where it gave one.
    pub output: Vec<u8>,
}

/// The code and the contracts that came through this relayer.
#[async_trait]
pub trait CatalogueStore: Send + Sync {
    /// Stores what is known of a piece of code; what was known before is replaced.
    async fn put_code(&self, code: &CodeRecord, now: Millis) -> Result<(), StoreError>;

    /// Stores a contract, and how its output is read where its deployment says it. One that is there already gets
    /// the new name and revision, keeps the time of its first deployment, and keeps how its output is read unless
    /// that is said anew.
    async fn put_contract(&self, entry: &CatalogueEntry, output: Option<&OutputDescription>) -> Result<(), StoreError>;

    /// Stores what ink! metadata says of a piece of code, in place of what was said before. Answers whether the code
    /// is known here; nothing is stored where it isn't.
    async fn put_metadata(&self, code: CodeHash, document: &Value, now: Millis) -> Result<bool, StoreError>;

    /// The metadata of a piece of code, as it was put.
    async fn metadata(&self, code: CodeHash) -> Result<Option<Value>, StoreError>;

    /// Every contract, the newest first.
    async fn contracts(&self) -> Result<Vec<CatalogueRecord>, StoreError>;

    /// One contract.
    async fn contract(&self, id: ContractId) -> Result<Option<CatalogueRecord>, StoreError>;

    /// The runs of the newest 100 requests that were executed, of each contract in the catalogue, or of one alone.
    /// Contracts without any are left out.
    async fn recent_runs(&self, of: Option<ContractId>) -> Result<BTreeMap<ContractId, RecentRuns>, StoreError>;
}
