//! What a run carries along, and what belongs to one of its frames.

use crate::{
    Clock, Contracts, HttpCall, KeyRoot, Limits, LogLine, Mode, Randomness, Vrf, WorkerFacts,
    egress::Allowance,
    local_cache::{Deferred, LocalCache},
    places::Place,
    run::records::Records,
    run::wait::Suspension,
    secrets::{Origin, Origins},
    storage::Overlay,
};
use phat_protocol::ContractId;
use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
    sync::Arc,
};
use tokio::time::Instant;
use wasmi::{Memory, ResourceLimiter};

/// What a store holds: the run, which moves to whichever frame is on top, and the frame's own.
pub(crate) struct Guest {
    pub(crate) run: Lent,
    pub(crate) frame: FrameState,
}

/// A frame's place for the run, which is there as long as the frame is on top: nothing of a frame below
/// it is executed, so nobody looks for it there.
pub(crate) struct Lent(Option<Box<RunState>>);

impl Lent {
    pub(crate) const fn new(run: Box<RunState>) -> Self {
        Self(Some(run))
    }

    /// Takes the run for another frame.
    pub(crate) fn take(&mut self) -> Box<RunState> {
        self.0.take().expect(NOT_ON_TOP)
    }

    /// Gives the run back.
    pub(crate) fn put(&mut self, run: Box<RunState>) {
        self.0 = Some(run);
    }
}

const NOT_ON_TOP: &str = "the run is with the frame on top";

impl Deref for Lent {
    type Target = RunState;

    fn deref(&self) -> &RunState {
        self.0.as_deref().expect(NOT_ON_TOP)
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut RunState {
        self.0.as_deref_mut().expect(NOT_ON_TOP)
    }
}

/// What guests have of the process around them, the same for all runs.
pub(crate) struct Services {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) worker: WorkerFacts,
    /// What contracts keep beside their storage.
    pub(crate) cache: LocalCache,
    /// The same, of simulations.
    pub(crate) simulated_cache: LocalCache,
}

/// One budget and one overlay over all frames of a run.
pub(crate) struct RunState {
    pub(crate) started: Instant,
    pub(crate) limits: Arc<Limits>,
    pub(crate) mode: Mode,
    pub(crate) services: Arc<Services>,
    /// Where other contracts and their code are found.
    pub(crate) contracts: Arc<dyn Contracts>,
    pub(crate) key_root: Option<Arc<KeyRoot>>,
    pub(crate) vrf: Option<Arc<Vrf>>,
    /// What a transaction does to the cache if it succeeds.
    pub(crate) deferred: Deferred,
    pub(crate) overlay: Overlay,
    /// The secrets that were read: whose, and their names.
    pub(crate) entrusted: BTreeSet<(ContractId, String)>,
    /// Where HTTP requests may go; anywhere until a secret was read.
    pub(crate) sendable: Option<Origins>,
    /// Fuel that no frame holds, but for what callers keep from those that they called.
    pub(crate) reserve: u64,
    /// What the frame on top was given, with all that it calls.
    pub(crate) granted: u64,
    /// Memory of the frames below the top, in bytes.
    pub(crate) suspended_memory: usize,
    /// Among the runs of its contract, and in the memory of all guests.
    pub(crate) place: Place,
    /// Whether that was too little: the guest saw what it would not see with more, so the run has no end
    /// of its own.
    pub(crate) starved: bool,
    pub(crate) records: Records,
    pub(crate) http: Vec<HttpCall>,
    /// What the run may still send and receive.
    pub(crate) allowance: Allowance,
    pub(crate) last_http_denied: bool,
}

/// What belongs to one call of one contract.
pub(crate) struct FrameState {
    pub(crate) contract: ContractId,
    pub(crate) caller: [u8; 32],
    /// Whether another contract called it.
    pub(crate) nested: bool,
    /// None once it was passed on.
    pub(crate) input: Option<Arc<[u8]>>,
    /// Whether the contract may be called while this frame waits for one that it called.
    pub(crate) allows_reentry: bool,
    /// The frame's linear memory; none before it is instantiated.
    pub(crate) memory: Option<Memory>,
    /// The size of that memory, in bytes.
    pub(crate) memory_bytes: usize,
    /// What the module itself says its memory may grow to, in bytes.
    pub(crate) declared_bytes: Option<usize>,
    /// Whether the frame asked for more memory than it may have.
    pub(crate) memory_refused: bool,
    /// What the frame waits for, once it is suspended.
    pub(crate) suspension: Option<Suspension>,
    /// What the frame returned, once it has.
    pub(crate) returned: Option<Returned>,
}

/// What `seal_return` was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) flags: u32,
    pub(crate) data: Vec<u8>,
}

impl Returned {
    /// Whether what the frame changed is to be dropped.
    pub(crate) const fn asks_to_revert(&self) -> bool {
        self.flags & 1 != 0
    }
}

impl FrameState {
    /// A frame that has not begun.
    pub(crate) const fn new(contract: ContractId, caller: [u8; 32], input: Arc<[u8]>) -> Self {
        Self {
            contract,
            caller,
            nested: false,
            input: Some(input),
            allows_reentry: true,
            memory: None,
            memory_bytes: 0,
            declared_bytes: None,
            memory_refused: false,
            suspension: None,
            returned: None,
        }
    }
}

impl RunState {
    /// What the run's contracts keep beside their storage. What simulations keep is never read by what is signed.
    pub(crate) fn cache(&self) -> &LocalCache {
        match self.mode {
            Mode::Simulation => &self.services.simulated_cache,
            Mode::Query | Mode::Transaction => &self.services.cache,
        }
    }

    /// Keeps the run's HTTP requests to `origins`, and those of the secrets that it read before.
    pub(crate) fn confine(&mut self, origins: &BTreeSet<Origin>) {
        let mut union = self.sendable.take().unwrap_or_default();
        Arc::make_mut(&mut union).extend(origins.iter().cloned());
        self.sendable = Some(union);
    }

    /// Notes that a contract's secret was read, which may be sent to these origins alone.
    pub(crate) fn entrust(&mut self, contract: ContractId, name: &str, origins: &BTreeSet<Origin>) {
        self.entrusted.insert((contract, name.to_owned()));
        self.confine(origins);
    }

    /// Keeps a line, without the secrets that the run has read.
    pub(crate) fn log(&mut self, line: LogLine) {
        let message =
            self.entrusted.iter().fold(line.message, |message, (contract, name)| match self.overlay.known(contract) {
                Some(known) => known.secrets.hide(name, message),
                None => message,
            });
        self.records.log(LogLine { message, ..line });
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        let whole = self.run.suspended_memory.saturating_add(desired);
        let fits = desired <= self.run.limits.memory_bytes()
            && whole <= self.run.limits.calls.memory_bytes()
            && self.frame.declared_bytes.is_none_or(|declared| desired <= declared);
        if !fits {
            self.frame.memory_refused = true;
            return Ok(false);
        }
        if !self.run.place.grow(whole) {
            self.run.starved = true;
            return Err(wasmi_core::LimiterError::ResourceLimiterDeniedAllocation);
        }
        self.frame.memory_bytes = desired;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        Ok(desired <= crate::limits::in_memory(self.run.limits.table_elements))
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }

    /// The one memory; the engine counts it again when it is imported.
    fn memories(&self) -> usize {
        2
    }
}
