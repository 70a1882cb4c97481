//! Requests for the parts to have in their hands when they die.

use anyhow::Result;
use phat_e2e::{Asked, Consumer, Environment, Evm, Ground, OracleEnd, Question, Settings};
use phat_protocol::ContractId;
use phat_relayer::request::StateName;
use rand::{SeedableRng, rngs::StdRng};

/// An environment in which one pair is asked for by one request alone, so that its runs can be counted.
pub(crate) struct Load<End: OracleEnd = Evm> {
    pub(crate) environment: Environment<End>,
    pub(crate) asker: End::Consumer,
    contract_id: ContractId,
    asked: Vec<Asked>,
    /// How often the source was asked for each request's pair until the enclave's last death.
    fetched: Vec<usize>,
}

/// What sets the seed of a scenario's randomness.
pub(crate) const SEED: &str = "PHAT_SEED";

/// The seed that is to be printed, and the randomness that it gives.
pub(crate) fn seeded() -> (u64, StdRng) {
    let set = std::env::var(SEED).ok().and_then(|text| text.parse().ok());
    let seed = set.unwrap_or_else(rand::random);
    (seed, StdRng::seed_from_u64(seed))
}

impl<End: OracleEnd> Load<End> {
    /// With leases that end soon.
    pub(crate) async fn start() -> Result<Self> {
        Self::on(Environment::on(Ground::start(Settings::with_short_leases()?).await?).await?).await
    }

    pub(crate) async fn on(environment: Environment<End>) -> Result<Self> {
        let contract_id = environment.deploy_prices().await?;
        let asker = environment.end.consumer().await?;
        Ok(Self { environment, asker, contract_id, asked: Vec::new(), fetched: Vec::new() })
    }

    pub(crate) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Asks for so many pairs at once.
    pub(crate) async fn ask(&mut self, count: usize) -> Result<()> {
        let first = self.asked.len();
        let questions: Vec<Question> = (first..first + count)
            .map(|number| {
                self.environment.source.price(&base(number), "USD", &format!("{number}.25"));
                Question::price(self.contract_id, &base(number), "USD")
            })
            .collect();
        self.asked.extend(self.asker.ask_together(&questions).await?);
        self.fetched.resize(self.asked.len(), 0);
        Ok(())
    }

    /// Runs that an enclave had in flight which has just died: requests that it began to run since its last death,
    /// and whose report had not reached the relayer; no fewer than were in flight.
    pub(crate) async fn in_flight_at_death(&mut self) -> Result<usize> {
        let states = self.environment.database().await?.states().await?;
        let mut in_flight = 0;
        for (number, (asked, before)) in self.asked.iter().zip(&mut self.fetched).enumerate() {
            let now = self.environment.source.fetches_of(&base(number), "USD");
            let ran = std::mem::replace(before, now) < now;
            in_flight += usize::from(ran && matches!(states.get(&asked.id), None | Some(StateName::Observed)));
        }
        Ok(in_flight)
    }

    /// Ends the parts, and looks at what the relayer left.
    pub(crate) async fn finish(mut self) -> Result<()> {
        self.environment.relayer.stop().await?;
        self.environment.database().await?.expect_consistent().await?;
        self.environment.finish().await
    }
}

/// As long for every request, so that all cost the same.
fn base(number: usize) -> String {
    format!("R{number:05}")
}
