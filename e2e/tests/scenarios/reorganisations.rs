//! Blocks are taken back, with requests in them, with answers in them, or with both.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{Evm, OracleEnd, Ordeal, Settings, Substrate, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn reorganisations_of_depth_1_to_20_leave_every_request_its_one_answer() -> Result<()> {
    reorganisations_leave_every_request_its_one_answer::<Evm>(Settings::impatient()?, 20).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reorganisations_of_depth_1_to_6_on_substrate_leave_every_request_its_one_answer() -> Result<()> {
    reorganisations_leave_every_request_its_one_answer::<Substrate>(Settings::impatient()?, 6).await
}

pub(crate) async fn reorganisations_leave_every_request_its_one_answer<End: OracleEnd>(
    settings: Settings,
    deepest: u64,
) -> Result<()> {
    let mut ordeal = Ordeal::<End>::start(settings).await?;
    for depth in 1..=deepest {
        let mut asked = Vec::new();
        for _ in 0..3 {
            asked.push(ordeal.ask().await?);
        }
        if depth % 2 == 0 {
            // What goes is answered; otherwise the relayer is in the middle of it.
            ordeal.answered(&asked, DEADLINE).await?;
        }
        ordeal.reorganise(depth).await.with_context(|| format!("{depth} deep"))?;
    }
    ordeal.judge(2 * DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_reorganised_away_is_submitted_again_by_itself() -> Result<()> {
    an_answer_is_submitted_again::<Evm>().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_reorganised_away_on_substrate_is_submitted_again_by_itself() -> Result<()> {
    an_answer_is_submitted_again::<Substrate>().await
}

async fn an_answer_is_submitted_again<End: OracleEnd>() -> Result<()> {
    let mut settings = Settings::impatient()?;
    // Deeper than the reorganisation: what it takes back was not final.
    settings.chain.insert("finality".to_owned(), "latest - 3".into());
    let mut ordeal = Ordeal::<End>::start(settings).await?;
    let asked = ordeal.ask().await?;
    // The request is at the configured finality, its answer will not be.
    ordeal.environment.end.mine(3).await?;
    ordeal.environment.reaches(&asked, "settled", DEADLINE).await?;
    let first = ordeal.environment.end.fulfilments().await?;
    ensure!(ordeal.reorganise(1).await? == 0, "the request went too");
    let mut life = serde_json::Value::Null;
    eventually("the answer to be taken back", DEADLINE, async || {
        life = ordeal.environment.relayer.api().request(asked.id).await?.context("it was seen")?;
        Ok(told(&life, "settled").zip(told_last(&life, "submitted")).is_some_and(|(settled, again)| again > settled))
    })
    .await
    .with_context(|| format!("{life}"))?;
    ordeal.answered(std::slice::from_ref(&asked), DEADLINE).await?;
    let second = ordeal.environment.end.fulfilments().await?;
    ensure!(first[&asked.id][0].block <= second[&asked.id][0].block, "{first:?} {second:?}");
    ordeal.environment.end.mine(4).await?;
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_final_is_opened_again_by_a_deeper_reorganisation() -> Result<()> {
    a_final_answer_is_opened_again::<Evm>().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_final_on_substrate_is_opened_again_by_a_deeper_reorganisation() -> Result<()> {
    a_final_answer_is_opened_again::<Substrate>().await
}

async fn a_final_answer_is_opened_again<End: OracleEnd>() -> Result<()> {
    let mut settings = Settings::impatient()?;
    settings.chain.insert("finality".to_owned(), "latest - 2".into());
    let mut ordeal = Ordeal::<End>::start(settings).await?;
    let asked = ordeal.ask().await?;
    ordeal.environment.end.mine(2).await?;
    ordeal.environment.reaches(&asked, "settled", DEADLINE).await?;
    ordeal.environment.end.mine(3).await?;
    eventually("the answer to be final", DEADLINE, async || {
        let life = ordeal.environment.relayer.api().request(asked.id).await?.context("it was seen")?;
        Ok(told(&life, "final").is_some())
    })
    .await?;
    let answer = ordeal.environment.end.fulfilments().await?[&asked.id][0].clone();
    let depth = ordeal.environment.end.height().await? - answer.block + 1;
    ensure!(depth > 2, "the answer isn't final yet");
    ensure!(ordeal.reorganise(depth).await? == 0, "the request went too");
    ordeal.answered(&[asked], DEADLINE).await?;
    ordeal.environment.end.mine(3).await?;
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answered_request_that_is_reorganised_away_is_answered_anew_under_its_new_id() -> Result<()> {
    a_request_is_answered_anew::<Evm>().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answered_request_that_is_reorganised_away_on_substrate_is_answered_anew_under_its_new_id() -> Result<()> {
    a_request_is_answered_anew::<Substrate>().await
}

async fn a_request_is_answered_anew<End: OracleEnd>() -> Result<()> {
    let mut ordeal = Ordeal::<End>::start(Settings::impatient()?).await?;
    let asked = ordeal.ask().await?;
    ordeal.environment.reaches(&asked, "settled", DEADLINE).await?;
    let depth = ordeal.environment.end.height().await? - asked.block + 1;
    let questions = ordeal.drop_blocks(depth).await?;
    ensure!(questions.len() == 1, "it didn't go: {questions:?}");
    ordeal.environment.end.mine(1).await?;
    ordeal.environment.reaches(&asked, "orphaned", DEADLINE).await?;
    // The relayer's transactions are gone with it; none comes back for what isn't there.
    let again = ordeal.put(questions[0].clone()).await?;
    ensure!(again.id != asked.id, "the same id stands for another block");
    ordeal.environment.source.price("Q0", "USD", "77.5");
    ordeal.answered(&[again], DEADLINE).await?;
    ordeal.judge(DEADLINE).await?;
    ordeal.environment.finish().await
}

/// Where an event stands first in the life of a request.
fn told(life: &serde_json::Value, event: &str) -> Option<usize> {
    life["events"].as_array()?.iter().position(|told| told["event"] == event)
}

/// Where an event stands last in the life of a request.
fn told_last(life: &serde_json::Value, event: &str) -> Option<usize> {
    life["events"].as_array()?.iter().rposition(|told| told["event"] == event)
}
