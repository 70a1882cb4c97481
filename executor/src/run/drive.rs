//! The loop around a run's frames. It is async and owns no thread: slices run on the pool, waits
//! on the caller's runtime.

use super::{
    Guest, HttpCall, Mode, Returned, Run, RunEnd, RunResult,
    frame::{Failure, Frame, Turn},
    records::Records,
    state::{FrameState, RunState},
    wait::{HttpShape, HttpWait, Suspension},
};
use crate::{
    HostFault,
    egress::Asker,
    engine::Translated,
    executor::Parts,
    limits::in_memory,
    pink::{HttpReply, perform},
    pool::Need,
    storage::Overlay,
};
use phat_protocol::Outcome;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Runs to the end.
pub(crate) async fn drive(parts: &Parts, translated: Arc<Translated>, run: Run) -> Result<RunResult, HostFault> {
    let started = Instant::now();
    let deadline = deadline(parts, &run, started);
    let entry = run.entry;
    // Suspended callers lie below; only the top one runs.
    let mut frames = vec![Frame::new(Arc::clone(&translated), entry, guest(parts, &translated, run))];
    let mut need = Need::Fresh;
    while let Some(frame) = frames.pop() {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(finish(parts, started, Err(timed_out(parts)), frame.abandon()));
        }
        match parts.pool.run(need, move || frame.slice()).await? {
            Turn::Sliced(frame) => {
                need = Need::Spent;
                frames.push(frame);
            }
            Turn::Suspended(frame, Suspension::Http(wait)) => {
                let time = time_left(parts, deadline, wait.shape);
                frames.push(fetch(parts, frame, wait, time).await);
                need = Need::Fresh;
            }
            Turn::Ended(end, guest) => return Ok(finish(parts, started, end, guest)),
        }
    }
    Err(HostFault::Internal)
}

fn deadline(parts: &Parts, run: &Run, started: Instant) -> Option<Instant> {
    match run.mode {
        Mode::Transaction => None,
        Mode::Query | Mode::Simulation => {
            let limit = started.checked_add(parts.limits.wall_time);
            [run.deadline, limit].into_iter().flatten().min()
        }
    }
}

/// What an HTTP call may take: the setting, the guest's own wish, and what is left of the run less
/// the grace.
fn time_left(parts: &Parts, deadline: Option<Instant>, shape: HttpShape) -> Duration {
    let setting = parts.limits.http.timeout;
    let wish = match shape {
        HttpShape::Single => setting,
        HttpShape::Batch { timeout } => timeout.min(setting),
    };
    deadline.map_or(wish, |deadline| {
        wish.min(deadline.saturating_duration_since(Instant::now()).saturating_sub(parts.limits.grace))
    })
}

async fn fetch(parts: &Parts, frame: Frame, wait: HttpWait, time: Duration) -> Frame {
    let HttpWait { contract, sendable, requests, shape, out, room } = wait;
    let asker = Asker { contract, sendable };
    let (results, calls) = perform(&parts.egress, &asker, requests, room, time).await;
    frame.answer(HttpReply { results, calls, shape, out })
}

fn guest(parts: &Parts, translated: &Translated, run: Run) -> Guest {
    let mut overlay = Overlay::new(in_memory(parts.limits.storage.overlay_bytes));
    overlay.load(run.contract, run.state);
    let key_root = match run.mode {
        Mode::Simulation => run.key_root.map(|root| Arc::new(root.for_simulations())),
        Mode::Query | Mode::Transaction => run.key_root,
    };
    Guest {
        run: Box::new(RunState {
            limits: Arc::clone(&parts.limits),
            mode: run.mode,
            clock: Arc::clone(&parts.host.clock),
            randomness: Arc::clone(&parts.host.randomness),
            key_root,
            overlay,
            secrets: BTreeMap::from([(run.contract, run.secrets)]),
            sendable: None,
            reserve: parts.limits.fuel,
            suspended_memory: 0,
            memory_refused: false,
            records: Records::new(parts.limits.records.clone()),
            http: Vec::<HttpCall>::new(),
            last_http_denied: false,
        }),
        frame: FrameState {
            contract: run.contract,
            caller: run.caller,
            input: run.input.into(),
            memory: None,
            memory_bytes: 0,
            declared_bytes: translated.declared_bytes(),
            suspension: None,
            returned: None,
        },
    }
}

fn timed_out(parts: &Parts) -> Failure {
    let seconds = parts.limits.wall_time.as_secs_f64();
    Failure::new(Outcome::TimedOut, format!("did not end in time (the limit is {seconds} s)"))
}

fn finish(parts: &Parts, started: Instant, end: Result<Returned, Failure>, guest: Box<Guest>) -> RunResult {
    let run = *guest.run;
    let mut result = RunResult {
        end: match end {
            Ok(Returned { flags, data }) => RunEnd::Returned { flags, data },
            Err(Failure { outcome, reason }) => RunEnd::Failed { outcome, reason },
        },
        changes: run.overlay.into_changes(),
        instantiated: Vec::new(),
        logs: run.records.logs,
        events: run.records.events,
        dropped_records: run.records.dropped,
        fuel_used: parts.limits.fuel.saturating_sub(run.reserve),
        elapsed: started.elapsed(),
        http: run.http,
        last_http_denied: run.last_http_denied,
    };
    if !result.succeeded() {
        result.changes.clear();
        result.instantiated.clear();
        result.events.clear();
    }
    result
}
