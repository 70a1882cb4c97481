//! The metadata of code.

use super::{
    SqliteStore,
    row::{Place, at, to_json},
};
use crate::{clock::Millis, store::StoreError};
use phat_protocol::CodeHash;
use serde_json::Value;
use sqlx::SqliteConnection;

/// Answers whether the code is known here.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    code: CodeHash,
    document: Value,
    now: Millis,
) -> Result<bool, StoreError> {
    let put = sqlx::query(
        "INSERT INTO metadata (code_hash, document, put_at) SELECT hash, ?, ? FROM codes WHERE hash = ?
         ON CONFLICT (code_hash) DO UPDATE SET document = excluded.document, put_at = excluded.put_at",
    )
    .bind(to_json(&document)?)
    .bind(at(now))
    .bind(code.0.as_slice())
    .execute(connection)
    .await?;
    Ok(put.rows_affected() == 1)
}

impl SqliteStore {
    pub(super) async fn document(&self, code: CodeHash) -> Result<Option<Value>, StoreError> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM metadata WHERE code_hash = ?")
            .bind(code.0.as_slice())
            .fetch_optional(self.readers())
            .await?;
        document.map(|text| Place { table: "metadata", row: &code }.json("document", &text)).transpose()
    }
}
