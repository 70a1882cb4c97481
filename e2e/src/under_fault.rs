//! What `relayer-under-fault` puts between the relayer's stages and their parts: it kills its own process before or
//! after a named call of a part, and sets the clock wrong. Every await between what a stage reads and what it
//! writes, sends or asks for is such a call, so the calls are all the points at which a death can be told apart.
//!
//! The relayer's own program is made without any of this.

mod clock;
mod point;
mod roles;

pub use point::{CrashPoint, Moment, UnknownPoint};

use crate::under_fault::{clock::WrongClock, point::Points, roles::Watched};
use anyhow::{Context, Result};
use phat_enclave_api::Enclave;
use phat_relayer::{clock::SharedClock, compose::Wrapping, pipeline::ChainEnd, store::sqlite::SqliteStore};
use std::{env, sync::Arc};

/// Names the environment variable with the [`CrashPoint`] at which the process kills itself.
pub const CRASH_AT: &str = "PHAT_UNDER_FAULT_CRASH_AT";
/// Names the environment variable with the seconds by which the process's clock is ahead; behind, where negative.
pub const CLOCK_AHEAD: &str = "PHAT_UNDER_FAULT_CLOCK_AHEAD";

/// Every call that a stage makes, as [`CrashPoint`] names it.
#[must_use]
pub fn calls() -> Vec<&'static str> {
    roles::CALLS.concat()
}

/// The faults that a process is to have.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    points: Points,
    clock_ahead: i64,
}

impl Faults {
    /// Those that the process's environment names.
    ///
    /// # Errors
    /// When a variable can't be read.
    pub fn of_process() -> Result<Self> {
        let crash_at = env::var(CRASH_AT).ok().map(|text| text.parse()).transpose().context(CRASH_AT)?;
        let clock_ahead = env::var(CLOCK_AHEAD).ok().map(|text| text.parse()).transpose().context(CLOCK_AHEAD)?;
        Ok(Self { points: Points::new(crash_at), clock_ahead: clock_ahead.unwrap_or_default() })
    }

    fn watched<Part: ?Sized>(&self, part: Arc<Part>) -> Arc<Watched<Part>> {
        Arc::new(Watched::new(part, self.points.clone()))
    }
}

impl Wrapping for Faults {
    type Store = Watched<SqliteStore>;

    fn clock(&self, clock: SharedClock) -> SharedClock {
        Arc::new(WrongClock::new(clock, self.clock_ahead))
    }

    fn store(&self, store: Arc<SqliteStore>) -> Arc<Self::Store> {
        self.watched(store)
    }

    fn enclave(&self, enclave: Arc<dyn Enclave>) -> Arc<dyn Enclave> {
        self.watched(enclave)
    }

    fn chain(&self, chain: ChainEnd) -> ChainEnd {
        ChainEnd {
            source: self.watched(chain.source),
            submitters: chain.submitters.wrapped(|sink| self.watched(sink)),
            status: self.watched(chain.status),
            ..chain
        }
    }
}
