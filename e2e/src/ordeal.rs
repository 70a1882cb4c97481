//! Requests under trouble: an environment whose relayer reaches its node through a [`FaultProxy`], who asks there, and
//! what was asked.

use crate::{Asked, Consumer, Environment, Evm, FaultProxy, Ground, OracleEnd, Question, Settings, eventually};
use anyhow::{Context, Result, ensure};
use phat_protocol::ContractId;
use std::{collections::BTreeSet, time::Duration};

/// More blocks than any reorganisation here takes: what stands below them stays.
const FOUNDATION: u64 = 32;

/// What was asked, as it stands on the chain.
#[derive(Clone, Debug)]
struct Open {
    question: Question,
    asked: Asked,
}

/// An environment in trouble.
#[derive(Debug)]
pub struct Ordeal<End: OracleEnd = Evm> {
    /// The parts.
    pub environment: Environment<End>,
    /// Between the relayer and its node. The test itself asks the node directly.
    pub proxy: FaultProxy,
    /// Who asks.
    pub asker: End::Consumer,
    contract_id: ContractId,
    standing: Vec<Open>,
    dropped: Vec<Asked>,
    questions: usize,
}

impl<End: OracleEnd> Ordeal<End> {
    /// Starts the parts, and deploys what answers; nothing is wrong yet, and nothing of this is ever reorganised away.
    ///
    /// # Errors
    /// When a part doesn't come up.
    pub async fn start(settings: Settings) -> Result<Self> {
        let mut ground = Ground::<End>::start(settings).await?;
        let proxy = FaultProxy::start(ground.end.address()).await?;
        ground.settings.chain.insert("rpc_url".to_owned(), proxy.url().into());
        let environment = Environment::on(ground).await?;
        let contract_id = environment.deploy_prices().await?;
        let asker = environment.end.consumer().await?;
        environment.end.mine(FOUNDATION).await?;
        let (standing, dropped) = (Vec::new(), Vec::new());
        Ok(Self { environment, proxy, asker, contract_id, standing, dropped, questions: 0 })
    }

    /// The contract that answers.
    #[must_use]
    pub const fn contract_id(&self) -> ContractId {
        self.contract_id
    }

    /// Asks something that wasn't asked before.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn ask(&mut self) -> Result<Asked> {
        let base = format!("Q{}", self.questions);
        self.environment.source.price(&base, "USD", &format!("{}.25", self.questions));
        self.questions += 1;
        self.put(Question::price(self.contract_id, &base, "USD")).await
    }

    /// Asks that.
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn put(&mut self, question: Question) -> Result<Asked> {
        let asked = self.asker.ask(&question).await?;
        self.standing.push(Open { question, asked: asked.clone() });
        Ok(asked)
    }

    /// Takes the newest `depth` blocks back, and asks anew what was asked in them: its ids are others. Answers how many
    /// requests went.
    ///
    /// # Errors
    /// When the node refuses, or a transaction fails.
    pub async fn reorganise(&mut self, depth: u64) -> Result<usize> {
        let dropped = self.drop_blocks(depth).await?;
        for question in &dropped {
            self.put(question.clone()).await?;
        }
        Ok(dropped.len())
    }

    /// Takes the newest `depth` blocks back. Answers what was asked in them, which nobody asks any more.
    ///
    /// # Errors
    /// When the node refuses.
    pub async fn drop_blocks(&mut self, depth: u64) -> Result<Vec<Question>> {
        let ancestor = self.environment.end.reorganise(depth).await?;
        let (standing, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.standing).into_iter().partition(|open| open.asked.block <= ancestor);
        self.standing = standing;
        self.dropped.extend(gone.iter().map(|open| open.asked.clone()));
        Ok(gone.into_iter().map(|open| open.question).collect())
    }

    /// What was asked and stands on the chain.
    #[must_use]
    pub fn standing(&self) -> Vec<Asked> {
        self.standing.iter().map(|open| open.asked.clone()).collect()
    }

    /// How many requests there ever were, those that were reorganised away included.
    #[must_use]
    pub fn ever_asked(&self) -> usize {
        self.standing.len() + self.dropped.len()
    }

    /// How many of the standing requests the relayer has no report of: no more runs than these are in flight.
    ///
    /// # Errors
    /// When the node or the relayer doesn't answer.
    pub async fn unreported(&self) -> Result<usize> {
        let fulfilments = self.environment.end.fulfilments().await?;
        let mut unreported = 0;
        for open in self.standing.iter().filter(|open| !fulfilments.contains_key(&open.asked.id)) {
            let state = self.environment.relayer.api().state_of(open.asked.id).await?;
            unreported += usize::from(matches!(state.as_deref(), None | Some("observed")));
        }
        Ok(unreported)
    }

    /// Waits until these are answered.
    ///
    /// # Errors
    /// When they aren't in time.
    pub async fn answered(&self, asked: &[Asked], deadline: Duration) -> Result<()> {
        let end = &self.environment.end;
        let mut waiting = Vec::new();
        eventually("the answers", deadline, async || {
            let fulfilments = end.fulfilments().await?;
            waiting = asked.iter().map(|asked| asked.id).filter(|id| !fulfilments.contains_key(id)).collect();
            Ok(waiting.is_empty())
        })
        .await
        .with_context(|| format!("of {} requests these wait: {waiting:?}", asked.len()))
    }

    /// Sees that every request on the chain is answered exactly once, that the relayer knows it, and works on none that
    /// the chain doesn't hold, and that its database is consistent.
    ///
    /// # Errors
    /// With the first request of which that isn't so.
    pub async fn judge(&self, deadline: Duration) -> Result<()> {
        let standing = self.standing();
        self.answered(&standing, deadline).await?;
        self.environment.expect_one_answer_each(&self.asker, &standing, deadline).await?;
        // What was on its way when a reorganisation took its request had no effect.
        let gone = self.dropped.iter().map(|asked| asked.id).collect();
        self.environment.end.expect_no_waste_but(&gone).await?;
        let on_chain = self.environment.end.requests().await?;
        let known: BTreeSet<_> = standing.iter().map(|asked| asked.id).collect();
        ensure!(on_chain == known, "the chain holds {} requests, and {} are known here", on_chain.len(), known.len());
        // An id that came back with its block stands again.
        for gone in self.dropped.iter().filter(|asked| !known.contains(&asked.id)) {
            let mut state = None;
            eventually(&format!("{} to be given up", gone.id), deadline, async || {
                state = self.environment.relayer.api().state_of(gone.id).await?;
                Ok(state.as_deref().is_none_or(|state| state == "orphaned"))
            })
            .await
            .with_context(|| format!("it was reorganised away, and is {state:?}"))?;
        }
        self.environment.database().await?.expect_consistent().await
    }
}
