use crate::{
    api::{ChainAnswer, ChainsAnswer},
    cli::{
        client::Client,
        money::ether,
        output::{Output, Table},
    },
};
use anyhow::anyhow;

pub(super) async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    let answer: ChainsAnswer = client.get(&["v1", "chains"], &[]).await?;
    output.list(&answer, "no chain is configured", |answer| {
        let mut table = Table::new(&["chain", "block", "behind", "wallet", "waiting", "answered", "trouble"]);
        for chain in &answer.chains {
            table.row([
                chain.name.clone(),
                chain.latest.map_or_else(|| "-".to_owned(), |block| block.number.to_string()),
                chain.lag_blocks.map_or_else(|| "-".to_owned(), |lag| lag.to_string()),
                chain.balance.map_or_else(|| "-".to_owned(), ether),
                waiting(chain).to_string(),
                chain.requests.get(&crate::request::StateName::Settled).copied().unwrap_or(0).to_string(),
                chain.troubles.join("; "),
            ]);
        }
        table
    })
}

pub(super) async fn show(name: &str, client: &Client, output: &Output) -> anyhow::Result<()> {
    let answer: ChainsAnswer = client.get(&["v1", "chains"], &[]).await?;
    let chain = answer.chains.into_iter().find(|chain| chain.name == name);
    let chain = chain.ok_or_else(|| anyhow!("no chain is called {name:?}; `relayer chain list` names them"))?;
    output.show(&chain, in_words)
}

/// Requests for which the relayer has something to do.
pub(crate) fn waiting(chain: &ChainAnswer) -> u64 {
    chain.requests.iter().filter(|(state, _)| state.is_waiting()).map(|(_, count)| *count).sum()
}

fn in_words(chain: &ChainAnswer) -> String {
    let mut table = Table::new(&["chain", &chain.name]);
    for trouble in &chain.troubles {
        table.row(["trouble".to_owned(), trouble.clone()]);
    }
    if let Some(facts) = &chain.facts {
        table.row(["oracle".to_owned(), facts.oracle.clone()]);
        table.row(["registry".to_owned(), facts.registry.clone()]);
        table.row(["threshold".to_owned(), facts.threshold.to_string()]);
        table.row(["oracle paused".to_owned(), if facts.paused { "yes" } else { "no" }.to_owned()]);
    }
    for (what, block) in [("newest", chain.latest), ("confirmed", chain.confirmed), ("watched", chain.cursor)] {
        table.row([
            what.to_owned(),
            block.map_or_else(|| "-".to_owned(), |block| format!("{} {}", block.number, block.hash)),
        ]);
    }
    if let Some(lag) = chain.lag_blocks {
        table.row(["behind".to_owned(), format!("{lag} blocks")]);
    }
    let balance = chain.balance.map_or_else(|| "unknown".to_owned(), ether);
    table.row(["wallet".to_owned(), format!("{} {balance}", chain.submitter)]);
    for (state, count) in &chain.requests {
        table.row([state.to_string(), count.to_string()]);
    }
    table.render()
}
