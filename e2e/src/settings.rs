//! What can be different from one environment to the next, and the configurations made of it.

use crate::{Binaries, Directory, EnclaveProcess, PriceSource, relayer::ADDRESS_FILE};
use anyhow::{Context, Result};
use ethers::types::U256;
use std::{net::SocketAddr, sync::Arc};
use toml::{Table, Value};

/// What the relayer's configuration calls the chain.
pub(crate) const CHAIN_NAME: &str = "local";
/// Where the relayer keeps its database, in a folder that holds nothing else.
pub(crate) const DATABASE_FOLDER: &str = "relayer-data";
pub(crate) const DATABASE_FILE: &str = "relayer-data/relayer.db";
pub(crate) const TOKEN_FILE: &str = "api-token";
pub(crate) const WALLET_KEY: &str = "wallet.key";

/// What can be different from one environment to the next.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The programs under test.
    pub binaries: Binaries,
    /// Where every part keeps its files.
    pub directory: Arc<Directory>,
    /// The enclave's settings beside its defaults; `allow` entries are added for the price source and what is `allowed`.
    pub enclave: Table,
    /// What guests may reach over http, beside the price source.
    pub allowed: Vec<SocketAddr>,
    /// The relayer's settings beside the harness's own.
    pub relayer: Table,
    /// The `[chains.local]` settings beside the harness's own.
    pub chain: Table,
    /// `[chains.NAME]` of chains beside `local`, by their names.
    pub other_chains: Vec<(String, Table)>,
    /// What the relayer's wallet has once the worker is registered, in wei.
    pub funds: U256,
    /// Is told each step.
    pub progress: fn(&str),
}

impl Settings {
    /// The harness's own.
    ///
    /// # Errors
    /// When there can't be a directory.
    pub fn new(binaries: Binaries) -> Result<Self> {
        Ok(Self {
            binaries,
            directory: Arc::new(Directory::create()?),
            enclave: Table::new(),
            allowed: Vec::new(),
            relayer: Table::new(),
            chain: Table::new(),
            other_chains: Vec::new(),
            funds: ether(1_000),
            progress: |_| (),
        })
    }

    /// Those of [`Settings::new`], with up-to-date programs and leases that end soon: what a relayer
    /// was having run when it died is taken up again then.
    ///
    /// # Errors
    /// When the programs don't build, or there can't be a directory.
    pub fn with_short_leases() -> Result<Self> {
        let relayer = toml::toml! {
            [enclave]
            run_timeout = "14s"
            [execute]
            lease = "15s"
        };
        Ok(Self { relayer, ..Self::new(Binaries::up_to_date()?)? })
    }

    /// Those of [`Settings::with_short_leases`], for a relayer that soon tries again whatever failed, and soon doubts
    /// what doesn't come: trouble that would take an hour takes seconds.
    ///
    /// # Errors
    /// As [`Settings::with_short_leases`].
    pub fn impatient() -> Result<Self> {
        let mut settings = Self::with_short_leases()?;
        let relayer = toml::toml! {
            [submit]
            rebroadcast = "1s"
            bump_after = "3s"
            max_bumps = 100
            [retry]
            initial = "50ms"
            max = "1s"
        };
        merge(&mut settings.relayer, &relayer);
        settings.chain.insert("call_timeout".to_owned(), "1s".into());
        Ok(settings)
    }

    pub(crate) fn enclave_config(&self, source: &PriceSource) -> Result<Table> {
        let mut config = self.enclave.clone();
        let egress = config.entry("egress").or_insert_with(|| Table::new().into()).as_table_mut().context("egress")?;
        let allow = egress.entry("allow").or_insert_with(|| Vec::<Value>::new().into());
        let allow = allow.as_array_mut().context("egress.allow")?;
        for address in self.allowed.iter().copied().chain([source.address()]) {
            let mut entry = Table::new();
            entry.insert("host".to_owned(), address.ip().to_string().into());
            entry.insert("port".to_owned(), i64::from(address.port()).into());
            entry.insert("http".to_owned(), true.into());
            allow.push(entry.into());
        }
        Ok(config)
    }

    /// The relayer's configuration with a chain whose section that is, but for what is to be different.
    pub(crate) fn relayer_config(&self, mut chain: Table, enclave: &EnclaveProcess) -> Result<Table> {
        merge(&mut chain, &self.chain);
        if chain.contains_key("endpoints") {
            chain.remove("rpc_url");
        }
        let mut config = toml::toml! {
            [api]
            listen = "127.0.0.1:0"
            [database]
            [enclave]
            allow_simulated = true
        };
        let mut chains = Table::from_iter([(CHAIN_NAME.to_owned(), chain.into())]);
        chains.extend(self.other_chains.iter().map(|(name, chain)| (name.clone(), chain.clone().into())));
        config.insert("chains".to_owned(), chains.into());
        let settings: [(&str, &str, Value); 4] = [
            ("api", "token_file", TOKEN_FILE.into()),
            ("api", "addr_file", ADDRESS_FILE.into()),
            ("database", "url", format!("sqlite:{DATABASE_FILE}").into()),
            ("enclave", "endpoint", enclave.endpoint().into()),
        ];
        for (section, key, value) in settings {
            let section = config.get_mut(section).and_then(Value::as_table_mut).context("not a table")?;
            section.insert(key.to_owned(), value);
        }
        merge(&mut config, &self.relayer);
        Ok(config)
    }
}

/// So many times 10^18 wei.
pub(crate) fn ether(amount: u64) -> U256 {
    U256::from(amount) * U256::exp10(18)
}

/// Puts `settings` over `config`; tables are merged, anything else is replaced.
fn merge(config: &mut Table, settings: &Table) {
    for (key, value) in settings {
        match (config.get_mut(key).and_then(toml::Value::as_table_mut), value.as_table()) {
            (Some(below), Some(above)) => merge(below, above),
            _ => {
                config.insert(key.clone(), value.clone());
            }
        }
    }
}
