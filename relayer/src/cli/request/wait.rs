use super::state_in_words;
use crate::{
    cli::{
        client::{Api, Client, is_not_found},
        output::Output,
    },
    request::{SettlementKind, StateName},
    store::RequestSummary,
};
use anyhow::bail;
use clap::Args;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use phat_protocol::RequestId;
use serde::{Deserialize, Serialize};
use std::{process::ExitCode, time::Duration};
use tokio::time::{Instant, sleep_until};

/// How often the request is looked at where its events aren't told.
const EVERY: Duration = Duration::from_millis(300);
/// How often it is looked at where they are: what stands between may hold them up.
const AT_LATEST: Duration = Duration::from_secs(5);

/// Rings with each event of the request; none where the stream broke, or there was none.
type Bell = Option<BoxStream<'static, ()>>;

/// Wait until a request is answered or expired, and say each step; also for one that was not seen yet.
///
/// Exit codes: 0 answered; 1 expired, answered with a failed callback, or not over in time.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  relayer request wait 0x… --final --timeout 10m")]
pub(crate) struct Wait {
    /// The request's id.
    id: RequestId,
    /// Wait until the answer's block is at the configured finality.
    #[arg(long = "final")]
    until_final: bool,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    api: Api,
}

/// What waiting needs to know of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stand {
    #[serde(flatten)]
    summary: RequestSummary,
    is_final: bool,
}

impl Wait {
    pub(super) async fn run(self, output: &Output) -> anyhow::Result<ExitCode> {
        let Self { id, until_final, timeout, api } = self;
        let client = api.connect()?;
        let deadline = Instant::now() + timeout;
        let progress = output.progress(format!("request {id}: not seen yet"));
        let mut said = String::new();
        // Before the first look, so that nothing happens between the two unnoticed.
        let mut bell = listen(&client, id).await;
        loop {
            let stand = look(&client, id).await?;
            if let Some(stand) = &stand {
                let step = format!("request {id}: {}", state_in_words(&stand.summary));
                if step != said {
                    progress.say(step.clone());
                    said = step;
                }
                if is_over(stand, until_final) {
                    drop(progress);
                    output.show(stand, |stand| state_in_words(&stand.summary))?;
                    return Ok(code(stand));
                }
            }
            if Instant::now() >= deadline {
                drop(progress);
                let stands =
                    stand.map_or_else(|| "was not seen".to_owned(), |stand| format!("is {}", stand.summary.state));
                bail!(
                    "request {id} {stands} after {}; `relayer request show {id}` says what it waits for",
                    humantime::format_duration(timeout)
                );
            }
            rest(&mut bell, deadline).await;
        }
    }
}

/// A relayer that has no stream to give is looked at instead.
async fn listen(client: &Client, id: RequestId) -> Bell {
    let events = client.stream(&["v1", "events"], &[("request", id.to_string())]).await.ok()?;
    let rung = stream::unfold(events, |mut events| async move {
        // What it says is looked up, so whatever it is, it says that there is something to see.
        events.next().await.ok().flatten().map(|_event| ((), events))
    });
    Some(rung.boxed())
}

/// Returns when the request may stand elsewhere, and at the deadline at the latest.
async fn rest(bell: &mut Bell, deadline: Instant) {
    let until = |wait: Duration| sleep_until(deadline.min(Instant::now() + wait));
    if let Some(ringing) = bell {
        tokio::select! {
            () = until(AT_LATEST) => return,
            rung = ringing.next() => match rung {
                Some(()) => return,
                None => *bell = None,
            }
        }
    }
    until(EVERY).await;
}

async fn look(client: &Client, id: RequestId) -> anyhow::Result<Option<Stand>> {
    match client.get(&["v1", "requests", &id.to_string()], &[]).await {
        Ok(stand) => Ok(Some(stand)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_over(stand: &Stand, until_final: bool) -> bool {
    match stand.summary.state {
        StateName::Settled => stand.is_final || !until_final,
        StateName::Expired => true,
        StateName::Observed | StateName::Ignored | StateName::Reported | StateName::Submitted | StateName::Orphaned => {
            false
        }
    }
}

fn code(stand: &Stand) -> ExitCode {
    match stand.summary.settlement.as_ref().map(|settlement| settlement.kind) {
        Some(SettlementKind::Fulfilled) => ExitCode::SUCCESS,
        Some(SettlementKind::CallbackFailed) | None => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_secs(600);

    /// How long one rest takes.
    async fn rested(bell: &mut Bell, timeout: Duration) -> Duration {
        let began = Instant::now();
        rest(bell, began + timeout).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_ends_the_rest_at_once_and_silence_only_after_long() {
        let mut bell: Bell = Some(stream::iter([(), ()]).chain(stream::pending()).boxed());
        for expected in [Duration::ZERO, Duration::ZERO, AT_LATEST, AT_LATEST] {
            assert_eq!(rested(&mut bell, FAR).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_broke_is_replaced_by_looking_often() {
        let mut broken: Bell = Some(stream::iter([()]).boxed());
        assert_eq!(rested(&mut broken, FAR).await, Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(rested(&mut broken, FAR).await, EVERY);
        }
        assert_eq!(rested(&mut None, FAR).await, EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn no_rest_goes_past_the_deadline() {
        let soon = Duration::from_millis(100);
        assert_eq!(rested(&mut Some(stream::pending().boxed()), soon).await, soon);
        assert_eq!(rested(&mut None, soon).await, soon);
    }
}
