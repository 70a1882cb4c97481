//! What a leg takes of the machine.

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use std::{fs, time::Duration};

/// User and system time of this process so far, all its threads together.
pub(crate) fn time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // It begins at zero, and grows.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Bytes of memory that this process holds, and the most that it ever held.
pub(crate) struct Resident {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

/// As Linux counts them (proc(5), `/proc/self/status`).
pub(crate) fn resident() -> Result<Resident> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kibibytes = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().strip_suffix("kB")).with_context(|| format!("no {name}"))?;
        Ok(number.trim().parse::<u64>()? * 1024)
    };
    Ok(Resident { now: kibibytes("VmRSS:")?, peak: kibibytes("VmHWM:")? })
}
