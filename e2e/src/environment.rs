//! All parts together, as an operator puts them together.

use crate::{
    Binaries, Directory, EnclaveProcess, Evm, Ground, Guest, HttpJson, Init, OracleEnd, PriceSource, Relayer,
    RelayerDatabase, RelayerProcess, Settings,
    settings::{CHAIN_NAME, DATABASE_FILE, DATABASE_FOLDER, TOKEN_FILE, ether},
};
use anyhow::{Context, Result, ensure};
use phat_protocol::ContractId;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything between a consumer's question and its answer. Each part ends with it.
#[derive(Debug)]
pub struct Environment<End = Evm> {
    /// The relayer.
    pub relayer: RelayerProcess,
    /// The enclave.
    pub enclave: EnclaveProcess,
    /// The source of prices that the enclave's policy opens.
    pub source: PriceSource,
    /// The chain.
    pub end: End,
    commands: Relayer,
    directory: Arc<Directory>,
}

impl<End: OracleEnd> Environment<End> {
    /// With the harness's own settings, and programs that belong to the sources.
    ///
    /// # Errors
    /// When a part doesn't come up.
    pub async fn start() -> Result<Self> {
        let settings = Settings::new(Binaries::up_to_date()?)?;
        Self::on(Ground::start(settings).await?).await
    }

    /// Starts the relayer, and has it register the worker.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub async fn on(ground: Ground<End>) -> Result<Self> {
        let Ground { enclave, source, end, settings } = ground;
        let config = settings.relayer_config(end.chain_config()?, &enclave)?;
        let Settings { binaries, directory, funds, progress, .. } = settings;
        directory.write_secret(TOKEN_FILE, &format!("{}\n", hex::encode(rand::random::<[u8; 32]>())))?;
        fs::write(directory.path().join("relayer.toml"), toml::to_string(&config)?)?;
        fs::create_dir(directory.path().join(DATABASE_FOLDER))?;
        let relayer = RelayerProcess::start(&binaries, directory.path()).await?;
        progress(&format!("the relayer runs; its status API serves {}", relayer.api().url()));

        let commands = Relayer::new(&binaries, directory.path());
        let environment = Self { relayer, enclave, source, end, commands, directory };
        // Registering costs gas.
        environment.end.fund(ether(1)).await?;
        environment.register_worker().await?;
        environment.end.fund(funds).await?;
        progress("the worker is registered on chain");
        Ok(environment)
    }

    /// Changes the relayer's configuration, for its next start.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn reconfigure(&self, change: impl FnOnce(&mut toml::Table)) -> Result<()> {
        let path = self.directory.path().join("relayer.toml");
        let mut config = fs::read_to_string(&path)?.parse()?;
        change(&mut config);
        Ok(fs::write(path, toml::to_string(&config)?)?)
    }

    /// Registers the enclave's worker, or renews it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn register_worker(&self) -> Result<Value> {
        self.api_command(["worker", "register", "--chain", CHAIN_NAME]).await
    }

    /// Deploys a Phat Contract into the enclave, for nobody: no one can change it.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn deploy(&self, guest: &Guest) -> Result<ContractId> {
        let wasm = guest.wasm.to_str().context("a path that isn't UTF-8")?;
        let [option, value] = match &guest.init {
            Init::Json(json) => ["--init-json", json],
            Init::Data(data) => ["--init-data", &format!("0x{}", hex::encode(data))],
        };
        let deployed = self
            .api_command(["contract", "deploy", wasm, "--name", &guest.name, "--owner", "nobody", option, value])
            .await?;
        let id = deployed["contract_id"].as_str().with_context(|| format!("no contract id in {deployed}"))?;
        Ok(id.parse()?)
    }

    /// `http-json`, reading [`Self::source`], with 8 decimals.
    ///
    /// # Errors
    /// When its module isn't built.
    pub fn prices(&self) -> Result<Guest> {
        let init = HttpJson { origin: format!("http://{}", self.source.address()), decimals: 8 };
        Guest::http_json("prices", &init)
    }

    /// Deploys [`Self::prices`].
    ///
    /// # Errors
    /// When it is refused.
    pub async fn deploy_prices(&self) -> Result<ContractId> {
        self.deploy(&self.prices()?).await
    }

    /// Runs a command that needs the running relayer.
    ///
    /// # Errors
    /// [`crate::CommandFailed`]
    pub async fn api_command(&self, arguments: impl IntoIterator<Item = &str>) -> Result<Value> {
        let api = ["--api", self.relayer.api().url(), "--token-file", TOKEN_FILE];
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).chain(api.map(str::to_owned)).collect();
        self.commands.json(arguments).await
    }

    /// Runs a command that needs no running relayer.
    ///
    /// # Errors
    /// [`crate::CommandFailed`]
    pub async fn command(&self, arguments: impl IntoIterator<Item = &str>) -> Result<String> {
        self.commands.run(arguments).await
    }

    /// The relayer's program.
    #[must_use]
    pub fn program(&self) -> &Path {
        self.commands.program()
    }

    /// Where every file of every part is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The folder of the relayer's database, which holds nothing else.
    #[must_use]
    pub fn database_folder(&self) -> PathBuf {
        self.directory.path().join(DATABASE_FOLDER)
    }

    /// The relayer's database.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn database(&self) -> Result<RelayerDatabase> {
        RelayerDatabase::open(&self.directory.path().join(DATABASE_FILE)).await
    }

    /// Ends the relayer and the enclave as an operator would, and expects them to take it well.
    ///
    /// # Errors
    /// When one doesn't end, or ends badly.
    pub async fn finish(mut self) -> Result<()> {
        for (name, ended) in [("relayer", self.relayer.stop().await?), ("enclave", self.enclave.stop().await?)] {
            ensure!(ended.is_none_or(|status| status.success()), "the {name} ended with {ended:?}");
        }
        self.directory.hush();
        Ok(())
    }
}
