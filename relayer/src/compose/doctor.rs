//! `relayer doctor` on the concrete parts.

use super::{Opened, open_chain, open_enclave};
use crate::{
    clock::{Clock, SystemClock},
    config::{ChainConfig, Config, DatabaseConfig},
    doctor::{self, Check, Deployed, Presence, Registration},
    store::sqlite::SqliteInspection,
};
use async_trait::async_trait;
use futures_util::future::join_all;
use phat_connector::{ChainError, EndpointReport};
use phat_enclave_api::{Enclave, EnclaveError, Status};
use phat_protocol::ContractId;
use std::path::Path;

/// What only a doctor asks of a chain's end.
#[async_trait]
pub(super) trait Examiner: Send + Sync {
    /// Asks every endpoint, and says how each does.
    async fn look_at_endpoints(&self) -> Vec<EndpointReport>;

    /// What the oracle is made of.
    async fn deployed(&self) -> Result<Deployed, ChainError>;

    /// What the registry knows of the enclave's worker.
    async fn registration(&self, status: &Status) -> Result<Registration, ChainError>;
}

/// Looks at every part that the configuration names. It changes nothing, and the database is opened
/// for reading alone: a relayer may be using it.
pub async fn examine(config: &Config) -> Vec<Check> {
    let now = SystemClock.now().as_secs();
    let (mut checks, catalogue) = database(&config.database).await;
    let enclave = match open_enclave(config) {
        Ok(enclave) => enclave,
        Err(error) => {
            checks.push(Check::fail("enclave", format!("{error:#}"), "mend enclave.endpoint"));
            return checks;
        }
    };
    let status = enclave.status().await;
    checks.extend(doctor::enclave(&status, config.enclave.allow_simulated));
    checks.extend(status.as_ref().ok().map(|status| doctor::against_enclave(now, status.now)));
    let batch = config.submit.batch.get();
    let chains = config.chains.iter().map(|(name, chain)| examine_chain(name, chain, status.as_ref().ok(), now, batch));
    checks.extend(join_all(chains).await.into_iter().flatten());
    if status.is_ok() {
        let present = catalogue.into_iter().map(|(id, name)| presence(&enclave, id, name));
        checks.extend(doctor::contracts(&join_all(present).await));
    }
    checks
}

/// The database's checks, and its catalogue.
async fn database(config: &DatabaseConfig) -> (Vec<Check>, Vec<(ContractId, String)>) {
    let DatabaseConfig::Sqlite(path) = config;
    if !path.exists() {
        return (doctor::database(path, None), Vec::new());
    }
    let looked = async |path: &Path| {
        let database = SqliteInspection::open(path).await?;
        Ok((database.schema().await?, database.contracts().await?))
    };
    match looked(path).await {
        Ok((schema, catalogue)) => (doctor::database(path, Some(Ok(schema))), catalogue),
        Err(error) => (doctor::database(path, Some(Err(error))), Vec::new()),
    }
}

async fn presence(enclave: &dyn Enclave, id: ContractId, name: String) -> Presence {
    let in_enclave: Result<bool, EnclaveError> = enclave.contract(id).await.map(|contract| contract.is_some());
    Presence { id, name, in_enclave }
}

async fn examine_chain(name: &str, config: &ChainConfig, status: Option<&Status>, now: u64, batch: u32) -> Vec<Check> {
    let Opened { end, endpoints, examiner, .. } = match open_chain(name, config) {
        Ok(opened) => opened,
        Err(error) => {
            let remedy = format!("mend the section [chains.{name}]");
            return vec![Check::fail(format!("chain {name}"), format!("{error:#}"), remedy)];
        }
    };
    // One endpoint is looked at as the chain itself.
    let several = endpoints.endpoints().len() > 1;
    let reports = if several { examiner.look_at_endpoints().await } else { Vec::new() };
    let facts = end.status.facts().await;
    let (head, deployed) = match &facts {
        Ok(_) => tokio::join!(end.source.head(), examiner.deployed()),
        Err(error) => (Err(error.clone()), Err(error.clone())),
    };
    let mut checks = doctor::oracle(name, config.finality(), &facts, &head, &deployed);
    checks.extend(doctor::endpoints(name, &reports));
    if facts.is_err() {
        return checks;
    }
    if let Ok(head) = &head {
        checks.push(doctor::against_chain(name, now, head.timestamp));
    }
    let wallets = end.submitters.iter().map(async |submitter| {
        let (balance, outlook) = tokio::join!(submitter.sink.balance(), submitter.sink.outlook());
        doctor::wallet(name, &submitter.sink.submitter(), &balance, submitter.min_balance, &outlook, batch)
    });
    checks.extend(join_all(wallets).await);
    if let Some(status) = status {
        let registration = examiner.registration(status).await;
        let time = head.as_ref().map_or(now, |head| head.timestamp.max(now));
        checks.push(doctor::registration(name, status, &registration, time));
    }
    checks
}
