use super::circumstance::Circumstance;
use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{
    Asked, Asker, Environment, FaultProxy, Ground, Guest, Hold, Question, Settings, eventually,
    under_fault::{CRASH_AT, CrashPoint},
    wait_for,
};
use phat_protocol::ContractId;
use phat_relayer::request::StateName;
use std::{os::unix::process::ExitStatusExt, path::Path};

/// Requests that are asked together, and that run at once.
pub(super) const AT_ONCE: usize = 8;
/// What a process killed itself with.
const SIGKILL: i32 = 9;

/// An environment whose relayer is told where to die, and reaches the node through a gate.
pub(super) struct Stage {
    pub(super) environment: Environment,
    pub(super) gate: FaultProxy,
    pub(super) asker: Asker,
    /// Contracts that were asked and are not deployed yet.
    pub(super) coming: Vec<Guest>,
    pub(super) contracts_to_come: u8,
    contract_id: ContractId,
    asked: Vec<Asked>,
    deaths: usize,
}

impl Stage {
    /// The relayer is down.
    pub(super) async fn set() -> Result<Self> {
        let mut settings = Settings::with_short_leases()?;
        let hasty = toml::toml! {
            [submit]
            bump_after = "1s"
            rebroadcast = "1s"
            [retry]
            max = "1s"
        };
        settings.relayer.extend(hasty);
        let execute = settings.relayer.get_mut("execute").and_then(toml::Value::as_table_mut).context("execute")?;
        execute.insert("concurrency".to_owned(), i64::try_from(AT_ONCE)?.into());
        settings.chain.insert("call_timeout".to_owned(), "3s".into());
        let mut ground: Ground = Ground::start(settings).await?;
        let gate = FaultProxy::start(ground.end.anvil.address()).await?;
        ground.settings.chain.insert("rpc_url".to_owned(), gate.url().into());
        let mut environment: Environment = Environment::on(ground).await?;
        let contract_id = environment.deploy_prices().await?;
        let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
        environment.relayer.kill()?;
        environment.relayer.become_program(Path::new(env!("CARGO_BIN_EXE_relayer-under-fault")));
        Ok(Self {
            environment,
            gate,
            asker,
            coming: Vec::new(),
            contracts_to_come: 0,
            contract_id,
            asked: Vec::new(),
            deaths: 0,
        })
    }

    pub(super) const fn deaths(&self) -> usize {
        self.deaths
    }

    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    pub(super) fn note(&mut self, asked: Asked) {
        self.asked.push(asked);
    }

    /// A pair whose price is known, and which nobody asked for yet.
    pub(super) fn next_price(&self) -> String {
        self.price(self.asked.len())
    }

    fn price(&self, number: usize) -> String {
        let base = format!("R{number:05}");
        self.environment.source.price(&base, "USD", &format!("{number}.5"));
        base
    }

    pub(super) async fn ask(&mut self, count: usize) -> Result<Vec<Asked>> {
        let questions: Vec<Question> = (self.asked.len()..self.asked.len() + count)
            .map(|number| Question::price(self.contract_id, &self.price(number), "USD"))
            .collect();
        let asked = self.asker.ask_together(&questions).await?;
        self.asked.extend(asked.iter().cloned());
        Ok(asked)
    }

    pub(super) async fn a_call_is_held(&self) -> Result<()> {
        eventually("a call to be held", DEADLINE, async || Ok(self.gate.held() > 0)).await
    }

    /// What a dead relayer had not sent is never sent.
    pub(super) async fn release_calls(&self) -> Result<()> {
        eventually("held calls to go", DEADLINE, async || Ok(self.gate.held() == 0)).await?;
        self.gate.hold(Hold::Nothing);
        Ok(())
    }

    /// Brings the relayer to the point, sees it die there, and looks at what it left.
    pub(super) async fn die_at(&mut self, point: &CrashPoint, circumstance: Circumstance) -> Result<()> {
        let what = || format!("{point}, by {circumstance:?}");
        circumstance.prepare(self).await.with_context(what)?;
        self.arm(Some(point));
        self.environment.relayer.begin()?;
        circumstance.provoke(self).await.with_context(what)?;
        self.death(point).await.with_context(what)?;
        circumstance.clear(self).await.with_context(what)
    }

    /// As [`Self::die_at`], with what was asked before.
    pub(super) async fn die_asking_nothing(&mut self, point: &CrashPoint) -> Result<()> {
        self.arm(Some(point));
        self.environment.relayer.begin()?;
        self.death(point).await.with_context(|| point.to_string())
    }

    fn arm(&mut self, point: Option<&CrashPoint>) {
        self.environment.relayer.set_variable(CRASH_AT, point.map(ToString::to_string));
    }

    async fn death(&mut self, point: &CrashPoint) -> Result<()> {
        let relayer = &mut self.environment.relayer;
        let ended = wait_for(&format!("the death at {point}"), DEADLINE, async || relayer.ended()).await?;
        ensure!(ended.signal() == Some(SIGKILL), "it ended with {ended}");
        self.deaths += 1;
        self.arm(None);
        self.environment.database().await?.expect_consistent().await
    }

    /// Runs the relayer until it has nothing to do.
    pub(super) async fn come_to_rest(&mut self) -> Result<()> {
        self.environment.relayer.resume().await?;
        self.all_are_settled().await?;
        self.environment.relayer.kill()
    }

    pub(super) async fn all_are_settled(&self) -> Result<()> {
        eventually("every request to be settled", DEADLINE, async || {
            let states = self.environment.database().await?.states().await?;
            Ok(self.asked.iter().all(|asked| states.get(&asked.id) == Some(&StateName::Settled)))
        })
        .await
    }

    /// Sees what became of all that was asked.
    pub(super) async fn end(mut self) -> Result<()> {
        self.environment.relayer.resume().await?;
        self.environment.expect_each_answered_once(&self.asker, &self.asked, DEADLINE).await?;
        let fetches = self.environment.source.fetches();
        ensure!(fetches == self.asked.len(), "{fetches} executions of {} requests", self.asked.len());
        self.environment.relayer.stop().await?;
        self.environment.database().await?.expect_consistent().await?;
        self.environment.finish().await
    }
}
