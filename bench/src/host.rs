use crate::processor;
use anyhow::Result;
use std::time::{Duration, Instant};

/// What runs a contract.
pub(crate) trait Host {
    /// What the figures call it.
    fn name(&self) -> &'static str;

    /// Calls the contract; what it answers.
    fn call(&mut self) -> Result<Vec<u8>>;

    /// Calls it so many times, in the way that gets the most done.
    fn calls(&mut self, times: u32) -> Result<()> {
        for _ in 0..times {
            self.call()?;
        }
        Ok(())
    }
}

/// Calls between two looks at the clock: so many that it is little beside them how those begin and end that are made
/// at once.
const AT_ONCE: u32 = 1_024;

/// Calls a second of processor time, and a second of wall time, over a turn.
pub(crate) fn rates(host: &mut dyn Host, turn: Duration) -> Result<(f64, f64)> {
    let (started, before) = (Instant::now(), processor::time());
    let mut calls = 0;
    while started.elapsed() < turn {
        host.calls(AT_ONCE)?;
        calls += AT_ONCE;
    }
    let (elapsed, spent) = (started.elapsed(), processor::time().saturating_sub(before));
    Ok((f64::from(calls) / spent.as_secs_f64(), f64::from(calls) / elapsed.as_secs_f64()))
}

/// What calls take, one after the other.
pub(crate) fn times(host: &mut dyn Host, samples: usize) -> Result<Vec<Duration>> {
    let timed = (0..samples).map(|_| {
        let started = Instant::now();
        host.call()?;
        Ok(started.elapsed())
    });
    timed.collect()
}
