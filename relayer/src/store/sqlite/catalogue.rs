use super::{
    SqliteStore,
    row::{Place, signed},
};
use crate::{
    catalogue::CatalogueEntry,
    store::{CatalogueStore, StoreError},
};
use async_trait::async_trait;
use phat_protocol::{ContractId, Digest, Owner};
use sqlx::SqliteConnection;

#[derive(sqlx::FromRow)]
struct ContractRow {
    id: Vec<u8>,
    name: String,
    code_hash: Vec<u8>,
    init_data: Vec<u8>,
    owner: Vec<u8>,
    salt: Vec<u8>,
    revision: i64,
    deployed_at: i64,
}

impl TryFrom<ContractRow> for CatalogueEntry {
    type Error = StoreError;

    fn try_from(row: ContractRow) -> Result<Self, StoreError> {
        let contract_id: ContractId = Place { table: "contracts", row: &"(unreadable id)" }.id("id", &row.id)?;
        let place = Place { table: "contracts", row: &contract_id };
        Ok(Self {
            contract_id,
            name: place.text("name", &row.name)?,
            code_hash: place.id("code_hash", &row.code_hash)?,
            owner: Owner(place.id::<Digest>("owner", &row.owner)?),
            salt: place.id("salt", &row.salt)?,
            revision: place.unsigned("revision", row.revision)?,
            deployed_at_ms: row.deployed_at,
            init_data: row.init_data,
        })
    }
}

#[async_trait]
impl CatalogueStore for SqliteStore {
    async fn put_contract(&self, entry: &CatalogueEntry) -> Result<(), StoreError> {
        let entry = entry.clone();
        self.write(move |connection| Box::pin(put(connection, entry))).await
    }

    async fn contracts(&self) -> Result<Vec<CatalogueEntry>, StoreError> {
        let rows: Vec<ContractRow> = sqlx::query_as(
            "SELECT id, name, code_hash, init_data, owner, salt, revision, deployed_at
             FROM contracts ORDER BY deployed_at DESC, id",
        )
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(CatalogueEntry::try_from).collect()
    }

    async fn contract(&self, id: ContractId) -> Result<Option<CatalogueEntry>, StoreError> {
        let row: Option<ContractRow> = sqlx::query_as(
            "SELECT id, name, code_hash, init_data, owner, salt, revision, deployed_at FROM contracts WHERE id = ?",
        )
        .bind(id.0.as_slice())
        .fetch_optional(self.readers())
        .await?;
        row.map(CatalogueEntry::try_from).transpose()
    }
}

async fn put(connection: &mut SqliteConnection, entry: CatalogueEntry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO contracts (id, name, code_hash, init_data, owner, salt, revision, deployed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, revision = excluded.revision",
    )
    .bind(entry.contract_id.0.as_slice())
    .bind(entry.name.to_string())
    .bind(entry.code_hash.0.as_slice())
    .bind(entry.init_data.as_slice())
    .bind(entry.owner.as_bytes().as_slice())
    .bind(entry.salt.0.as_slice())
    .bind(signed(entry.revision))
    .bind(entry.deployed_at_ms)
    .execute(connection)
    .await?;
    Ok(())
}
