//! Two chains, one of which is in trouble all the while: the other doesn't notice.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{
    Asked, Asker, Binaries, Environment, Ground, Limits, Question, Settings, SyntheticChain, SyntheticNode, Trouble,
    wait_for,
};
use toml::toml;

/// How many requests are asked and answered, one after the other, while the other chain is in one trouble.
const REQUESTS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_endpoint_hangs_or_lies_or_limits_delays_no_other() -> Result<()> {
    let chain = SyntheticChain::new(4, 5_000, 1_800_000_000);
    let limits = Limits { trouble: Some(Trouble::Hangs), ..Limits::default() };
    let other = SyntheticNode::start(chain, limits).await?;
    let mut settings = Settings::new(Binaries::up_to_date()?)?;
    // A call that hangs does so for the whole of what is asked meanwhile.
    settings.other_chains = vec![("synthetic".to_owned(), other.settings(toml! { call_timeout = "10m" })?)];
    let mut environment: Environment = Environment::on(Ground::start(settings).await?).await?;
    let contract_id = environment.deploy_prices().await?;
    let asker = Asker::deploy(&environment.end.chain, &environment.end.oracle).await?;
    environment.source.price("BTC", "USD", "97214.53");
    let question = Question::price(contract_id, "BTC", "USD");
    let mut asked: Vec<Asked> = Vec::new();

    wait_for("a call that hangs", DEADLINE, async || Ok((other.tally().failed > 0).then_some(()))).await?;
    let before = other.tally();
    asked.extend(answered_in_turn(&environment, &asker, &question).await?);
    // One step of each of its stages hangs, as it did before: nothing of it went on meanwhile.
    let after = other.tally();
    ensure!(after.served.is_empty(), "it didn't hang: {after:?}");
    ensure!(after.requests - before.requests <= 12, "{before:?}, {after:?}");
    trouble_is_its_own(&environment).await?;

    for trouble in [Trouble::Garbage, Trouble::Limited(3_600)] {
        // What hangs is let go by a restart.
        environment.relayer.stop().await?;
        other.with_limits(|limits| limits.trouble = Some(trouble));
        // An endpoint that limits the rate for so long is asked once.
        let failed = other.tally().failed;
        environment.relayer.resume().await?;
        wait_for("the trouble", DEADLINE, async || Ok((other.tally().failed > failed).then_some(()))).await?;
        asked.extend(answered_in_turn(&environment, &asker, &question).await?);
        ensure!(other.tally().served.is_empty(), "{trouble:?}: {:?}", other.tally());
        trouble_is_its_own(&environment).await?;
    }

    // Once its trouble is over it is watched, as if there had been none.
    environment.relayer.stop().await?;
    other.with_limits(|limits| limits.trouble = None);
    environment.relayer.resume().await?;
    wait_for("the other chain to be watched", DEADLINE, async || {
        let chain = environment.relayer.api().get("/v1/chains/synthetic").await?;
        Ok((chain["cursor"]["number"] == 5_000).then_some(()))
    })
    .await?;
    environment.expect_each_answered_once(&asker, &asked, DEADLINE).await?;
    environment.finish().await
}

/// Asks again once each answer was heard.
async fn answered_in_turn(environment: &Environment, asker: &Asker, question: &Question) -> Result<Vec<Asked>> {
    let mut asked = Vec::new();
    for _ in 0..REQUESTS {
        let request = asker.ask(question).await?;
        environment.heard(asker, &request, DEADLINE).await?;
        asked.push(request);
    }
    Ok(asked)
}

/// Readiness names the chain that is in trouble, and it alone.
async fn trouble_is_its_own(environment: &Environment) -> Result<()> {
    let ready = environment.relayer.api().ready().await.context("no word of readiness")?;
    let troubled: Vec<&str> =
        ready.components.iter().filter(|part| !part.ready).map(|part| part.component.as_str()).collect();
    ensure!(troubled == ["chain synthetic"], "{ready:?}");
    Ok(())
}
