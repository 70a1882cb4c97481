//! The loop around a run's frames. It is async and owns no thread: slices run on the pool, waits
//! on the caller's runtime.

use super::{
    Guest, HttpCall, Mode, Returned, Run, RunEnd, RunResult, RunState,
    frame::{Failure, Frame, Turn},
    look::Lookup,
    nest::{Left, Stack},
    records::Records,
    state::{FrameState, Lent},
    wait::{HttpShape, HttpWait, Reply, Suspension},
};
use crate::{
    HostFault, KnownContract,
    egress::Asker,
    engine::Translated,
    executor::Parts,
    limits::in_memory,
    local_cache::Deferred,
    pink::{HttpReply, perform},
    pool::{Need, Share},
    storage::{Overlay, Writes},
};
use phat_protocol::{Outcome, Owner};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Runs to the end.
pub(crate) async fn drive(parts: &Parts, translated: Arc<Translated>, run: Run) -> Result<RunResult, HostFault> {
    let started = Instant::now();
    let deadline = deadline(parts, &run, started);
    let share = Share { contract: run.contract, weight: 1 };
    let (entry, mut stack) = (run.entry, Stack::default());
    let lookup = Lookup::new(Arc::clone(&run.contracts), run.contract);
    let mut top = Frame::new(Arc::clone(&translated), entry, guest(parts, &translated, run));
    let mut need = Need::Fresh;
    loop {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(finish(parts, started, Err(timed_out(parts)), *stack.abandon(top)));
        }
        let turn = parts.pool.run(share, need, top).await?;
        need = Need::Fresh;
        top = match turn {
            Turn::Sliced(frame) => {
                need = Need::Spent;
                frame
            }
            Turn::Suspended(frame, Suspension::Http(wait)) => {
                let time = time_left(parts, deadline, wait.shape);
                fetch(parts, frame, wait, time).await
            }
            Turn::Suspended(frame, Suspension::Call(wait)) => stack.enter(parts, &lookup, frame, wait).await?,
            Turn::Suspended(mut frame, Suspension::Look(wait)) => {
                let reply = lookup.answer(&mut frame, wait).await?;
                frame.answer(reply)
            }
            Turn::Ended(end, ended) => match stack.leave(end, ended) {
                Left::Caller(frame) => frame,
                Left::Run(end, run) => return Ok(finish(parts, started, end, *run)),
            },
        };
    }
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

async fn fetch(parts: &Parts, frame: Box<Frame>, wait: HttpWait, time: Duration) -> Box<Frame> {
    let HttpWait { contract, sendable, requests, shape, out, room } = wait;
    let asker = Asker { contract, sendable };
    let (results, calls) = perform(&parts.egress, &asker, requests, room, time).await;
    frame.answer(Reply::Http(HttpReply { results, calls, shape, out }))
}

fn guest(parts: &Parts, translated: &Translated, run: Run) -> Guest {
    let mut overlay = Overlay::new(in_memory(parts.limits.storage.overlay_bytes));
    let Run { code_hash, code, state, secrets, .. } = run;
    // Whose owner it has matters for contracts below this one alone.
    overlay.load(run.contract, KnownContract { code_hash, code, owner: Owner::NOBODY, state, secrets });
    let key_root = match run.mode {
        Mode::Simulation => run.key_root.map(|root| Arc::new(root.for_simulations())),
        Mode::Query | Mode::Transaction => run.key_root,
    };
    // What simulations keep is never read by what is signed.
    let cache = match run.mode {
        Mode::Simulation => &parts.simulated_cache,
        Mode::Query | Mode::Transaction => &parts.local_cache,
    };
    Guest {
        run: Lent::new(Box::new(RunState {
            limits: Arc::clone(&parts.limits),
            mode: run.mode,
            clock: Arc::clone(&parts.host.clock),
            randomness: Arc::clone(&parts.host.randomness),
            worker: Arc::clone(&parts.worker),
            key_root,
            cache: Arc::clone(cache),
            deferred: Deferred::default(),
            overlay,
            entrusted: BTreeSet::new(),
            sendable: None,
            reserve: parts.limits.fuel,
            granted: parts.limits.fuel,
            suspended_memory: 0,
            records: Records::new(parts.limits.records.clone()),
            http: Vec::<HttpCall>::new(),
            last_http_denied: false,
        })),
        frame: FrameState {
            declared_bytes: translated.declared_bytes(),
            ..FrameState::new(run.contract, run.caller, run.input.into())
        },
    }
}

fn timed_out(parts: &Parts) -> Failure {
    let seconds = parts.limits.wall_time.as_secs_f64();
    Failure::new(Outcome::TimedOut, format!("did not end in time (the limit is {seconds} s)"))
}

fn finish(parts: &Parts, started: Instant, end: Result<Returned, Failure>, run: RunState) -> RunResult {
    let succeeded = end.as_ref().is_ok_and(|returned| !returned.asks_to_revert());
    if succeeded && run.deferred.len() > 0 {
        run.cache.apply(run.deferred, run.clock.unix_millis());
    }
    let (writes, events) =
        if succeeded { (run.overlay.into_writes(), run.records.events) } else { (Writes::default(), Vec::new()) };
    RunResult {
        end: match end {
            Ok(Returned { flags, data }) => RunEnd::Returned { flags, data },
            Err(Failure { outcome, reason }) => RunEnd::Failed { outcome, reason },
        },
        changes: writes.changes,
        instantiated: writes.instantiated,
        logs: run.records.logs,
        events,
        dropped_records: run.records.dropped,
        fuel_used: parts.limits.fuel.saturating_sub(run.reserve),
        elapsed: started.elapsed(),
        http: run.http,
        last_http_denied: run.last_http_denied,
    }
}
