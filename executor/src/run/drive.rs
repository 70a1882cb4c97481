//! The loop around a run's frames. It is async and owns no thread: slices run on the pool, waits
//! on the caller's runtime.

use super::{
    Guest, HttpCall, Mode, Returned, Run, RunEnd, RunResult, RunState,
    frame::{Failure, Frame, Step, Turn},
    look::Lookup,
    nest::{Left, Stack},
    records::Records,
    state::{FrameState, Lent},
    wait::{HttpShape, HttpWait, Reply, Suspension},
};
use crate::{
    HostFault, KnownContract, Limits,
    egress::{Allowance, Asker, Traffic},
    engine::Translated,
    executor::Parts,
    limits::in_memory,
    local_cache::Deferred,
    pink::{HttpReply, perform},
    places::MemoryShare,
    pool::{Need, Share},
    storage::{Overlay, Writes},
};
use phat_protocol::{Outcome, Owner};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::Instant;

/// What a run has of the machine, and what bounds it.
pub(crate) struct Terms {
    pub(crate) limits: Arc<Limits>,
    pub(crate) share: Share,
    pub(crate) memory: MemoryShare,
}

/// Runs to the end.
pub(crate) async fn drive(
    parts: &Parts,
    terms: Terms,
    translated: Arc<Translated>,
    run: Run,
) -> Result<RunResult, HostFault> {
    let started = Instant::now();
    let Terms { limits, share, memory } = terms;
    let deadline = deadline(&limits, &run, started);
    let (entry, mut stack) = (run.entry, Stack::default());
    let lookup = Lookup::new(Arc::clone(&run.contracts), run.contract);
    let guest = guest(parts, Arc::clone(&limits), memory, &translated, run);
    let mut top = Step::begin(translated, entry, guest);
    let mut need = Need::Fresh;
    loop {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(finish(started, Err(timed_out(&limits)), *stack.abandon(top)));
        }
        let turn = parts.pool.run(share, need, top).await?;
        need = Need::Fresh;
        let starved = match &turn {
            Turn::Sliced(frame) | Turn::Suspended(frame, _) => frame.starved(),
            Turn::Ended(_, ended) => ended.run.starved,
        };
        if starved {
            return Err(HostFault::MemoryBusy(share.contract));
        }
        top = match turn {
            Turn::Sliced(frame) => {
                need = Need::Spent;
                Step::GoOn(frame)
            }
            Turn::Suspended(frame, Suspension::Http(wait)) => {
                let time = time_left(&limits, deadline, wait.shape);
                Step::GoOn(fetch(parts, &limits, frame, wait, time).await)
            }
            Turn::Suspended(frame, Suspension::Call(wait)) => stack.enter(parts, &lookup, frame, wait).await?,
            Turn::Suspended(mut frame, Suspension::Look(wait)) => {
                let reply = lookup.answer(&mut frame, wait).await?;
                Step::GoOn(frame.answer(reply))
            }
            Turn::Ended(end, ended) => match stack.leave(end, ended) {
                Left::Caller(frame) => Step::GoOn(frame),
                Left::Run(end, run) => return Ok(finish(started, end, *run)),
            },
        };
    }
}

fn deadline(limits: &Limits, run: &Run, started: Instant) -> Option<Instant> {
    match run.mode {
        Mode::Transaction => None,
        Mode::Query | Mode::Simulation => {
            let limit = started.checked_add(limits.wall_time);
            [run.deadline, limit].into_iter().flatten().min()
        }
    }
}

/// What an HTTP call may take: the setting, the guest's own wish, and what is left of the run less
/// the grace.
fn time_left(limits: &Limits, deadline: Option<Instant>, shape: HttpShape) -> Duration {
    let setting = limits.http.timeout;
    let wish = match shape {
        HttpShape::Single => setting,
        HttpShape::Batch { timeout } => timeout.min(setting),
    };
    deadline.map_or(wish, |deadline| {
        wish.min(deadline.saturating_duration_since(Instant::now()).saturating_sub(limits.grace))
    })
}

async fn fetch(parts: &Parts, limits: &Arc<Limits>, frame: Box<Frame>, wait: HttpWait, time: Duration) -> Box<Frame> {
    let HttpWait { contract, sendable, allowance, requests, shape, out, room } = wait;
    let asker = Asker { contract, sendable, limits: Arc::clone(limits), traffic: Traffic::new(allowance) };
    let (results, calls) = perform(&parts.egress, &asker, requests, room, time).await;
    let allowance = asker.traffic.into_allowance();
    frame.answer(Reply::Http(HttpReply { results, calls, allowance, shape, out }))
}

fn guest(parts: &Parts, limits: Arc<Limits>, memory: MemoryShare, translated: &Translated, run: Run) -> Guest {
    let mut overlay = Overlay::new(in_memory(limits.storage.overlay_bytes));
    let Run { code_hash, code, state, secrets, .. } = run;
    // Whose owner it has matters for contracts below this one alone.
    overlay.load(run.contract, KnownContract { code_hash, code, owner: Owner::NOBODY, state, secrets });
    let key_root = match run.mode {
        Mode::Simulation => run.key_root.map(|root| Arc::new(root.for_simulations())),
        Mode::Query | Mode::Transaction => run.key_root,
    };
    // Whoever is given one for a run that signs nothing could try again.
    let vrf = match run.mode {
        Mode::Query => run.vrf,
        Mode::Simulation | Mode::Transaction => None,
    };
    // What simulations keep is never read by what is signed.
    let cache = match run.mode {
        Mode::Simulation => &parts.simulated_cache,
        Mode::Query | Mode::Transaction => &parts.local_cache,
    };
    Guest {
        run: Lent::new(Box::new(RunState {
            reserve: limits.fuel,
            granted: limits.fuel,
            records: Records::new(limits.records.clone()),
            allowance: Allowance::of(&limits.http),
            limits,
            mode: run.mode,
            clock: Arc::clone(&parts.host.clock),
            randomness: Arc::clone(&parts.host.randomness),
            worker: Arc::clone(&parts.worker),
            key_root,
            vrf,
            cache: Arc::clone(cache),
            deferred: Deferred::default(),
            overlay,
            entrusted: BTreeSet::new(),
            sendable: None,
            suspended_memory: 0,
            memory,
            starved: false,
            http: Vec::<HttpCall>::new(),
            last_http_denied: false,
        })),
        frame: FrameState {
            declared_bytes: translated.declared_bytes(),
            ..FrameState::new(run.contract, run.caller, run.input.into())
        },
    }
}

fn timed_out(limits: &Limits) -> Failure {
    let seconds = limits.wall_time.as_secs_f64();
    Failure::new(Outcome::TimedOut, format!("did not end in time (the limit is {seconds} s)"))
}

fn finish(started: Instant, end: Result<Returned, Failure>, run: RunState) -> RunResult {
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
        fuel_used: run.limits.fuel.saturating_sub(run.reserve),
        elapsed: started.elapsed(),
        http: run.http,
        last_http_denied: run.last_http_denied,
    }
}
