//! `relayer doctor` on the concrete parts.

use super::{evm_settings, open_enclave, signing_key};
use crate::{
    clock::{Clock, SystemClock},
    config::{ChainConfig, ChainKind, Config, DatabaseConfig, EvmConfig},
    doctor::{self, Check, CodeOnChain, Contracts, Presence, Registration},
    store::sqlite::SqliteInspection,
};
use futures_util::future::join_all;
use phat_connector::{ChainError, Finality, OracleStatus, ReportSink, RequestSource, rpc::SettingsError};
use phat_connector_evm::{
    DeployedCode, EvmChain,
    admin::{AdminError, EvmAdmin},
};
use phat_enclave_api::{Enclave, EnclaveError, Status};
use phat_protocol::{ContractId, EvmAddress};
use std::path::Path;

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

async fn examine_chain(name: &str, chain: &ChainConfig, status: Option<&Status>, now: u64, batch: u32) -> Vec<Check> {
    match &chain.kind {
        ChainKind::Evm(evm) => examine_evm(name, evm, status, now, batch).await,
    }
}

async fn examine_evm(name: &str, config: &EvmConfig, status: Option<&Status>, now: u64, batch: u32) -> Vec<Check> {
    let Some((first, others)) = config.wallets.split_first() else { return Vec::new() };
    let opened = signing_key(first, config).and_then(|key| {
        let chain = EvmChain::connect(evm_settings(name, config), &key)?;
        let others = others.iter().map(|wallet| Ok(chain.submitting_as(&signing_key(wallet, config)?)));
        let others: Vec<EvmChain> = others.collect::<Result<_, SettingsError>>()?;
        let admin = EvmAdmin::beside(&chain, &key);
        Ok((chain, others, admin))
    });
    let (chain, others, admin) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let remedy = format!("mend the section [chains.{name}]");
            return vec![Check::fail(format!("chain {name}"), error.to_string(), remedy)];
        }
    };
    // One endpoint is looked at as the chain itself.
    let several = config.endpoints.endpoints.len() > 1;
    let reports = if several { chain.look_at_endpoints().await } else { Vec::new() };
    let facts = chain.facts().await;
    let (head, contracts) = match &facts {
        Ok(_) => tokio::join!(chain.head(), contracts(&chain)),
        Err(error) => (Err(error.clone()), Err(error.clone())),
    };
    let finality: Finality = config.finality;
    let mut checks = doctor::oracle(name, finality, &facts, &head, &contracts);
    checks.extend(doctor::endpoints(name, &reports));
    let Ok(facts) = facts else { return checks };
    if let Ok(head) = &head {
        checks.push(doctor::against_chain(name, now, head.timestamp));
    }
    let wallets = std::iter::once(&chain).chain(&others).zip(&config.wallets).map(async |(chain, wallet)| {
        let (balance, outlook) = tokio::join!(chain.balance(), chain.outlook());
        let fees = outlook.map(|outlook| outlook.fees);
        doctor::wallet(name, &chain.submitter(), &balance, wallet.min_balance, &fees, batch)
    });
    checks.extend(join_all(wallets).await);
    if let Some(status) = status {
        let registration = registration(&chain, &admin, &facts.registry, status).await;
        let time = head.as_ref().map_or(now, |head| head.timestamp.max(now));
        checks.push(doctor::registration(name, status, &registration, time));
    }
    checks
}

async fn contracts(chain: &EvmChain) -> Result<Contracts, ChainError> {
    let code = |code| match code {
        DeployedCode::OfThisRelease => CodeOnChain::OfThisRelease,
        DeployedCode::Other { hash, size } => CodeOnChain::Other { hash, size },
    };
    let found = chain.examine().await?;
    Ok(Contracts {
        oracle: code(found.oracle),
        registry: code(found.registry),
        has_safe: found.has_safe,
        has_finalized: found.has_finalized,
    })
}

async fn registration(
    chain: &EvmChain,
    admin: &EvmAdmin,
    registry: &str,
    status: &Status,
) -> Result<Registration, ChainError> {
    let malformed = || ChainError::Malformed { method: "registry()".to_owned(), cause: format!("{registry:?}") };
    let registry: EvmAddress = registry.parse().map_err(|_| malformed())?;
    let record = admin.worker(registry, status.keys.worker).await.map_err(|error| match error {
        AdminError::Chain(error) => error,
        // Reading sends nothing.
        AdminError::NotMined { .. } | AdminError::Failed { .. } | AdminError::SimulatedAttestation { .. } => {
            malformed()
        }
    })?;
    let (may_register, pair_allowed) = chain.may_register(status.measurement, status.config_hash).await?;
    Ok(Registration {
        operator: record.operator.map(|operator| operator.to_string()),
        expiry: record.expiry,
        revoked: record.revoked,
        active: record.active,
        measurement: record.measurement,
        config_hash: record.config_hash,
        may_register,
        pair_allowed,
    })
}
