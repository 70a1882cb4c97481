use crate::{
    api::{ChainAnswer, ChainsAnswer, EndpointAnswer},
    cli::{
        client::Client,
        money::ether,
        output::{Output, Table, time},
        since,
    },
    request::StateName,
    store::Stage,
};
use std::time::Duration;

pub(super) async fn list(client: &Client, output: &Output) -> anyhow::Result<()> {
    let answer: ChainsAnswer = client.get(&["v1", "chains"], &[]).await?;
    output.list(&answer, "no chain is configured", |answer| {
        let mut table =
            Table::new(&["chain", "block", "behind", "finality", "wallet", "waiting", "answered", "trouble"]);
        for chain in &answer.chains {
            table.row([
                chain.name.clone(),
                chain.latest.map_or_else(|| "-".to_owned(), |block| block.number.to_string()),
                chain.lag_blocks.map_or_else(|| "-".to_owned(), |lag| lag.to_string()),
                chain.finality.to_string(),
                wallets(chain).unwrap_or_else(|| "-".to_owned()),
                waiting(chain).to_string(),
                chain.requests.get(&StateName::Settled).copied().unwrap_or(0).to_string(),
                troubles(chain).join("; "),
            ]);
        }
        table
    })
}

pub(super) async fn show(name: &str, client: &Client, output: &Output) -> anyhow::Result<()> {
    let chain: ChainAnswer = client.get(&["v1", "chains", name], &[]).await?;
    output.show(&chain, in_words)
}

/// Requests for which the relayer has something to do.
pub(crate) fn waiting(chain: &ChainAnswer) -> u64 {
    chain.requests.iter().filter(|(state, _)| state.is_waiting()).map(|(_, count)| *count).sum()
}

/// What each wallet has.
pub(crate) fn wallets(chain: &ChainAnswer) -> Option<String> {
    let balances: Vec<String> = chain.wallets.iter().filter_map(|wallet| wallet.balance.map(ether)).collect();
    (!balances.is_empty()).then(|| balances.join(", "))
}

/// What is amiss, an operator's pause first.
fn troubles(chain: &ChainAnswer) -> Vec<String> {
    let paused = chain.paused.as_ref().map(|pause| format!("paused {}", since(pause)));
    let rescan = chain.rescan.as_ref().and_then(|order| order.last_error.as_ref());
    let rescan = rescan.map(|error| format!("rescan: {error}"));
    paused.into_iter().chain(rescan).chain(chain.troubles.iter().cloned()).collect()
}

/// One endpoint: its name and state first.
fn in_line(endpoint: &EndpointAnswer) -> String {
    let mut parts = vec![format!("{} is {}", endpoint.name, endpoint.state)];
    if endpoint.in_use {
        parts.push("in use".to_owned());
    }
    parts.push(format!("priority {}", endpoint.priority));
    if let Some(head) = endpoint.head {
        let lag = endpoint.lag_blocks.filter(|lag| *lag > 0).map_or_else(String::new, |lag| format!(", {lag} behind"));
        parts.push(format!("block {head}{lag}"));
    }
    parts.extend(endpoint.latency_ms.map(|latency| format!("{latency} ms")));
    if endpoint.failed_percent > 0 {
        parts.push(format!("{} % fail", endpoint.failed_percent));
    }
    parts.extend(endpoint.resting_until_ms.map(|until| format!("rests until {}", time(until))));
    if !endpoint.state.is_well() {
        parts.extend(endpoint.last_error.clone());
    }
    parts.join(", ")
}

fn in_words(chain: &ChainAnswer) -> String {
    let mut table = Table::new(&["chain", &chain.name]);
    table.row_of("paused", chain.paused.as_ref().map(since));
    if let Some(order) = &chain.rescan {
        let error = order.last_error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        let ordered = time(order.ordered_at_ms);
        table.row(["rescan".to_owned(), format!("from block {}, ordered {ordered}{error}", order.next_block)]);
    }
    for endpoint in &chain.endpoints {
        table.row(["endpoint".to_owned(), in_line(endpoint)]);
    }
    for trouble in &chain.troubles {
        table.row(["trouble".to_owned(), trouble.clone()]);
    }
    if let Some(facts) = &chain.facts {
        table.row(["oracle".to_owned(), facts.oracle.clone()]);
        table.row(["registry".to_owned(), facts.registry.clone()]);
        table.row(["threshold".to_owned(), facts.threshold.to_string()]);
        table.row(["oracle paused".to_owned(), if facts.paused { "yes" } else { "no" }.to_owned()]);
    }
    table.row(["finality".to_owned(), chain.finality.to_string()]);
    for (what, block) in [("newest", chain.latest), ("confirmed", chain.confirmed), ("watched", chain.cursor)] {
        let at = block.map_or_else(|| "-".to_owned(), |block| format!("{} {}", block.number, block.hash));
        table.row([what.to_owned(), at]);
    }
    if let Some(lag) = chain.lag_blocks {
        let seconds = chain.lag_seconds.map_or_else(String::new, |seconds| format!(", {seconds} s"));
        table.row(["behind".to_owned(), format!("{lag} blocks{seconds}")]);
    }
    for wallet in &chain.wallets {
        let balance = wallet.balance.map_or_else(|| "unknown".to_owned(), ether);
        let low = wallet.min_balance.filter(|least| wallet.balance.is_some_and(|balance| balance < *least));
        let low = low.map_or_else(String::new, |least| format!(", less than {}", ether(least)));
        table.row(["wallet".to_owned(), format!("{} {balance}{low}", wallet.account)]);
    }
    for (state, count) in &chain.requests {
        table.row([state.to_string(), count.to_string()]);
    }
    for waiting in &chain.waiting {
        let age = humantime::format_duration(Duration::from_secs(waiting.oldest_age_ms / 1000));
        let what = format!("{} requests, the oldest for {age}", waiting.requests);
        let stage = match waiting.stage {
            Stage::Execute => "to be executed",
            Stage::Submit => "to be submitted",
            Stage::Settle => "to be settled",
        };
        table.row([stage.to_owned(), what]);
    }
    for attempt in &chain.open_attempts {
        let sent = attempt.broadcast_at_ms.map_or_else(|| "not sent yet".to_owned(), |at| format!("sent {}", time(at)));
        let what = format!("{} requests, {} transactions, {sent}", attempt.requests, attempt.transactions);
        table.row([format!("nonce {}", attempt.nonce), what]);
    }
    table.render()
}
