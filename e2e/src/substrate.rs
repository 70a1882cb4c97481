//! A Substrate chain: chopsticks with the development runtime, and the relayer's account.

mod account;
mod block;
mod chopsticks;
mod ledger;
mod node;
mod price;

pub use account::AccountConsumer;
pub use chopsticks::Chopsticks;
pub use node::Runtime;
pub use price::PalletConsumer;

use crate::{EnclaveProcess, Fault, Fulfilment, OracleEnd, SentReport, Settings};
use account::Signer;
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use ethers::types::U256;
use ledger::Ledger;
use phat_enclave_api::Execution;
use phat_protocol::{Payee, Report, RequestId};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};
use subxt::dynamic::{At, Value};
use tokio::sync::Mutex;
use toml::Table;

/// The pallet's name in the development runtime.
pub const INSTANCE: &str = "PhatOracle";
/// The file with the key of the relayer's account.
const SUBMITTER_KEY: &str = "submitter.key";
/// Who may do everything there.
const ADMIN: &str = "//Alice";
/// Who asks.
const REQUESTER: &str = "//Bob";

/// A Substrate chain with an oracle.
#[derive(Debug)]
pub struct Substrate {
    /// The node.
    pub chopsticks: Chopsticks,
    /// The chain as its users see it.
    pub runtime: Runtime,
    wallet: Signer,
    ledger: Mutex<Ledger>,
}

impl Substrate {
    /// Has the runtime's admin make a call.
    ///
    /// # Errors
    /// When the extrinsic fails, or the call within it.
    pub async fn as_admin(&self, pallet: &str, call: &str, fields: Vec<(&str, Value)>) -> Result<()> {
        let call = Value::unnamed_variant(pallet, [Value::named_variant(call, fields)]);
        let block = self.runtime.included(&Signer::of(ADMIN)?, "Sudo", "sudo", vec![call]).await?;
        let done = block.events.iter().any(|event| event.is("Sudo", "Sudid") && event.is_ok());
        ensure!(done, "the admin's call failed: {:?}", block.events);
        Ok(())
    }

    /// Carries an answer to the chain in the relayer's place, from another account. Whether the oracle takes it.
    ///
    /// # Errors
    /// When the node refuses the extrinsic.
    pub async fn fulfil(&self, id: RequestId, execution: &Execution) -> Result<bool> {
        let Report { outcome, output, executed_at, payee, .. } = &execution.report;
        let report = Value::named_composite([
            ("outcome", Value::u128(outcome.number().into())),
            ("output", Value::from_bytes(output)),
            ("executed_at", Value::u128((*executed_at).into())),
            ("payee", Value::from_bytes(payee.0)),
        ]);
        let signatures = Value::unnamed_composite([Value::from_bytes(execution.signature.0)]);
        let fields = vec![Value::from_bytes(id.0), report, signatures];
        let block = self.runtime.included(&Signer::of(REQUESTER)?, INSTANCE, "fulfill", fields).await?;
        Ok(block.answers().any(|answer| answer.report.request_id == id))
    }

    /// Has the chain go on with a runtime in which the oracle has another index.
    ///
    /// # Errors
    /// When the chain refuses it.
    pub async fn upgrade(&self) -> Result<()> {
        let code = Chopsticks::artifact("next-runtime.compact.compressed.wasm")?;
        self.as_admin("System", "set_code", vec![("code", Value::from_bytes(code))]).await?;
        // The first block that the new runtime makes.
        self.runtime.new_blocks(1).await
    }

    /// How many extrinsics the relayer's account signed since it was made, or money last put it there anew.
    ///
    /// # Errors
    /// When the node doesn't answer.
    pub async fn signed(&self) -> Result<u64> {
        let stored = self.runtime.stored("System", "Account", vec![Value::from_bytes(self.account())]).await?;
        let nonce = stored.as_ref().map_or(Some(0), |account| account.at("nonce")?.as_u128());
        Ok(u64::try_from(nonce.context("an account without a nonce")?)?)
    }

    /// The relayer's account.
    #[must_use]
    pub fn account(&self) -> [u8; 32] {
        self.wallet.account()
    }
}

#[async_trait(?Send)]
impl OracleEnd for Substrate {
    type Consumer = AccountConsumer;

    const FORGED: &'static [Fault] = &[];

    const LOSS: f64 = 0.05;

    type Node = Chopsticks;

    async fn node(settings: &Settings) -> Result<Chopsticks> {
        let chopsticks = Chopsticks::start(settings.directory.path()).await?;
        (settings.progress)(&format!("chopsticks, a Substrate node, serves {}", chopsticks.url()));
        Ok(chopsticks)
    }

    async fn deploy(chopsticks: Chopsticks, settings: &Settings, enclave: &EnclaveProcess) -> Result<Self> {
        let (say, directory) = (settings.progress, &settings.directory);
        let runtime = Runtime::connect(&chopsticks.url()).await?;
        let seed: [u8; 32] = rand::random();
        let seed = format!("0x{}", hex::encode(seed));
        directory.write_secret(SUBMITTER_KEY, &format!("{seed}\n"))?;
        let end = Self { chopsticks, runtime, wallet: Signer::of(&seed)?, ledger: Mutex::default() };
        let status = enclave.status().await?;
        let pair = vec![
            ("measurement", Value::from_bytes(status.measurement.0)),
            ("config_hash", Value::from_bytes(status.config_hash.0)),
        ];
        end.as_admin(INSTANCE, "allow_pair", pair).await?;
        say(&format!("its pallet {INSTANCE} takes reports of workers like this one"));
        Ok(end)
    }

    fn chain_config(&self) -> Result<Table> {
        let mut config = toml::toml! {
            kind = "substrate"
            finality = "latest"
            poll_interval = "200ms"
        };
        config.insert("rpc_url".to_owned(), self.chopsticks.url().into());
        config.insert("genesis".to_owned(), format!("0x{}", hex::encode(self.runtime.genesis())).into());
        config.insert("instance".to_owned(), INSTANCE.into());
        config.insert("key_file".to_owned(), SUBMITTER_KEY.into());
        Ok(config)
    }

    fn address(&self) -> SocketAddr {
        self.chopsticks.address()
    }

    fn payee(&self) -> Payee {
        Payee(self.wallet.account())
    }

    async fn fund(&self, amount: U256) -> Result<()> {
        let fields = vec![
            ("who", Value::unnamed_variant("Id", [Value::from_bytes(self.wallet.account())])),
            ("new_free", Value::u128(u128::try_from(amount).ok().context("more than there can be")?)),
        ];
        self.as_admin("Balances", "force_set_balance", fields).await
    }

    async fn consumer(&self) -> Result<AccountConsumer> {
        Ok(AccountConsumer::new(&self.runtime, Signer::of(REQUESTER)?))
    }

    async fn height(&self) -> Result<u64> {
        self.runtime.height().await
    }

    async fn mine(&self, blocks: u64) -> Result<()> {
        self.runtime.new_blocks(blocks).await
    }

    async fn reorganise(&self, depth: u64) -> Result<u64> {
        self.runtime.reorganise(depth).await
    }

    async fn fulfilments(&self) -> Result<BTreeMap<RequestId, Vec<Fulfilment>>> {
        let mut fulfilments = BTreeMap::<_, Vec<_>>::new();
        for (block, answer) in self.ledger.lock().await.at_head(&self.runtime).await?.answers() {
            fulfilments.entry(answer.report.request_id).or_default().push(Fulfilment {
                block,
                transaction: answer.transaction,
                outcome: answer.report.outcome.number(),
                callback_ok: answer.callback_ok,
            });
        }
        Ok(fulfilments)
    }

    async fn requests(&self) -> Result<BTreeSet<RequestId>> {
        Ok(self.ledger.lock().await.at_head(&self.runtime).await?.requests().collect())
    }

    async fn sent_reports(&self) -> Result<BTreeMap<RequestId, Vec<SentReport>>> {
        let mut reports = BTreeMap::<_, Vec<_>>::new();
        for sent in self.ledger.lock().await.at_head(&self.runtime).await?.sent_by(self.account()) {
            for entry in &sent.entries {
                reports.entry(entry.report.request_id).or_default().push(entry.clone());
            }
        }
        Ok(reports)
    }

    async fn expect_no_waste_but(&self, gone: &BTreeSet<RequestId>) -> Result<()> {
        let mut ledger = self.ledger.lock().await;
        for sent in ledger.at_head(&self.runtime).await?.sent_by(self.account()) {
            let excused = |id: &RequestId| gone.contains(id);
            let all_gone =
                !sent.entries.is_empty() && sent.entries.iter().all(|entry| excused(&entry.report.request_id));
            ensure!(sent.succeeded || all_gone, "{} failed", sent.hash);
            let wasted = sent.skipped.iter().find(|id| !excused(id));
            ensure!(wasted.is_none(), "{} carried an entry without effect: {wasted:?}", sent.hash);
        }
        Ok(())
    }
}
