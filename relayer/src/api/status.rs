use super::{
    Api, ApiChain, COMPONENT_TIMEOUT, Shared, StatusAnswer, StatusReason, Verdict,
    chain::in_time,
    endpoint,
    finding::{Checked, Finding, Weight},
    ready::{FRESH, probe},
    wallet,
};
use crate::{
    clock::Millis,
    health::Component,
    store::{JobRecord, JobRunProgress, Pause},
};
use axum::{Json, extract::State};
use futures_util::future::join_all;
use phat_protocol::Outcome;
use std::{cmp::Reverse, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// The last answer. Whoever asks while one is made waits for that one.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<(Instant, StatusAnswer)>>);

/// How the relayer is: in one word, with all that is wrong and how to mend it.
///
/// `degraded` means that it works, with something that an operator should look at; `down`, that nothing
/// of a component's work can go on. The answer stands for a second.
#[utoipa::path(
    get, path = "/v1/status", operation_id = "status", tag = "health",
    responses((status = 200, description = "How it is.", body = StatusAnswer))
)]
pub(super) async fn status(State(api): State<Shared>) -> Json<StatusAnswer> {
    let mut cached = api.status.0.lock().await;
    let answer = match &*cached {
        Some((made, answer)) if made.elapsed() < FRESH => answer.clone(),
        Some(_) | None => {
            let answer = look(&api).await;
            *cached = Some((Instant::now(), answer.clone()));
            answer
        }
    };
    Json(answer)
}

async fn look(api: &Shared) -> StatusAnswer {
    let found = probe(api).await.components;
    let looked = join_all(found.into_iter().map(|checked| findings(api, checked))).await;
    let mut reasons: Vec<StatusReason> = looked.into_iter().flatten().collect();
    reasons.extend(pauses(api).await);
    reasons.extend(jobs(api).await);
    if api.state.chains.is_empty() {
        let finding = Finding::noticed(
            "no chain is configured, so no request will be seen",
            "add a section [chains.NAME]; `relayer oracle deploy` prints one",
        );
        reasons.push(reason("relayer", finding));
    }
    reasons.sort_by_key(|reason| Reverse(reason.verdict));
    StatusAnswer {
        verdict: reasons.first().map_or(Verdict::Healthy, |worst| worst.verdict),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at_ms: api.started.0,
        now_ms: Millis::now(&*api.state.clock).0,
        reasons,
    }
}

/// What the probe found, and what is to be noticed where it found nothing: beside a fault it would
/// only follow from that.
async fn findings(api: &Api, checked: Checked) -> Vec<StatusReason> {
    let component = checked.component.to_string();
    let mut findings = checked.findings;
    if let Component::Chain(name) = &checked.component
        && findings.is_empty()
        && let Some(chain) = api.state.chains.get(name)
    {
        findings = notice(api, name, chain).await;
    }
    findings.into_iter().map(|finding| reason(&component, finding)).collect()
}

/// What an operator paused: that holds until someone ends it.
async fn pauses(api: &Api) -> Vec<StatusReason> {
    // A database that doesn't answer is a reason of its own.
    let Ok(pauses) = api.state.admin.pauses().await else { return Vec::new() };
    let noticed = |kind: &str, name: &str, pause: &Pause| reason(&format!("{kind} {name}"), paused(kind, name, pause));
    let chains = pauses.chains.iter().map(|(name, pause)| noticed("chain", name, pause));
    let contracts = pauses.contracts.iter().map(|(id, pause)| noticed("contract", &id.to_string(), pause));
    chains.chain(contracts).collect()
}

fn paused(kind: &str, name: &str, pause: &Pause) -> Finding {
    let why = pause.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    Finding::noticed(format!("an operator paused it{why}"), format!("`relayer {kind} resume {name}` has it go on"))
}

/// Jobs that an operator paused, and those whose newest run came to nothing.
async fn jobs(api: &Api) -> Vec<StatusReason> {
    // A database that doesn't answer is a reason of its own.
    let Ok(Ok(jobs)) = timeout(COMPONENT_TIMEOUT, api.state.jobs.store.jobs()).await else { return Vec::new() };
    let noticed = |job: &JobRecord| {
        let name = &job.spec.name;
        let finding = match (&job.paused, &job.last_run) {
            (Some(pause), _) => paused("job", name.as_str(), pause),
            (None, Some(run)) => {
                let why = failure(&run.progress)?;
                let remedy =
                    format!("`relayer job runs {name}` shows its runs, `relayer job show {name}` what it logged");
                Finding::noticed(format!("its newest run, {}, {why}", run.id.0), remedy)
            }
            (None, None) => return None,
        };
        Some(reason(&format!("job {name}"), finding))
    };
    jobs.iter().filter_map(noticed).collect()
}

/// How a run failed that did.
fn failure(progress: &JobRunProgress) -> Option<String> {
    match progress {
        JobRunProgress::Queued { .. } | JobRunProgress::Running { .. } => None,
        JobRunProgress::Refused { why, .. } => Some(format!("was refused by the enclave: {why}")),
        JobRunProgress::Ran(result) if result.outcome == Outcome::Ok => None,
        JobRunProgress::Ran(result) => {
            let why = result.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            Some(format!("ended with {}{why}", result.outcome))
        }
    }
}

fn reason(component: &str, finding: Finding) -> StatusReason {
    let verdict = match finding.weight {
        Weight::Stops => Verdict::Down,
        Weight::Met | Weight::Noticed => Verdict::Degraded,
    };
    StatusReason { component: component.to_owned(), verdict, reason: finding.reason, remedy: finding.remedy }
}

/// What an operator should look at on a chain that works.
async fn notice(api: &Api, name: &str, chain: &ApiChain) -> Vec<Finding> {
    let (lag, wallets, waiting, rescan) = tokio::join!(
        lag(api, name, chain),
        wallet::low(chain, api.state.bounds.wallet_answers),
        waiting(api, name),
        rescan(api, name)
    );
    let endpoints = endpoint::notice(name, chain);
    let held = api.state.health.notices(&Component::Chain(name.to_owned())).into_iter().map(|notice| {
        Finding::noticed(
            notice,
            format!("raise chains.{name}.fees.max_fee or submit.max_bumps, or wait until fees fall"),
        )
    });
    lag.into_iter().chain(wallets).chain(waiting).chain(rescan).chain(endpoints).chain(held).collect()
}

/// An order to go over old blocks again that can't be carried out.
async fn rescan(api: &Api, name: &str) -> Option<Finding> {
    // A database that doesn't answer is a reason of its own.
    let order = api.state.admin.rescan(name).await.ok()??;
    let error = order.last_error?;
    Some(Finding::noticed(
        format!("the blocks from {} on can't be gone over again: {error}", order.next_block),
        format!("name an endpoint that has them, or `relayer chain rescan {name} --cancel`"),
    ))
}

/// Blocks that count, and were not watched yet.
async fn lag(api: &Api, name: &str, chain: &ApiChain) -> Option<Finding> {
    let head = in_time(chain.source.head()).await.ok()?;
    let cursor = api.state.read.cursor(name).await.ok()?;
    let watched = cursor.map_or(0, |block| block.number + 1);
    let lag = (head.confirmed.number + 1).saturating_sub(watched);
    (lag > api.state.bounds.lag_blocks).then(|| {
        Finding::noticed(
            format!("{lag} blocks are not watched yet"),
            format!("wait, or raise chains.{name}.max_range; a new database begins at chains.{name}.from_block"),
        )
    })
}

/// Requests that wait too long for their next step, by the state that they are in.
async fn waiting(api: &Api, name: &str) -> Vec<Finding> {
    // A database that doesn't answer is a reason of its own.
    let Ok(Ok(queues)) = timeout(COMPONENT_TIMEOUT, api.state.figures.queues(name)).await else { return Vec::new() };
    let now = Millis::now(&*api.state.clock);
    let bound = api.state.bounds.waiting;
    let late = queues.oldest.iter().filter(|(_, since)| since.after(bound) < now);
    late.map(|(state, since)| {
        let age = Duration::from_secs(now.seconds().saturating_sub(since.seconds()));
        Finding::noticed(
            format!("a request has been {state} for {}", humantime::format_duration(age)),
            format!(
                "`relayer request list --chain {name} --state {state}`; `relayer request show` says what it waits for"
            ),
        )
    })
    .collect()
}
