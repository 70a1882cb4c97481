//! One call of one contract: a store, an instance, and where it stands.

use super::{
    Entry, Guest, Returned, RunResult, RunState,
    begin::{Beginning, Opening, finish},
    wait::{Halt, Reply, Suspension},
};
use crate::{
    engine::{Translated, reason},
    pool::{BRIEF_FUEL, Extent, Slice},
    seal::Host,
};
use phat_protocol::{ContractId, Outcome};
use std::{panic::resume_unwind, sync::Arc, time::Duration};
use wasmi::{ResumableCall, ResumableCallHostTrap, ResumableCallOutOfFuel, Store, TrapCode, Val};

/// A call that has not ended. It holds memory while it waits, and a thread only within
/// [`Frame::slice`].
pub(crate) struct Frame {
    translated: Arc<Translated>,
    store: Store<Guest>,
    position: Position,
}

/// What a thread is given. The frame is made where it ends, on a guest thread: what one thread takes from
/// the allocator and another gives back costs both.
pub(crate) enum Step {
    /// The first slice of a run.
    Open(Opening),
    /// The first slice of a call within it.
    Begin(Box<Beginning>),
    /// A further one.
    GoOn(Box<Frame>),
}

enum Position {
    Start(Entry),
    Sliced(ResumableCallOutOfFuel),
    Waiting(ResumableCallHostTrap),
    Answered(ResumableCallHostTrap, Reply),
    /// The call is over, or goes on this very moment.
    Taken,
}

/// Where a slice left off.
pub(crate) enum Turn {
    /// The slice is used up.
    Sliced(Box<Frame>),
    /// The guest waits.
    Suspended(Box<Frame>, Suspension),
    /// The call is over.
    Ended(Result<Returned, Failure>, Ended),
    /// The run is.
    Over(Box<RunResult>),
}

impl Turn {
    /// The run's end where it is that. What a transaction put off waits for whoever asked for the run, who may be
    /// gone.
    fn over(self) -> Self {
        match self {
            Self::Ended(end, Ended { nested: false, run, .. }) if !run.starved && run.deferred.len() == 0 => {
                Self::Over(finish(end, run))
            }
            Self::Sliced(_) | Self::Suspended(..) | Self::Ended(..) | Self::Over(_) => self,
        }
    }

    /// Whether the machine had too little memory for the run, so that how it stands is no end of its own.
    pub(super) fn starved(&self) -> bool {
        match self {
            Self::Sliced(frame) | Self::Suspended(frame, _) => frame.guest().run.starved,
            Self::Ended(_, ended) => ended.run.starved,
            Self::Over(_) => false,
        }
    }
}

/// What is left of a call.
pub(crate) struct Ended {
    /// Whose call it was.
    pub(crate) contract: ContractId,
    /// Whether another contract called it.
    nested: bool,
    /// The run, with the fuel that the frame has not used.
    pub(crate) run: Box<RunState>,
}

/// How a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: reason.into() }
    }
}

impl Step {
    pub(crate) fn begin(translated: Arc<Translated>, entry: Entry, guest: Guest) -> Self {
        Self::Begin(Box::new(Beginning { translated, entry, guest }))
    }

    /// Ends the call without going on with it.
    pub(crate) fn end(self) -> Ended {
        match self {
            Self::Open(opening) => opening.begin().end(),
            Self::Begin(beginning) => beginning.end(),
            Self::GoOn(frame) => frame.end(),
        }
    }
}

impl Beginning {
    fn end(self) -> Ended {
        let Guest { mut run, frame } = self.guest;
        Ended { contract: frame.contract, nested: frame.nested, run: run.take() }
    }
}

impl Frame {
    fn new(beginning: Beginning) -> Self {
        let Beginning { translated, entry, guest } = beginning;
        let store = translated.store(guest);
        Self { translated, store, position: Position::Start(entry) }
    }

    /// Gives a waiting guest what it waited for. Only a frame that waits has an answer to get.
    pub(crate) fn answer(mut self: Box<Self>, reply: Reply) -> Box<Self> {
        self.position = match std::mem::replace(&mut self.position, Position::Taken) {
            Position::Waiting(call) => Position::Answered(call, reply),
            other @ (Position::Start(_) | Position::Sliced(_) | Position::Answered(..) | Position::Taken) => other,
        };
        self
    }

    /// Ends the call: takes its unused fuel back into the run's reserve.
    pub(crate) fn end(mut self: Box<Self>) -> Ended {
        self.ended()
    }

    /// What is left of the call, which is not gone on with.
    fn ended(&mut self) -> Ended {
        let unused = self.store.get_fuel().unwrap_or(0);
        let Guest { run, frame } = self.store.data_mut();
        let (contract, nested, mut run) = (frame.contract, frame.nested, run.take());
        run.reserve = run.reserve.saturating_add(unused);
        Ended { contract, nested, run }
    }

    /// What the run may still spend.
    fn fuel_left(&self) -> u64 {
        self.store.data().run.reserve.saturating_add(self.store.get_fuel().unwrap_or(0))
    }

    pub(crate) fn guest(&self) -> &Guest {
        self.store.data()
    }

    pub(crate) fn guest_mut(&mut self) -> &mut Guest {
        self.store.data_mut()
    }

    /// Takes the run out for a frame above this one, with the fuel that this one has not used and the
    /// memory that it keeps.
    pub(crate) fn lend(&mut self) -> Box<RunState> {
        let unused = self.store.get_fuel().unwrap_or(0);
        let guest = self.store.data_mut();
        let mut run = guest.run.take();
        run.reserve = run.reserve.saturating_add(unused);
        run.suspended_memory = run.suspended_memory.saturating_add(guest.frame.memory_bytes);
        // What can't be set was never there: the engine meters fuel.
        let _ = self.store.set_fuel(0);
        run
    }

    /// Takes the run back from the frame above.
    pub(crate) fn take_back(&mut self, mut run: Box<RunState>) {
        let guest = self.store.data_mut();
        run.suspended_memory = run.suspended_memory.saturating_sub(guest.frame.memory_bytes);
        guest.run.put(run);
    }

    /// Runs until the slice is used up, the guest waits, or the call is over.
    fn go_on(&mut self, extent: Extent) -> Pause {
        let position = std::mem::replace(&mut self.position, Position::Taken);
        let Self { translated, store, .. } = self;
        let required = match &position {
            Position::Sliced(call) => call.required_fuel(),
            Position::Start(_) | Position::Waiting(_) | Position::Answered(..) | Position::Taken => 0,
        };
        let result = refuel(store, extent, required).and_then(|()| match position {
            Position::Start(entry) => start(translated, store, entry),
            Position::Sliced(call) => call.resume(&mut *store, &mut []).map_err(|error| failure(&error, store)),
            Position::Answered(call, reply) => resume(store, call, reply),
            // A frame that waits is never given a slice, and one that is over is gone.
            Position::Waiting(call) => Ok(ResumableCall::HostTrap(call)),
            Position::Taken => Ok(ResumableCall::Finished),
        });
        match result {
            Ok(ResumableCall::OutOfFuel(call)) => {
                self.position = Position::Sliced(call);
                Pause::Goes(Going::Sliced)
            }
            Ok(ResumableCall::HostTrap(call)) => match self.guest_mut().frame.suspension.take() {
                Some(suspension) => {
                    self.position = Position::Waiting(call);
                    Pause::Goes(Going::Suspended(suspension))
                }
                None => {
                    let ended = halted(call.host_error(), &mut self.store);
                    drop(call);
                    Pause::Ended(ended, self.ended())
                }
            },
            // `deploy` of old contracts, and any message without a result, may end without returning.
            Ok(ResumableCall::Finished) => {
                let returned = self.guest_mut().frame.returned.take().unwrap_or_default();
                Pause::Ended(Ok(returned), self.ended())
            }
            Err(failure) => Pause::Ended(Err(failure), self.ended()),
        }
    }

    /// Goes on for a slice, and tells how much fuel that took.
    fn advance(&mut self, extent: Extent) -> (Pause, u64) {
        let before = self.fuel_left();
        let pause = self.go_on(extent);
        let after = match &pause {
            Pause::Goes(_) => self.fuel_left(),
            Pause::Ended(_, Ended { run, .. }) => run.reserve,
        };
        (pause, before.saturating_sub(after))
    }
}

/// Where a frame left off.
enum Pause {
    /// It goes on later.
    Goes(Going),
    /// The call is over.
    Ended(Result<Returned, Failure>, Ended),
}

/// Why a frame goes on later.
enum Going {
    /// The slice is used up.
    Sliced,
    /// The guest waits.
    Suspended(Suspension),
}

impl Going {
    fn turn(self, frame: Box<Frame>) -> Turn {
        match self {
            Self::Sliced => Turn::Sliced(frame),
            Self::Suspended(suspension) => Turn::Suspended(frame, suspension),
        }
    }
}

/// The first slice of a call. Most calls end in it, and what they are made of is not moved for them.
fn first(beginning: Beginning, extent: Extent) -> (Turn, u64) {
    let mut frame = Frame::new(beginning);
    let (pause, fuel) = frame.advance(extent);
    match pause {
        Pause::Goes(going) => (going.turn(Box::new(frame)), fuel),
        Pause::Ended(end, ended) => (Turn::Ended(end, ended).over(), fuel),
    }
}

impl Slice for Step {
    type Turn = Turn;

    fn is_brief(&self) -> bool {
        match self {
            Self::Open(opening) => opening.translated.is_brief(),
            Self::Begin(_) | Self::GoOn(_) => false,
        }
    }

    fn slice(self, extent: Extent) -> (Turn, u64) {
        match self {
            Self::Open(opening) => {
                let (translated, started) = (Arc::clone(&opening.translated), opening.started);
                let waited = match extent {
                    Extent::Slice => started.elapsed(),
                    // For nothing.
                    Extent::Brief => Duration::ZERO,
                };
                let (turn, fuel) = first(opening.begin(), extent);
                let ended = match &turn {
                    Turn::Over(result) => result.elapsed,
                    Turn::Sliced(_) | Turn::Suspended(..) | Turn::Ended(..) => started.elapsed(),
                };
                translated.took(ended.saturating_sub(waited));
                (turn, fuel)
            }
            Self::Begin(beginning) => first(*beginning, extent),
            Self::GoOn(mut frame) => {
                let (pause, fuel) = frame.advance(extent);
                match pause {
                    Pause::Goes(going) => (going.turn(frame), fuel),
                    Pause::Ended(end, ended) => (Turn::Ended(end, ended).over(), fuel),
                }
            }
        }
    }
}

/// Gives the frame a slice, or what its next instruction needs if that is more.
fn refuel(store: &mut Store<Guest>, extent: Extent, required: u64) -> Result<(), Failure> {
    let run = &store.data().run;
    let left = run.reserve.saturating_add(store.get_fuel().unwrap_or(0));
    if required > left {
        return Err(spent(run.granted));
    }
    let slice = match extent {
        Extent::Slice => run.limits.fuel_slice,
        Extent::Brief => run.limits.fuel_slice.min(BRIEF_FUEL),
    };
    let slice = slice.max(required).min(left);
    store.data_mut().run.reserve = left - slice;
    store.set_fuel(slice).map_err(|error| Failure::new(Outcome::BadContract, error.to_string()))
}

fn spent(fuel: u64) -> Failure {
    Failure::new(Outcome::OutOfFuel, format!("spent all of its {fuel} fuel"))
}

fn start(translated: &Translated, store: &mut Store<Guest>, entry: Entry) -> Result<ResumableCall, Failure> {
    let started = match translated.start(store) {
        Ok(started) => started,
        Err(error) if store.data().frame.memory_refused => {
            return Err(Failure::new(Outcome::OutOfMemory, format!("can't start: {}", reason(&error))));
        }
        Err(error) => return Err(Failure::new(Outcome::BadContract, format!("can't start: {}", reason(&error)))),
    };
    store.data_mut().frame.memory = Some(started.memory);
    let name = entry.export();
    let Some(function) = started.instance.get_func(&*store, name) else {
        return Err(Failure::new(Outcome::BadContract, format!("exports no function `{name}`")));
    };
    function.call_resumable(&mut *store, &[], &mut []).map_err(|error| failure(&error, store))
}

fn resume(store: &mut Store<Guest>, call: ResumableCallHostTrap, reply: Reply) -> Result<ResumableCall, Failure> {
    let code = reply.write(&mut Host::new(store)).map_err(|error| failure(&error, store))?;
    let code = Val::I32(code.cast_signed());
    call.resume(&mut *store, &[code], &mut []).map_err(|error| failure(&error, store))
}

/// What an error that can't be resumed from means.
fn failure(error: &wasmi::Error, store: &Store<Guest>) -> Failure {
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return halt_failure(halt, store);
    }
    let Guest { run, frame } = store.data();
    match error.as_trap_code() {
        Some(TrapCode::OutOfFuel) => spent(run.granted),
        Some(_) | None if frame.memory_refused => {
            Failure::new(Outcome::OutOfMemory, format!("{error}, after more memory was refused"))
        }
        Some(_) | None => Failure::new(Outcome::Trapped, error.to_string()),
    }
}

fn halted(error: &wasmi::Error, store: &mut Store<Guest>) -> Result<Returned, Failure> {
    match error.downcast_ref::<Halt>() {
        Some(Halt::Returned) => Ok(store.data_mut().frame.returned.take().unwrap_or_default()),
        Some(halt) => Err(halt_failure(halt, store)),
        None => Err(failure(error, store)),
    }
}

fn halt_failure(halt: &Halt, store: &Store<Guest>) -> Failure {
    let Guest { run, frame } = store.data();
    let outcome = match halt {
        Halt::OutOfFuel => return spent(run.granted),
        Halt::OutputTooLarge { .. } => Outcome::OutputTooLarge,
        Halt::Unsupported(_) => Outcome::BadContract,
        // As where the guest itself traps after it.
        Halt::Trapped(_) if frame.memory_refused => {
            return Failure::new(Outcome::OutOfMemory, format!("{halt}, after more memory was refused"));
        }
        Halt::Trapped(_) | Halt::Suspended | Halt::Returned => Outcome::Trapped,
        // Out of the engine, it may go on to where the pool makes a fault of it.
        Halt::Panicked => resume_unwind(Box::new(halt.to_string())),
    };
    Failure::new(outcome, halt.to_string())
}
