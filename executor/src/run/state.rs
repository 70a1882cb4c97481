//! What a run carries along, and what belongs to one of its frames.

use crate::{
    Clock, HttpCall, KeyRoot, Limits, LogLine, Mode, Randomness,
    run::records::Records,
    run::wait::Suspension,
    secrets::{Origin, Origins, Secrets},
    storage::Overlay,
};
use phat_protocol::ContractId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use wasmi::{Memory, ResourceLimiter};

/// What a store holds: the run, which moves to whichever frame is on top, and the frame's own.
pub(crate) struct Guest {
    pub(crate) run: Box<RunState>,
    pub(crate) frame: FrameState,
}

/// One budget and one overlay over all frames of a run.
pub(crate) struct RunState {
    pub(crate) limits: Arc<Limits>,
    pub(crate) mode: Mode,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) key_root: Option<Arc<KeyRoot>>,
    pub(crate) overlay: Overlay,
    /// The secrets of the contracts that take part, by contract.
    pub(crate) secrets: BTreeMap<ContractId, Arc<Secrets>>,
    /// Where HTTP requests may go; anywhere until a secret was read.
    pub(crate) sendable: Option<Origins>,
    /// Fuel that no frame holds.
    pub(crate) reserve: u64,
    /// Memory of the frames below the top, in bytes.
    pub(crate) suspended_memory: usize,
    pub(crate) memory_refused: bool,
    pub(crate) records: Records,
    pub(crate) http: Vec<HttpCall>,
    pub(crate) last_http_denied: bool,
}

/// What belongs to one call of one contract.
pub(crate) struct FrameState {
    pub(crate) contract: ContractId,
    pub(crate) caller: [u8; 32],
    pub(crate) input: Arc<[u8]>,
    /// The frame's linear memory; none before it is instantiated.
    pub(crate) memory: Option<Memory>,
    /// The size of that memory, in bytes.
    pub(crate) memory_bytes: usize,
    /// What the module itself says its memory may grow to, in bytes.
    pub(crate) declared_bytes: Option<usize>,
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

impl RunState {
    /// Keeps the run's HTTP requests to `origins`, and those of the secrets that it read before.
    pub(crate) fn confine(&mut self, origins: &BTreeSet<Origin>) {
        let mut union = self.sendable.take().unwrap_or_default();
        Arc::make_mut(&mut union).extend(origins.iter().cloned());
        self.sendable = Some(union);
    }

    pub(crate) fn log(&mut self, line: LogLine) {
        self.records.log(line);
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
        let fits = whole <= self.run.limits.memory_bytes()
            && self.frame.declared_bytes.is_none_or(|declared| desired <= declared);
        if fits {
            self.frame.memory_bytes = desired;
        } else {
            self.run.memory_refused = true;
        }
        Ok(fits)
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
