//! Several endpoints in front of one chain, of which some fail: the others serve, and the API says who.

use crate::DEADLINE;
use anyhow::{Context, Result, ensure};
use phat_e2e::{
    Asked, Consumer, Environment, Evm, Fault, FaultProxy, Ground, OracleEnd, Question, Rule, Settings, Substrate,
    eventually,
};
use phat_protocol::ContractId;
use serde_json::Value;
use toml::Table;

const NAMES: [&str; 3] = ["first", "second", "third"];

/// Three proxies before one node, each an endpoint of the relayer's chain.
struct Three<End: OracleEnd> {
    environment: Environment<End>,
    proxies: [FaultProxy; 3],
    asker: End::Consumer,
    contract_id: ContractId,
    asked: Vec<Asked>,
}

impl<End: OracleEnd> Three<End> {
    /// So many of them must agree on what counts.
    async fn start(quorum: u32) -> Result<Self> {
        let mut ground = Ground::<End>::start(Settings::impatient()?).await?;
        let node = ground.end.address();
        let proxies = [FaultProxy::start(node).await?, FaultProxy::start(node).await?, FaultProxy::start(node).await?];
        let mut endpoints = Vec::new();
        for (priority, (name, proxy)) in (0_u32..).zip(NAMES.into_iter().zip(&proxies)) {
            let mut endpoint = Table::new();
            endpoint.insert("name".to_owned(), name.into());
            endpoint.insert("url".to_owned(), proxy.url().into());
            endpoint.insert("priority".to_owned(), priority.into());
            endpoints.push(endpoint);
        }
        ground.settings.chain.insert("endpoints".to_owned(), endpoints.into());
        ground.settings.chain.insert("probe_interval".to_owned(), "1s".into());
        if quorum > 1 {
            ground.settings.chain.insert("read_quorum".to_owned(), quorum.into());
        }
        let environment = Environment::on(ground).await?;
        let contract_id = environment.deploy_prices().await?;
        let asker = environment.end.consumer().await?;
        Ok(Self { environment, proxies, asker, contract_id, asked: Vec::new() })
    }

    /// Asks three questions, and waits for their answers.
    async fn ask_and_hear(&mut self) -> Result<()> {
        for _ in 0..3 {
            let base = format!("Q{}", self.asked.len());
            self.environment.source.price(&base, "USD", "97214.53");
            let asked = self.asker.ask(&Question::price(self.contract_id, &base, "USD")).await?;
            self.environment.reaches(&asked, "settled", DEADLINE).await?;
            self.asked.push(asked);
        }
        Ok(())
    }

    /// Waits until the API shows each endpoint in its state, and that one as the one in use.
    async fn shows(&self, states: [&str; 3], in_use: &str) -> Result<()> {
        let mut last = Value::Null;
        eventually("the endpoints' states", DEADLINE, async || {
            let chain = self.environment.relayer.api().get("/v1/chains/local").await?;
            last = chain["endpoints"].clone();
            let endpoints = last.as_array().context("a list of endpoints")?;
            let is_so = |(endpoint, (name, state)): (&Value, (&str, &str))| {
                endpoint["name"] == name && endpoint["state"] == state && endpoint["in_use"] == (name == in_use)
            };
            Ok(endpoints.len() == NAMES.len() && endpoints.iter().zip(NAMES.into_iter().zip(states)).all(is_so))
        })
        .await
        .with_context(|| format!("{states:?}, {in_use} in use: {last}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_endpoints_two_fail_in_turn_and_each_request_is_answered_once() -> Result<()> {
    two_fail_in_turn::<Evm>().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_endpoints_on_substrate_two_fail_in_turn_and_each_request_is_answered_once() -> Result<()> {
    two_fail_in_turn::<Substrate>().await
}

async fn two_fail_in_turn<End: OracleEnd>() -> Result<()> {
    let mut three = Three::<End>::start(1).await?;
    three.ask_and_hear().await?;
    three.shows(["healthy", "healthy", "healthy"], "first").await?;

    three.proxies[0].inject([Rule::new(Fault::Hang)]);
    three.ask_and_hear().await?;
    three.shows(["failing", "healthy", "healthy"], "second").await?;

    three.proxies[1].inject([Rule::new(Fault::ServerError(503))]);
    three.ask_and_hear().await?;
    three.shows(["failing", "failing", "healthy"], "third").await?;
    let status = three.environment.relayer.api().get("/v1/status").await?;
    ensure!(status["verdict"] == "degraded" && status.to_string().contains("endpoint second is failing"), "{status}");
    let metrics = three.environment.relayer.api().text("/metrics").await?;
    let served = "phat_relayer_endpoint_calls_total{chain=\"local\",endpoint=\"third\",outcome=\"ok\"}";
    ensure!(metrics.contains(served), "no calls to the third endpoint are counted");

    three.proxies[0].lift();
    three.shows(["healthy", "failing", "healthy"], "first").await?;
    three.proxies[1].lift();
    three.ask_and_hear().await?;
    three.shows(["healthy", "healthy", "healthy"], "first").await?;

    three.environment.expect_each_answered_once(&three.asker, &three.asked, DEADLINE).await?;
    three.environment.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_endpoint_hides_is_seen_where_two_must_agree() -> Result<()> {
    let mut three = Three::<Evm>::start(2).await?;
    // It is the one that calls go to first.
    three.proxies[0].inject([Rule::new(Fault::MissingLogs), Rule::new(Fault::MissingReceipts)]);
    three.ask_and_hear().await?;
    ensure!(three.proxies[0].count(&Fault::MissingLogs) > 0, "it hid nothing");
    three.environment.expect_each_answered_once(&three.asker, &three.asked, DEADLINE).await?;
    three.environment.finish().await
}
