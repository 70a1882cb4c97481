use super::state_in_words;
use crate::{
    api::{RequestCounts, RequestsAnswer, rfc3339},
    cli::{
        argument::{Called, Hex},
        client::{Api, Client},
        output::{Output, Table, time},
    },
    clock::{Clock, SystemClock},
    request::StateName,
};
use clap::Args;
use phat_protocol::{Outcome, RequestId};
use std::time::{Duration, UNIX_EPOCH};

/// List requests, newest first; those that every filter lets through.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relayer request list --state observed,reported --chain local\n  relayer request \
    list --contract price --outcome TimedOut --since 2h")]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    /// The most to list, up to 500.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Go on after this request.
    #[arg(long, value_name = "ID")]
    before: Option<RequestId>,
    #[command(flatten)]
    api: Api,
}

/// Count requests by state and outcome; those that every filter lets through.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer request counts --chain local --since 1day")]
pub(crate) struct Counts {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    api: Api,
}

/// Which requests are meant.
#[derive(Debug, Args)]
struct Filter {
    /// Those in one of these states: observed, ignored, reported, submitted, settled, expired, orphaned.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<StateName>,
    /// Those of this chain.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
    /// Those that this consumer asked: an address, or an encoded account in hexadecimal.
    #[arg(long, value_name = "HEX")]
    consumer: Option<Hex>,
    /// Those that this contract is asked.
    #[arg(long, value_name = "ID|NAME")]
    contract: Option<Called>,
    /// Those whose run ended so: Ok, ContractError, Trapped, OutOfFuel, OutOfMemory, TimedOut, OutputTooLarge,
    /// EgressDenied or BadContract.
    #[arg(long, value_parser = parse_outcome)]
    outcome: Option<Outcome>,
    /// Those that were seen at this time or later: RFC 3339, or how long ago (2h, 3days).
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    since: Option<Moment>,
    /// Those that were seen before this time: RFC 3339, or how long ago.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    until: Option<Moment>,
}

/// A point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Moment {
    /// As RFC 3339 writes it.
    At(String),
    /// Before now.
    Ago(Duration),
}

impl Moment {
    /// As RFC 3339 writes it.
    fn into_text(self, now: Duration) -> String {
        match self {
            Self::At(text) => text,
            Self::Ago(ago) => humantime::format_rfc3339_millis(UNIX_EPOCH + now.saturating_sub(ago)).to_string(),
        }
    }
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    if rfc3339(text).is_some() {
        return Ok(Moment::At(text.to_owned()));
    }
    humantime::parse_duration(text)
        .map(Moment::Ago)
        .map_err(|_| "expected a time such as 2026-11-22T10:00:00Z, or how long ago, such as 2h".to_owned())
}

fn parse_outcome(text: &str) -> Result<Outcome, String> {
    let names = || Outcome::ALL.iter().map(|outcome| outcome.name()).collect::<Vec<_>>().join(", ");
    Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("expected one of {}", names()))
}

impl Filter {
    async fn query(self, client: &Client) -> anyhow::Result<Vec<(&'static str, String)>> {
        let Self { state, chain, consumer, contract, outcome, since, until } = self;
        let now = SystemClock.now();
        let mut query: Vec<(&str, String)> = state.iter().map(|state| ("state", state.to_string())).collect();
        query.extend(chain.map(|chain| ("chain", chain)));
        query.extend(consumer.map(|consumer| ("consumer", format!("0x{}", hex::encode(consumer.0)))));
        if let Some(contract) = contract {
            query.push(("contract", contract.id(client).await?.to_string()));
        }
        query.extend(outcome.map(|outcome| ("outcome", outcome.name().to_owned())));
        query.extend(since.map(|since| ("since", since.into_text(now))));
        query.extend(until.map(|until| ("until", until.into_text(now))));
        Ok(query)
    }
}

impl List {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let client = self.api.connect()?;
        let mut query = self.filter.query(&client).await?;
        let empty = match (query.is_empty(), self.before) {
            (true, None) => "no requests were seen yet",
            (false, _) | (true, Some(_)) => "no such request was seen",
        };
        query.push(("limit", self.limit.to_string()));
        query.extend(self.before.map(|before| ("before", before.to_string())));
        let answer: RequestsAnswer = client.get(&["v1", "requests"], &query).await?;
        output.list(&answer, empty, |answer| {
            let mut table = Table::new(&["request", "chain", "block", "state", "outcome", "changed"]);
            for request in &answer.requests {
                table.row([
                    request.id.to_string(),
                    request.chain.clone(),
                    request.block.to_string(),
                    state_in_words(request),
                    request.outcome.map_or_else(|| "-".to_owned(), |outcome| outcome.to_string()),
                    time(request.updated_at_ms),
                ]);
            }
            table
        })?;
        if let Some(next) = answer.next.filter(|_| !output.is_json()) {
            output.note(&format!("more: --before {next}"));
        }
        Ok(())
    }
}

impl Counts {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<()> {
        let client = self.api.connect()?;
        let query = self.filter.query(&client).await?;
        let answer: RequestCounts = client.get(&["v1", "requests", "counts"], &query).await?;
        output.show(&answer, |answer| {
            let mut table = Table::new(&["requests", &answer.total.to_string()]);
            for (state, count) in &answer.by_state {
                table.row([format!("  {state}"), count.to_string()]);
            }
            if !answer.by_outcome.is_empty() {
                table.row(["executed".to_owned(), answer.by_outcome.values().sum::<u64>().to_string()]);
            }
            for (outcome, count) in &answer.by_outcome {
                table.row([format!("  {outcome}"), count.to_string()]);
            }
            table.render()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_how_long_ago() {
        let now = Duration::from_secs(1_700_000_000);
        let text = |given: &str| parse_moment(given).unwrap().into_text(now);
        assert_eq!(text("2026-11-22T10:00:00Z"), "2026-11-22T10:00:00Z");
        assert_eq!(text("2026-11-22T10:00:00+01:00"), "2026-11-22T10:00:00+01:00");
        assert_eq!(text("2h"), "2023-11-14T20:13:20.000Z");
        assert_eq!(text("1000years"), "1970-01-01T00:00:00.000Z");
        assert!(parse_moment("yesterday").is_err());
    }

    #[test]
    fn outcomes_have_names() {
        assert_eq!(parse_outcome("timedout"), Ok(Outcome::TimedOut));
        assert!(parse_outcome("late").unwrap_err().contains("TimedOut"));
    }
}
