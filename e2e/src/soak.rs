//! Everything at once, at random from a seed: requests, faults of the endpoint, reorganisations, spikes of the base fee,
//! and the deaths of relayer and enclave.

use crate::{Fault, Ordeal, Rule, Settings};
use anyhow::{Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

/// The deepest reorganisation, in blocks.
const DEEPEST: u64 = 20;
/// A block costs anvil the more the higher its chain is: no more requests than this, however long it lasts.
const MOST_REQUESTS: usize = 1_500;
/// How long what was asked may take to be answered once the trouble is over.
const AFTERMATH: Duration = Duration::from_secs(180);
/// How often progress is told.
const TELL: Duration = Duration::from_secs(10);
/// One part of 10^9 of an ether.
const GWEI: u64 = 1_000_000_000;

/// What is done, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// Where its random numbers begin.
    pub seed: u64,
    /// For how long there is trouble.
    pub length: Duration,
    /// Is told how it goes.
    pub progress: fn(&str),
}

/// What happened, all of it taken well.
#[derive(Clone, Debug, Default)]
pub struct Endured {
    /// Requests that stand on the chain, each answered once.
    pub answered: usize,
    /// Requests that reorganisations took, and that were asked anew.
    pub reorganised: usize,
    /// How often the consumer's question was worked out.
    pub executions: usize,
    /// How many of these may have been in flight when the enclave died.
    pub in_flight: usize,
    /// Reorganisations.
    pub reorganisations: usize,
    /// Spikes of the base fee.
    pub spikes: usize,
    /// How often the relayer was killed.
    pub relayer_deaths: usize,
    /// How often the enclave was killed.
    pub enclave_deaths: usize,
    /// How often each fault happened to a call.
    pub faults: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Endured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} answered, {} more reorganised away and asked anew; {} executions, {} in flight at deaths \
             of the enclave; {} reorganisations, {} spikes of the base fee, {} deaths of the relayer, {} of the enclave; \
             faults: {:?}",
            self.answered,
            self.reorganised,
            self.executions,
            self.in_flight,
            self.reorganisations,
            self.spikes,
            self.relayer_deaths,
            self.enclave_deaths,
            self.faults
        )
    }
}

/// What comes next, with its weight.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ask,
    Break,
    Mend,
    Reorganise,
    Spike,
    KillRelayer,
    KillEnclave,
}

const ACTS: [(Act, u32); 7] = [
    (Act::Ask, 10),
    (Act::Break, 4),
    (Act::Mend, 2),
    (Act::Reorganise, 2),
    (Act::Spike, 1),
    (Act::KillRelayer, 1),
    (Act::KillEnclave, 1),
];

impl Soak {
    /// Brings all of it about, and sees then that every request on the chain has exactly one answer, that no entry was
    /// without effect (but for what a reorganisation took while it was on its way), that nothing was executed more often
    /// than deaths of the enclave explain, and that the relayer knows it all.
    ///
    /// # Errors
    /// With the first of these that isn't so.
    pub async fn run(&self) -> Result<Endured> {
        let mut ordeal: Ordeal = Ordeal::start(Settings::impatient()?).await?;
        let mut randomness = StdRng::seed_from_u64(self.seed);
        ordeal.proxy.reseed(randomness.r#gen());
        let (begin, mut told) = (Instant::now(), Instant::now());
        let mut endured = Endured::default();
        let pause = self.length / u32::try_from(MOST_REQUESTS)? / 2;
        while begin.elapsed() < self.length {
            let act = ACTS.choose_weighted(&mut randomness, |(_, weight)| *weight).map_or(Act::Ask, |(act, _)| *act);
            self.act(act, &mut ordeal, &mut randomness, &mut endured).await?;
            ordeal.environment.relayer.expect_running()?;
            let rest = Duration::from_millis(randomness.gen_range(20..300)).max(pause);
            tokio::time::sleep(rest).await;
            if told.elapsed() >= TELL {
                told = Instant::now();
                self.look(&ordeal, &mut endured).await?;
                let standing = ordeal.standing().len();
                (self.progress)(&format!("{:.0?}: of {standing} requests {endured}", begin.elapsed()));
            }
        }
        (self.progress)("the trouble is over");
        ordeal.proxy.lift();
        ordeal.environment.end.chain.mine(DEEPEST).await?;
        ordeal.judge(AFTERMATH).await?;
        self.look(&ordeal, &mut endured).await?;
        ensure!(
            endured.executions <= ordeal.ever_asked() + endured.in_flight,
            "more executions than requests and runs in flight when the enclave was killed: {endured}"
        );
        ordeal.environment.finish().await?;
        Ok(endured)
    }

    async fn look(&self, ordeal: &Ordeal, endured: &mut Endured) -> Result<()> {
        endured.answered = ordeal.environment.history().fulfilments().await?.len();
        endured.reorganised = ordeal.ever_asked() - ordeal.standing().len();
        endured.executions = ordeal.environment.source.fetches();
        endured.faults = ordeal.proxy.counts();
        Ok(())
    }

    async fn act(&self, act: Act, ordeal: &mut Ordeal, randomness: &mut StdRng, endured: &mut Endured) -> Result<()> {
        match act {
            Act::Ask if ordeal.ever_asked() >= MOST_REQUESTS => ordeal.environment.end.chain.mine(1).await?,
            Act::Ask => {
                for _ in 0..randomness.gen_range(1..4) {
                    ordeal.ask().await?;
                }
            }
            Act::Break => ordeal.proxy.inject(faults(randomness)),
            Act::Mend => ordeal.proxy.lift(),
            Act::Reorganise => {
                // Mostly shallow, as on real chains.
                let deepest = if randomness.gen_bool(0.2) { DEEPEST } else { 3 };
                ordeal.reorganise(randomness.gen_range(1..=deepest)).await?;
                endured.reorganisations += 1;
            }
            Act::Spike => {
                ordeal.environment.end.chain.set_next_base_fee(randomness.gen_range(2..200) * GWEI).await?;
                ordeal.environment.end.chain.mine(1).await?;
                endured.spikes += 1;
            }
            Act::KillRelayer => {
                ordeal.environment.relayer.kill()?;
                ordeal.environment.relayer.resume().await?;
                endured.relayer_deaths += 1;
            }
            Act::KillEnclave => {
                ordeal.environment.enclave.kill()?;
                endured.in_flight += ordeal.unreported().await?;
                ordeal.environment.enclave.resume().await?;
                endured.enclave_deaths += 1;
            }
        }
        Ok(())
    }
}

/// One or two faults, each of some calls. What hides logs for longer than the blocks that are read again isn't among
/// them: against that there is the quorum of endpoints, and the order to read blocks again.
fn faults(randomness: &mut StdRng) -> Vec<Rule> {
    let all = [
        Fault::Delay(Duration::from_millis(randomness.gen_range(10..1_500))),
        Fault::Drop,
        Fault::LoseAnswer,
        Fault::Hang,
        Fault::Reset,
        Fault::Truncate,
        Fault::RateLimit(None),
        Fault::RateLimit(Some(1)),
        Fault::ServerError(502),
        Fault::StaleHead(randomness.gen_range(1..4)),
        Fault::DuplicatedLogs,
        Fault::MissingReceipts,
    ];
    let count = randomness.gen_range(1..3);
    let chosen: Vec<Fault> = all.choose_multiple(randomness, count).cloned().collect();
    chosen.into_iter().map(|fault| Rule::new(fault).with_probability(randomness.gen_range(0.05..0.6))).collect()
}
