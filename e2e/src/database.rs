//! The relayer's database, as it is on the disk.

use anyhow::{Context, Result, ensure};
use phat_protocol::RequestId;
use phat_relayer::request::StateName;
use sqlx::{
    Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// Reads the database beside the relayer, or after its death.
#[derive(Debug)]
pub struct RelayerDatabase(SqliteConnection);

/// What must not be in the database, in words, and a query that finds it. Reports, attempts and transactions hold
/// together whatever a commit was cut off.
const IMPOSSIBLE: &[(&str, &str)] = &[
    (
        // What fills a nonce carries none, and has no more gas than a transfer may need: a reorganisation may open such an
        // attempt again, beside the one that took its requests over.
        "a request in two open attempts",
        "SELECT request_id FROM attempt_entries JOIN attempts ON attempts.id = attempt_id
        WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM transactions
            WHERE transactions.attempt_id = attempts.id AND transactions.gas_limit < 42000)
        GROUP BY request_id HAVING COUNT(*) > 1",
    ),
    (
        "a nonce in two attempts",
        "SELECT nonce FROM attempts WHERE state <> 'dead'
        GROUP BY chain, submitter, nonce HAVING COUNT(*) > 1",
    ),
    (
        "an attempt without a transaction",
        "SELECT id FROM attempts WHERE id NOT IN (SELECT attempt_id FROM transactions)",
    ),
    (
        "a mined attempt whose transactions are in no block",
        "SELECT id FROM attempts WHERE state = 'mined'
        AND id NOT IN (SELECT attempt_id FROM transactions WHERE block_number IS NOT NULL)",
    ),
    (
        "a request on its way to the chain without a report",
        "SELECT id FROM requests
        WHERE state IN ('reported', 'submitted') AND id NOT IN (SELECT request_id FROM reports)",
    ),
    (
        "a submitted request without an open attempt",
        "SELECT id FROM requests WHERE state = 'submitted'
        AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.id = requests.attempt_id AND attempts.state = 'open')",
    ),
    (
        "a count of requests that is wrong",
        "SELECT chain FROM request_counts WHERE requests <>
        (SELECT COUNT(*) FROM requests WHERE requests.chain = request_counts.chain
            AND requests.state = request_counts.state)",
    ),
];

impl RelayerDatabase {
    /// Opens it, for reading alone.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10));
        let opened = SqliteConnection::connect_with(&options).await;
        Ok(Self(opened.with_context(|| format!("can't open {}", path.display()))?))
    }

    /// The state of every request.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn states(&mut self) -> Result<BTreeMap<RequestId, StateName>> {
        let rows: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT id, state FROM requests").fetch_all(&mut self.0).await?;
        rows.into_iter().map(|(id, state)| Ok((RequestId(id.as_slice().try_into()?), state.parse()?))).collect()
    }

    /// How many requests are leased.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn leases(&mut self) -> Result<usize> {
        let query = sqlx::query_as("SELECT COUNT(*) FROM requests WHERE lease_token IS NOT NULL");
        let (leases,): (i64,) = query.fetch_one(&mut self.0).await?;
        Ok(leases.try_into()?)
    }

    /// How many attempts have no end that is known and final.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn open_attempts(&mut self) -> Result<u64> {
        let (open,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM attempts WHERE state = 'open'").fetch_one(&mut self.0).await?;
        Ok(open.try_into()?)
    }

    /// The height up to which the chain is watched; none where it isn't yet.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn cursor(&mut self) -> Result<Option<u64>> {
        let query = sqlx::query_as("SELECT MAX(block_number) FROM checkpoints");
        let (height,): (Option<i64>,) = query.fetch_one(&mut self.0).await?;
        Ok(height.map(u64::try_from).transpose()?)
    }

    /// Sees that the file is whole, that every reference has its row, that requests, reports and attempts fit
    /// together, and that every request's life has only steps that there are and ends in its state.
    ///
    /// # Errors
    /// With what isn't so.
    pub async fn expect_consistent(&mut self) -> Result<()> {
        let (integrity,): (String,) = sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut self.0).await?;
        ensure!(integrity == "ok", "the database isn't whole: {integrity}");
        let dangling: Vec<SqliteRow> = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut self.0).await?;
        ensure!(dangling.is_empty(), "{} rows refer to none", dangling.len());
        for (what, query) in IMPOSSIBLE {
            let found: Vec<SqliteRow> = sqlx::query(*query).fetch_all(&mut self.0).await?;
            ensure!(found.is_empty(), "the database has {what}, {} of them", found.len());
        }
        let mut lives = self.lives().await?;
        for (id, state) in self.states().await? {
            let life = lives.remove(&id).unwrap_or_default();
            ensure!(life.first() == Some(&StateName::Observed), "{id} began as {:?}", life.first());
            ensure!(life.last() == Some(&state), "{id} is {state}, and its life ends with {:?}", life.last());
            for (from, to) in life.iter().zip(life.iter().skip(1)) {
                ensure!(StateName::may_become(*from, *to), "{id} went from {from} to {to}");
            }
        }
        ensure!(lives.is_empty(), "{} lives are nobody's", lives.len());
        Ok(())
    }

    /// The states that each request went through, in their order.
    async fn lives(&mut self) -> Result<BTreeMap<RequestId, Vec<StateName>>> {
        let rows: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT request_id, event FROM events WHERE request_id IS NOT NULL ORDER BY sequence")
                .fetch_all(&mut self.0)
                .await?;
        let mut lives = BTreeMap::<_, Vec<_>>::new();
        for (id, event) in rows {
            // The others tell of what happened within a state.
            if let Ok(state) = event.parse() {
                lives.entry(RequestId(id.as_slice().try_into()?)).or_default().push(state);
            }
        }
        Ok(lives)
    }
}
