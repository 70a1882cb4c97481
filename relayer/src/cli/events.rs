use super::{
    argument::Called,
    client::{Api, Client, is_no_answer},
    output::{Output, Reader, time, visible},
};
use crate::store::Event;
use anyhow::ensure;
use clap::Args;
use phat_protocol::RequestId;
use std::time::Duration;
use tokio::time::sleep;

/// How long to wait before a relayer that went away is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Follow what happens to requests, and what operators do, as it is committed; until it is interrupted. A relayer that
/// goes away is waited for, and nothing that happens meanwhile is missed. With --json, one object a line.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relayer events --chain local\n  relayer events --after 0 --limit 100 --json")]
pub(super) struct Events {
    /// Events of this chain alone.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
    /// Events of this request alone.
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
    /// Events of this contract alone, and of requests that ask it.
    #[arg(long, value_name = "ID|NAME")]
    contract: Option<Called>,
    /// Begin after this event, by its number; 0 begins with the first one ever. Without it, begin now.
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// End after so many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    api: Api,
}

impl Events {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let Self { chain, request, contract, mut after, limit, api } = self;
        let client = api.connect()?;
        let mut filter = Vec::new();
        filter.extend(chain.map(|chain| ("chain", chain)));
        filter.extend(request.map(|request| ("request", request.to_string())));
        if let Some(contract) = contract {
            filter.push(("contract", contract.id(&client).await?.to_string()));
        }
        let mut left = limit;
        let mut connected = false;
        loop {
            match follow(&client, &filter, &mut after, &mut left, output).await {
                Ok(()) => connected = true,
                Err(error) if connected && is_no_answer(&error) => {}
                Err(error) => return Err(error),
            }
            if left == Some(0) {
                return Ok(());
            }
            output.note(&format!("the stream ended; waiting for the relayer at {}", client.base()));
            sleep(PAUSE).await;
        }
    }
}

/// Prints events until the stream ends, or as many as are `left` were printed.
async fn follow(
    client: &Client,
    filter: &[(&str, String)],
    after: &mut Option<u64>,
    left: &mut Option<u64>,
    output: &Output,
) -> anyhow::Result<()> {
    let mut query = filter.to_vec();
    query.extend(after.map(|after| ("after", after.to_string())));
    let mut stream = client.stream(&["v1", "events"], &query).await?;
    while let Some(data) = stream.next().await? {
        let event: Event = serde_json::from_str(&data)?;
        ensure!(after.is_none_or(|after| event.sequence > after), "the relayer told event {} twice", event.sequence);
        *after = Some(event.sequence);
        if output.line(&event, in_words)? == Reader::Gone {
            *left = Some(0);
            return Ok(());
        }
        if let Some(left) = left {
            *left -= 1;
            if *left == 0 {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn in_words(event: &Event) -> String {
    let mut about = Vec::new();
    about.extend(event.chain.as_ref().map(|chain| format!("chain {chain}")));
    match (&event.request, &event.contract) {
        (Some(request), _) => about.push(format!("request {request}")),
        (None, Some(contract)) => about.push(format!("contract {contract}")),
        (None, None) => {}
    }
    about.extend(event.detail.as_ref().map(ToString::to_string));
    visible(&format!("{}  {:<14}  {}", time(event.at_ms), event.event, about.join("  ")))
}
