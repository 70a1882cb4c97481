use super::stage::{AT_ONCE, Stage};
use crate::DEADLINE;
use anyhow::{Context, Result};
use phat_e2e::{Guest, Hold, HttpJson, Question, eventually, under_fault::CrashPoint};
use phat_relayer::request::StateName;

/// What brings a relayer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Circumstance {
    /// Requests.
    Traffic,
    /// Requests that a stranger answered while the relayer was away.
    Answered,
    /// Requests that a stranger answered once their reports were stored.
    AnsweredOnceReported,
    /// A request that a stranger answered once its transaction was stored, and couldn't be sent.
    AnsweredOnceSubmitted,
    /// An attempt that was stored and never sent.
    Unsent,
    /// A transaction that isn't mined.
    Stuck,
    /// A request for a contract that the enclave doesn't have.
    NoContract,
    /// The contract came to the enclave by another way.
    ContractCame,
    /// The chain is paused while requests wait for their turn.
    Paused,
    /// Watched blocks were reorganised away.
    Forked,
    /// The block with an answer was reorganised away.
    AnswerForkedAway,
    /// The block with an answer was reorganised away before it was watched.
    AnswerForkedAwayUnwatched,
    /// Old blocks are to be gone over again.
    Rescan,
    /// They are, and the endpoint doesn't serve them.
    RescanUnserved,
}

/// The calls that requests alone don't bring about.
pub(super) const PROVOKED: &[(&str, Circumstance)] = &[
    ("WatchStore::rewind", Circumstance::Forked),
    ("RescanStore::rescanned", Circumstance::Rescan),
    ("RescanStore::rescan_failed", Circumstance::RescanUnserved),
    ("ExecuteStore::ignore", Circumstance::NoContract),
    ("ExecuteStore::give_back", Circumstance::Answered),
    ("ExecuteStore::release", Circumstance::Paused),
    ("ExecuteStore::reconsider", Circumstance::ContractCame),
    ("SubmitStore::add_transaction", Circumstance::Stuck),
    ("SubmitStore::entries", Circumstance::Unsent),
    ("SubmitStore::put_off", Circumstance::AnsweredOnceReported),
    ("SettleStore::conclude", Circumstance::Answered),
    ("SettleStore::prove", Circumstance::Answered),
    ("SettleStore::reopen", Circumstance::AnswerForkedAwayUnwatched),
    ("SettleStore::unsettle", Circumstance::AnswerForkedAway),
    ("ReportSink::prepare_filler", Circumstance::AnsweredOnceSubmitted),
    ("OracleStatus::resolutions", Circumstance::Answered),
    ("Enclave::contract", Circumstance::ContractCame),
];

impl Circumstance {
    pub(super) fn of(call: &str) -> Self {
        PROVOKED.iter().find(|(provoked, _)| *provoked == call).map_or(Self::Traffic, |(_, circumstance)| *circumstance)
    }

    /// What must be so before the relayer starts that is to die. It is down, before and after.
    pub(super) async fn prepare(self, stage: &mut Stage) -> Result<()> {
        match self {
            Self::Traffic | Self::NoContract | Self::Rescan | Self::RescanUnserved => Ok(()),
            Self::Answered => {
                for asked in stage.ask(2).await? {
                    stage.environment.answer_as_a_stranger(&asked).await?;
                }
                Ok(())
            }
            Self::AnsweredOnceReported => {
                stage.come_to_rest().await?;
                let asked = stage.ask(2).await?;
                stage.die_asking_nothing(&point("ReportSink::prepare before")?).await?;
                for asked in asked {
                    stage.environment.answer_as_a_stranger(&asked).await?;
                }
                Ok(())
            }
            Self::AnsweredOnceSubmitted => {
                stage.come_to_rest().await?;
                stage.gate.hold(Hold::Calls("eth_sendRawTransaction"));
                Ok(())
            }
            Self::Unsent => {
                stage.come_to_rest().await?;
                stage.ask(2).await?;
                stage.die_asking_nothing(&point("ReportSink::broadcast before")?).await
            }
            Self::Stuck => {
                stage.come_to_rest().await?;
                stage.ask(2).await?;
                stage.automine(false).await
            }
            Self::ContractCame => {
                let guest = stage.ask_a_contract_to_come().await?;
                let id = stage.asked().last().context("it was asked")?.id;
                stage.environment.relayer.resume().await?;
                eventually("the request to be ignored", DEADLINE, async || {
                    Ok(stage.environment.database().await?.states().await?.get(&id) == Some(&StateName::Ignored))
                })
                .await?;
                stage.environment.relayer.kill()?;
                stage.environment.install(&guest).await.map(drop)
            }
            Self::Paused => stage.come_to_rest().await,
            Self::Forked => {
                stage.come_to_rest().await?;
                stage.environment.end.chain.mine(2).await?;
                let height = stage.environment.end.chain.height().await?;
                stage.environment.relayer.resume().await?;
                eventually("the empty blocks to be watched", DEADLINE, async || {
                    Ok(stage.environment.database().await?.cursor().await? == Some(height))
                })
                .await?;
                stage.environment.relayer.kill()?;
                stage.environment.end.chain.reorganise(1).await.map(drop)
            }
            Self::AnswerForkedAway => {
                stage.come_to_rest().await?;
                stage.ask(1).await?;
                stage.come_to_rest().await?;
                stage.fork_the_last_answer_away().await
            }
            Self::AnswerForkedAwayUnwatched => {
                stage.come_to_rest().await?;
                stage.environment.source.hold();
                stage.ask(1).await?;
                stage.environment.relayer.resume().await?;
                eventually("the run", DEADLINE, async || Ok(stage.environment.source.waiting() == 1)).await?;
                // The request is watched, and its answer isn't.
                stage.gate.hold(Hold::Calls("eth_getLogs"));
                stage.environment.source.release();
                stage.all_are_settled().await?;
                // Until it is final its end is open anyway.
                eventually("the attempt's end", DEADLINE, async || {
                    Ok(stage.environment.database().await?.open_attempts().await? == 0)
                })
                .await?;
                stage.environment.relayer.kill()?;
                stage.release_calls().await?;
                stage.fork_the_last_answer_away().await
            }
        }
    }

    /// What must happen while the relayer runs that is to die.
    pub(super) async fn provoke(self, stage: &mut Stage) -> Result<()> {
        match self {
            Self::Traffic => stage.ask(AT_ONCE).await.map(drop),
            Self::Answered
            | Self::AnsweredOnceReported
            | Self::Unsent
            | Self::Stuck
            | Self::ContractCame
            | Self::Forked
            | Self::AnswerForkedAwayUnwatched
            | Self::AnswerForkedAway => Ok(()),
            Self::AnsweredOnceSubmitted => {
                let asked = stage.ask(1).await?;
                stage.a_call_is_held().await?;
                for asked in asked {
                    stage.environment.answer_as_a_stranger(&asked).await?;
                }
                Ok(())
            }
            Self::NoContract => {
                let guest = stage.ask_a_contract_to_come().await?;
                stage.coming.push(guest);
                Ok(())
            }
            Self::Paused => {
                stage.environment.relayer.answers().await?;
                stage.environment.source.hold();
                stage.ask(2 * AT_ONCE).await?;
                eventually("runs, and as many that wait for them", DEADLINE, async || {
                    let leases = stage.environment.database().await?.leases().await?;
                    Ok(stage.environment.source.waiting() == AT_ONCE && leases == 2 * AT_ONCE)
                })
                .await?;
                stage.environment.api_command(["chain", "pause", "local"]).await?;
                stage.environment.source.release();
                Ok(())
            }
            Self::Rescan => stage.order_rescan().await,
            Self::RescanUnserved => {
                stage.environment.relayer.answers().await?;
                stage.gate.hold(Hold::Calls("eth_getLogs"));
                stage.order_rescan().await
            }
        }
    }

    /// What must be so after the death, for every request to be answered in the end.
    pub(super) async fn clear(self, stage: &mut Stage) -> Result<()> {
        match self {
            Self::Traffic
            | Self::Answered
            | Self::AnsweredOnceReported
            | Self::Unsent
            | Self::ContractCame
            | Self::Forked
            | Self::AnswerForkedAwayUnwatched
            | Self::AnswerForkedAway
            | Self::Rescan => Ok(()),
            Self::AnsweredOnceSubmitted | Self::RescanUnserved => stage.release_calls().await,
            Self::Stuck => stage.automine(true).await,
            Self::NoContract => {
                for guest in std::mem::take(&mut stage.coming) {
                    stage.environment.install(&guest).await?;
                }
                Ok(())
            }
            Self::Paused => {
                stage.environment.relayer.resume().await?;
                stage.environment.api_command(["chain", "resume", "local"]).await?;
                stage.environment.relayer.kill()
            }
        }
    }
}

fn point(text: &str) -> Result<CrashPoint> {
    Ok(text.parse()?)
}

impl Stage {
    async fn automine(&self, on: bool) -> Result<()> {
        self.environment.end.chain.set_automine(on).await?;
        // What came before waits for the next block.
        if on { self.environment.end.chain.mine(1).await } else { Ok(()) }
    }

    /// The request itself stays: what is asked together is followed by a block before its answer's. A node that mines
    /// each transaction at once may have put an empty block on top.
    async fn fork_the_last_answer_away(&self) -> Result<()> {
        let id = self.asked().last().context("it was asked")?.id;
        let fulfilments = self.environment.history().fulfilments().await?;
        let answer = fulfilments.get(&id).and_then(|answers| answers.last()).context("it was answered")?;
        let depth =
            (self.environment.end.chain.height().await? + 1).checked_sub(answer.block).context("its block is there")?;
        self.environment.end.chain.reorganise(depth).await.map(drop)
    }

    /// The relayer may be dead before it can tell that it has the order.
    async fn order_rescan(&mut self) -> Result<()> {
        self.environment.relayer.answers().await?;
        let ordered = self.environment.api_command(["chain", "rescan", "local", "--from-block", "1"]).await;
        if ordered.is_err() && self.environment.relayer.ended()?.is_none() { ordered.map(drop) } else { Ok(()) }
    }

    /// Asks a contract that nobody has deployed yet: an id is a hash of what will be.
    async fn ask_a_contract_to_come(&mut self) -> Result<Guest> {
        self.contracts_to_come += 1;
        let origin = format!("http://{}", self.environment.source.address());
        let guest = Guest::http_json("to come", &HttpJson { origin, decimals: self.contracts_to_come })?;
        let base = self.next_price();
        let asked = self.asker.ask(&Question::price(guest.contract_id()?, &base, "USD")).await?;
        self.note(asked);
        Ok(guest)
    }
}
