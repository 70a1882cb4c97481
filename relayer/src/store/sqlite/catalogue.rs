use super::{
    SqliteStore, metadata,
    row::{Place, at, signed, to_json},
};
use crate::{
    catalogue::CatalogueEntry,
    clock::Millis,
    output::OutputDescription,
    store::{CatalogueRecord, CatalogueStore, CodeRecord, FailedRun, RecentRuns, StoreError},
};
use async_trait::async_trait;
use phat_protocol::{CodeHash, ContractId, Digest, Outcome, Owner, Report, RequestId};
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

/// How many of a contract's runs are recent.
const RECENT: u32 = 100;

/// A contract beside its code, where that is known.
const CONTRACT: &str = "SELECT id, name, code_hash, init_data, owner, salt, revision, deployed_at, size,
    COALESCE(contracts.output, codes.output) AS output
    FROM contracts LEFT JOIN codes ON codes.hash = contracts.code_hash";

#[derive(FromRow)]
struct ContractRow {
    id: Vec<u8>,
    name: String,
    code_hash: Vec<u8>,
    init_data: Vec<u8>,
    owner: Vec<u8>,
    salt: Vec<u8>,
    revision: i64,
    deployed_at: i64,
    size: Option<i64>,
    output: Option<String>,
}

impl TryFrom<ContractRow> for CatalogueRecord {
    type Error = StoreError;

    fn try_from(row: ContractRow) -> Result<Self, StoreError> {
        let contract_id: ContractId = Place { table: "contracts", row: &"(unreadable id)" }.id("id", &row.id)?;
        let place = Place { table: "contracts", row: &contract_id };
        let description: Option<OutputDescription> = row.output.map(|text| place.json("output", &text)).transpose()?;
        Ok(Self {
            size: row.size.map(|size| Place { table: "codes", ..place }.unsigned("size", size)).transpose()?,
            output: description.and_then(|description| description.resolve(&row.init_data)),
            entry: CatalogueEntry {
                contract_id,
                name: place.text("name", &row.name)?,
                code_hash: place.id("code_hash", &row.code_hash)?,
                owner: Owner(place.id::<Digest>("owner", &row.owner)?),
                salt: place.id("salt", &row.salt)?,
                revision: place.unsigned("revision", row.revision)?,
                deployed_at_ms: row.deployed_at,
                init_data: row.init_data,
            },
        })
    }
}

#[derive(FromRow)]
struct RunRow {
    contract: Vec<u8>,
    request: Vec<u8>,
    outcome: String,
    fuel: i64,
    elapsed_ms: i64,
    reported_at: i64,
}

/// The sums of which the means are made.
#[derive(Default)]
struct Tally {
    by_outcome: BTreeMap<Outcome, u64>,
    fuel: u128,
    elapsed_ms: u128,
    last_run_at: Option<Millis>,
    last_failure: Option<(Millis, RequestId)>,
}

impl Tally {
    fn add(&mut self, row: &RunRow) -> Result<(), StoreError> {
        let request: RequestId = Place { table: "requests", row: &"(executed)" }.id("id", &row.request)?;
        let place = Place { table: "reports", row: &request };
        let outcome = place.outcome("outcome", &row.outcome)?;
        let reported_at = Millis(row.reported_at);
        *self.by_outcome.entry(outcome).or_default() += 1;
        self.fuel += u128::from(place.unsigned::<u64>("fuel", row.fuel)?);
        self.elapsed_ms += u128::from(place.unsigned::<u64>("elapsed_ms", row.elapsed_ms)?);
        self.last_run_at = self.last_run_at.max(Some(reported_at));
        if outcome != Outcome::Ok && self.last_failure.is_none_or(|(at, _)| at <= reported_at) {
            self.last_failure = Some((reported_at, request));
        }
        Ok(())
    }

    fn mean(&self, sum: u128) -> Option<u64> {
        let runs: u64 = self.by_outcome.values().sum();
        u64::try_from(sum.checked_div(runs.into())?).ok()
    }
}

#[async_trait]
impl CatalogueStore for SqliteStore {
    async fn put_code(&self, code: &CodeRecord, now: Millis) -> Result<(), StoreError> {
        let code = code.clone();
        self.write(move |connection| Box::pin(put_code(connection, code, now))).await
    }

    async fn put_contract(&self, entry: &CatalogueEntry, output: Option<&OutputDescription>) -> Result<(), StoreError> {
        let (entry, output) = (entry.clone(), output.cloned());
        self.write(move |connection| Box::pin(put_contract(connection, entry, output))).await
    }

    async fn put_metadata(&self, code: CodeHash, document: &Value, now: Millis) -> Result<bool, StoreError> {
        let document = document.clone();
        self.write(move |connection| Box::pin(metadata::put(connection, code, document, now))).await
    }

    async fn metadata(&self, code: CodeHash) -> Result<Option<Value>, StoreError> {
        self.document(code).await
    }

    async fn contracts(&self) -> Result<Vec<CatalogueRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(CONTRACT);
        query.push(" ORDER BY deployed_at DESC, id");
        let rows: Vec<ContractRow> = query.build_query_as().fetch_all(self.readers()).await?;
        rows.into_iter().map(CatalogueRecord::try_from).collect()
    }

    async fn contract(&self, id: ContractId) -> Result<Option<CatalogueRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(CONTRACT);
        query.push(" WHERE id = ").push_bind(id.0.as_slice());
        let row: Option<ContractRow> = query.build_query_as().fetch_optional(self.readers()).await?;
        row.map(CatalogueRecord::try_from).transpose()
    }

    async fn recent_runs(&self, of: Option<ContractId>) -> Result<BTreeMap<ContractId, RecentRuns>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT contracts.id AS contract, requests.id AS request, requests.outcome, fuel, elapsed_ms, reported_at
             FROM contracts JOIN requests ON requests.rowid IN
                (SELECT run.rowid FROM requests AS run INDEXED BY requests_of_contract
                 WHERE run.contract_id = contracts.id AND run.outcome IS NOT NULL
                 ORDER BY run.observed_at DESC, run.rowid DESC LIMIT ",
        );
        query.push_bind(RECENT).push(") JOIN reports ON reports.request_id = requests.id");
        if let Some(of) = &of {
            query.push(" WHERE contracts.id = ").push_bind(of.0.as_slice());
        }
        let rows: Vec<RunRow> = query.build_query_as().fetch_all(self.readers()).await?;
        let mut tallies: BTreeMap<ContractId, Tally> = BTreeMap::new();
        for row in &rows {
            let contract = Place { table: "contracts", row: &"(unreadable id)" }.id("id", &row.contract)?;
            tallies.entry(contract).or_default().add(row)?;
        }
        let mut recent = BTreeMap::new();
        for (contract, tally) in tallies {
            let last_failure = match tally.last_failure {
                Some((at, request)) => self.failed_run(request, at).await?,
                None => None,
            };
            let runs = RecentRuns {
                mean_fuel: tally.mean(tally.fuel),
                mean_elapsed_ms: tally.mean(tally.elapsed_ms),
                last_run_at: tally.last_run_at,
                by_outcome: tally.by_outcome,
                last_failure,
            };
            recent.insert(contract, runs);
        }
        Ok(recent)
    }
}

impl SqliteStore {
    async fn failed_run(&self, request: RequestId, at: Millis) -> Result<Option<FailedRun>, StoreError> {
        let row: Option<(String, Option<String>)> =
            sqlx::query_as("SELECT report, reason FROM reports WHERE request_id = ?")
                .bind(request.0.as_slice())
                .fetch_optional(self.readers())
                .await?;
        let Some((report, reason)) = row else { return Ok(None) };
        let report: Report = Place { table: "reports", row: &request }.json("report", &report)?;
        Ok(Some(FailedRun { request, at, outcome: report.outcome, reason, output: report.output }))
    }
}

async fn put_code(connection: &mut SqliteConnection, code: CodeRecord, now: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO codes (hash, size, output, put_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (hash) DO UPDATE SET size = excluded.size, output = excluded.output",
    )
    .bind(code.hash.0.as_slice())
    .bind(signed(code.size))
    .bind(code.output.as_ref().map(to_json).transpose()?)
    .bind(at(now))
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_contract(
    connection: &mut SqliteConnection,
    entry: CatalogueEntry,
    output: Option<OutputDescription>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO contracts (id, name, code_hash, init_data, owner, salt, revision, deployed_at, output)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, revision = excluded.revision,
            output = COALESCE(excluded.output, contracts.output)",
    )
    .bind(entry.contract_id.0.as_slice())
    .bind(entry.name.to_string())
    .bind(entry.code_hash.0.as_slice())
    .bind(entry.init_data.as_slice())
    .bind(entry.owner.as_bytes().as_slice())
    .bind(entry.salt.0.as_slice())
    .bind(signed(entry.revision))
    .bind(entry.deployed_at_ms)
    .bind(output.as_ref().map(to_json).transpose()?)
    .execute(connection)
    .await?;
    Ok(())
}
