//! Stage `submit`: carries reports to the chain. An attempt and its transaction are stored before
//! the broadcast, so a crash at any point leaves either nothing or a transaction that is sent again.
//! Attempts are opened while earlier ones wait to be mined, and prepared while earlier ones are sent.

mod batches;
mod broadcast;
mod tend;
mod wallet;

pub(super) use tend::Held;

use super::{ChainEnd, Progress, RetrySettings, Stage, StageError, observe, resolve::Resolver};
use crate::{
    clock::{Millis, SharedClock},
    health::{Component, Health},
    metrics::recorded,
    store::{NewAttempt, ReadyReport, SettleStore, SubmitStore},
};
use async_trait::async_trait;
use batches::Signed;
use broadcast::{Broadcaster, Sends};
use futures_util::future::join_all;
use phat_connector::Account;
use std::{sync::Arc, time::Duration};
use tracing::Span;
use wallet::{Memory, Troubles, Wallet, shares};

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct SubmitSettings {
    /// The most reports in one transaction; at least 1.
    pub batch: u32,
    /// The most attempts of each wallet whose transactions wait to be mined; at least 1.
    pub max_open: u32,
    /// A transaction that isn't mined is sent again so often.
    pub rebroadcast: Duration,
    /// A transaction that isn't mined for so long is replaced by one that offers more.
    pub bump_after: Duration,
    /// How often an attempt's transaction is replaced at most.
    pub max_bumps: u32,
    /// A report is not sent any more when its request expires within this time.
    pub expiry_margin: Duration,
    /// The bounds of the wait before a report that the oracle refuses is tried again.
    pub retry: RetrySettings,
}

/// The most reports that one step reads: what one round of calls can ask about.
const ROUND: u32 = 500;

/// Submits one chain's reports.
pub struct SubmitStage {
    chain: ChainEnd,
    store: Arc<dyn SubmitStore>,
    resolver: Resolver,
    broadcaster: Broadcaster,
    clock: SharedClock,
    settings: SubmitSettings,
    sends: Sends,
    memory: Memory,
    health: Health,
}

impl SubmitStage {
    /// A stage for `chain`.
    #[must_use]
    pub fn new<Store: SubmitStore + SettleStore + 'static>(
        chain: ChainEnd,
        store: Arc<Store>,
        clock: SharedClock,
        settings: SubmitSettings,
    ) -> Self {
        let resolver = Resolver { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        let broadcaster = Broadcaster { chain: chain.clone(), store: store.clone(), clock: clock.clone() };
        Self {
            chain,
            store,
            resolver,
            broadcaster,
            clock,
            settings,
            sends: Sends::default(),
            memory: Memory::default(),
            health: Health::default(),
        }
    }

    /// The same, noting in `health` what an operator should look at.
    #[must_use]
    pub fn noting_in(self, health: Health) -> Self {
        Self { health, ..self }
    }

    /// Tells of transactions that only wait from now on, and of those that do so no more.
    fn tell(&mut self, held: Vec<Held>) {
        for held in held.iter().filter(|held| !self.memory.holds(held)) {
            observe::held(&self.chain.name, held);
        }
        for released in self.memory.hold(held.clone()) {
            observe::released(&self.chain.name, &released);
        }
        recorded().stages.held(&self.chain.name, held.len());
        let notices = held.iter().map(Held::to_string).collect();
        self.health.notice(Component::Chain(self.chain.name.to_string()), notices);
    }

    /// Carries as many of the reports as there is room for. Answers for which wallets it opened attempts.
    async fn carry(
        &mut self,
        ready: Vec<ReadyReport>,
        wallets: &[Wallet<'_>],
        rooms: &[usize],
        troubles: &mut Troubles,
    ) -> Result<Vec<Account>, StageError> {
        let (admitted, over, head) = self.admitted(ready).await?;
        let gas_limit = wallets.iter().map(|wallet| wallet.outlook.gas_limit).min().unwrap_or(0);
        let mut batches = self.batches(&admitted, rooms.iter().sum(), gas_limit).into_iter();
        let waiting: Vec<usize> = wallets.iter().map(Wallet::waiting).collect();
        let shares = shares(&waiting, rooms, batches.len());
        let stage = &*self;
        let signing = wallets.iter().zip(shares).filter(|(_, share)| *share > 0).map(|(wallet, share)| {
            let batches: Vec<_> = batches.by_ref().take(share).collect();
            async move { (wallet, stage.sign(wallet, batches).await) }
        });
        let signing: Vec<_> = signing.collect();
        let mut opened = Vec::new();
        for (wallet, Signed { attempts, stopped }) in join_all(signing).await {
            if let Some(error) = stopped {
                troubles.note(&wallet.account, error);
            }
            if !attempts.is_empty() {
                opened.push((wallet, attempts));
            }
        }
        let accounts = opened.iter().map(|(wallet, _)| wallet.account.clone()).collect();
        self.open(opened, troubles).await?;
        self.resolver.resolve(&over, &head).await?;
        Ok(accounts)
    }

    /// Uses a nonce that nothing else will use, so that those above it can be mined.
    async fn fill(&mut self, nonce: u64, wallet: &Wallet<'_>, troubles: &mut Troubles) -> Result<(), StageError> {
        match wallet.sink.prepare_filler(nonce, wallet.outlook.fees).await {
            Ok(prepared) => {
                let attempt = self.attempt(wallet, Vec::new(), prepared);
                self.open(vec![(wallet, vec![attempt])], troubles).await
            }
            Err(error) => {
                troubles.note(&wallet.account, error.into());
                Ok(())
            }
        }
    }

    /// Stores the attempts, all or none, and begins to send them once the earlier ones are sent.
    async fn open(
        &mut self,
        opened: Vec<(&Wallet<'_>, Vec<NewAttempt>)>,
        troubles: &mut Troubles,
    ) -> Result<(), StageError> {
        let attempts: Vec<NewAttempt> = opened.iter().flat_map(|(_, attempts)| attempts).cloned().collect();
        if attempts.is_empty() {
            return Ok(());
        }
        let spans: Vec<Vec<Span>> = attempts
            .iter()
            .map(|attempt| observe::spans(observe::Work::Submit, &self.chain.name, attempt.requests.iter().copied()))
            .collect();
        self.store.begin(&attempts, Millis::now(&*self.clock)).await?;
        for (NewAttempt { transaction, .. }, spans) in attempts.iter().zip(&spans) {
            observe::submitted(&self.chain.name, transaction.hash, transaction.nonce, spans);
        }
        self.sends.end(troubles).await;
        for (wallet, attempts) in opened {
            let transactions = attempts.into_iter().map(|attempt| attempt.transaction).collect();
            self.sends.begin(&self.broadcaster, &wallet.sink, transactions);
        }
        Ok(())
    }

    /// The wallets that take new batches, and for how many each has room: the best of those that were
    /// met, so that one in trouble is passed over while another is well.
    fn rooms(&self, wallets: &[Wallet<'_>]) -> Vec<usize> {
        let most = usize::try_from(self.settings.max_open.max(1)).unwrap_or(usize::MAX);
        let best = wallets.iter().map(|wallet| wallet.standing).min();
        let room = |wallet: &Wallet<'_>| most.saturating_sub(wallet.waiting());
        wallets.iter().map(|wallet| if Some(wallet.standing) == best { room(wallet) } else { 0 }).collect()
    }
}

#[async_trait]
impl Stage for SubmitStage {
    fn name(&self) -> &'static str {
        "submit"
    }

    fn chain(&self) -> &str {
        &self.chain.name
    }

    async fn step(&mut self) -> Result<Progress, StageError> {
        let now = Millis::now(&*self.clock);
        let wallets = u32::try_from(self.chain.submitters.count()).unwrap_or(u32::MAX);
        let most = self
            .settings
            .batch
            .max(1)
            .saturating_mul(self.settings.max_open.max(1))
            .saturating_mul(wallets)
            .min(ROUND.max(self.settings.batch));
        let (open, ready) = tokio::try_join!(
            self.store.open_attempts(&self.chain.name),
            self.store.ready(&self.chain.name, most, now)
        )?;
        let mut troubles = Troubles::default();
        if open.is_empty() && ready.is_empty() {
            self.tell(Vec::new());
            self.sends.end(&mut troubles).await;
            self.judge(&[], troubles)?;
            return Ok(Progress::Idle);
        }
        let mut wallets = self.meet(&open, &mut troubles).await;
        let mut met: Vec<Account> = troubles.of_wallets.iter().map(|(account, _)| account.clone()).collect();
        met.extend(wallets.iter().map(|wallet| wallet.account.clone()));
        let held = self.tend_all(&mut wallets, &mut troubles).await;
        self.tell(held);
        self.tend_strays(&open, &mut troubles).await;
        let rooms = self.rooms(&wallets);
        let mut opened = Vec::new();
        let mut progress = Progress::Idle;
        if !ready.is_empty() && rooms.iter().any(|room| *room > 0) {
            opened = self.carry(ready, &wallets, &rooms, &mut troubles).await?;
            progress = Progress::More;
        }
        for wallet in wallets.iter().filter(|wallet| !opened.contains(&wallet.account)) {
            if let Some(gap) = wallet.gap() {
                self.fill(gap, wallet, &mut troubles).await?;
            }
        }
        if opened.is_empty() {
            self.sends.end(&mut troubles).await;
        }
        self.judge(&met, troubles)?;
        Ok(progress)
    }

    async fn finish(&mut self) {
        // What is lost here is sent again from its row.
        self.sends.end(&mut Troubles::default()).await;
    }
}
