//! What the API keeps of contracts.

use super::StoreError;
use crate::catalogue::CatalogueEntry;
use async_trait::async_trait;
use phat_protocol::ContractId;

/// The contracts that were deployed through this relayer.
#[async_trait]
pub trait CatalogueStore: Send + Sync {
    /// Stores a contract. One that is there already gets the new name and revision, and keeps the
    /// time of its first deployment.
    async fn put_contract(&self, entry: &CatalogueEntry) -> Result<(), StoreError>;

    /// Every contract, the newest first.
    async fn contracts(&self) -> Result<Vec<CatalogueEntry>, StoreError>;

    /// One contract.
    async fn contract(&self, id: ContractId) -> Result<Option<CatalogueEntry>, StoreError>;
}
