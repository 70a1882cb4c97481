//! How a run begins, and what it leaves.

use super::{
    Entry, Guest, HttpCall, Mode, Returned, Run, RunEnd, RunResult, RunState,
    frame::Failure,
    records::Records,
    state::{FrameState, Lent, Services},
};
use crate::{
    KnownContract, Limits, egress::Allowance, engine::Translated, limits::in_memory, local_cache::Deferred,
    places::Place, storage::Overlay,
};
use phat_protocol::{Outcome, Owner};
use std::{collections::BTreeSet, mem::take, sync::Arc};
use tokio::time::Instant;

/// A run that may begin: all that its first frame is made of, on the thread that it runs on.
pub(crate) struct Opening {
    pub(crate) run: Box<Run>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) place: Place,
    pub(crate) translated: Arc<Translated>,
    pub(crate) services: Arc<Services>,
    pub(crate) started: Instant,
}

/// What a frame is made of.
pub(crate) struct Beginning {
    pub(crate) translated: Arc<Translated>,
    pub(crate) entry: Entry,
    pub(crate) guest: Guest,
}

impl Opening {
    /// Until when the run may last: its own deadline or the limit's, whichever comes first.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.run.mode {
            Mode::Transaction => None,
            Mode::Query | Mode::Simulation => {
                let limit = self.started.checked_add(self.limits.wall_time);
                [self.run.deadline, limit].into_iter().flatten().min()
            }
        }
    }

    /// Makes the run's state.
    pub(super) fn begin(self) -> Beginning {
        let Self { run, limits, place, translated, services, started } = self;
        let Run {
            code_hash,
            code,
            contract,
            entry,
            mode,
            caller,
            input,
            state,
            contracts,
            secrets,
            key_root,
            vrf,
            deadline: _,
        } = *run;
        let key_root = match mode {
            Mode::Simulation => key_root.map(|root| Arc::new(root.for_simulations())),
            Mode::Query | Mode::Transaction => key_root,
        };
        // Whoever is given one for a run that signs nothing could try again.
        let vrf = match mode {
            Mode::Query => vrf,
            Mode::Simulation | Mode::Transaction => None,
        };
        let mut run = Box::new(RunState {
            started,
            reserve: limits.fuel,
            granted: limits.fuel,
            records: Records::new(limits.records.clone()),
            allowance: Allowance::of(&limits.http),
            mode,
            services,
            contracts,
            key_root,
            vrf,
            deferred: Deferred::default(),
            overlay: Overlay::new(in_memory(limits.storage.overlay_bytes)),
            entrusted: BTreeSet::new(),
            sendable: None,
            suspended_memory: 0,
            place,
            starved: false,
            http: Vec::<HttpCall>::new(),
            last_http_denied: false,
            limits,
        });
        // Whose owner it has matters for contracts below this one alone.
        run.overlay.load(contract, KnownContract { code_hash, code, owner: Owner::NOBODY, state, secrets });
        let declared_bytes = translated.declared_bytes();
        let frame = FrameState { declared_bytes, ..FrameState::new(contract, caller, input.into()) };
        Beginning { translated, entry, guest: Guest { run: Lent::new(run), frame } }
    }
}

/// What a run leaves whose last frame has ended.
pub(super) fn finish(end: Result<Returned, Failure>, mut run: Box<RunState>) -> Box<RunResult> {
    let succeeded = end.as_ref().is_ok_and(|returned| !returned.asks_to_revert());
    if succeeded && run.deferred.len() > 0 {
        let deferred = take(&mut run.deferred);
        run.cache().apply(deferred, run.services.clock.unix_millis());
    }
    let (writes, events) =
        if succeeded { (run.overlay.take_writes(), take(&mut run.records.events)) } else { Default::default() };
    Box::new(RunResult {
        end: match end {
            Ok(Returned { flags, data }) => RunEnd::Returned { flags, data },
            Err(Failure { outcome, reason }) => RunEnd::Failed { outcome, reason },
        },
        changes: writes.changes,
        instantiated: writes.instantiated,
        logs: take(&mut run.records.logs),
        events,
        dropped_records: run.records.dropped,
        fuel_used: run.limits.fuel.saturating_sub(run.reserve),
        elapsed: run.started.elapsed(),
        http: take(&mut run.http),
        last_http_denied: run.last_http_denied,
    })
}

/// How a run ends that has lasted too long.
pub(super) fn timed_out(limits: &Limits) -> Failure {
    let seconds = limits.wall_time.as_secs_f64();
    Failure::new(Outcome::TimedOut, format!("did not end in time (the limit is {seconds} s)"))
}
