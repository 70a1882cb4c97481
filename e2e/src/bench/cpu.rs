//! Processor time of a process and its children.

use crate::Process;
use anyhow::{Context, Result, ensure};
use std::{fs, time::Duration};

/// In what `/proc` counts a process's time on Linux, whatever the kernel's own tick (`USER_HZ`, proc(5)).
const TICKS_PER_SECOND: u64 = 100;

/// User and system time that the living processes of a process group have used.
pub(super) fn time_of(process: &Process) -> Result<Duration> {
    let group = process.group().as_raw_nonzero().get();
    let (mut ticks, mut members) = (0, 0);
    for entry in fs::read_dir("/proc")? {
        // What isn't a process, or has ended since it was listed, is none of the group.
        let Ok(stat) = fs::read_to_string(entry?.path().join("stat")) else { continue };
        let Some(usage) = Usage::read(&stat) else { continue };
        if usage.group == group {
            ticks += usage.ticks;
            members += 1;
        }
    }
    ensure!(members > 0, "{} has ended", process.name());
    let millis = ticks.checked_mul(1_000 / TICKS_PER_SECOND).context("too many ticks")?;
    Ok(Duration::from_millis(millis))
}

/// What matters of a line of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Usage {
    group: i32,
    ticks: u64,
}

impl Usage {
    /// Fields 5 (group), 14 and 15 (user and system time) of proc(5); the second is a name in
    /// parentheses, with anything in it.
    fn read(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        // The third field comes first here.
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self { group: fields.get(5 - 3)?.parse().ok()?, ticks: ticks(14)? + ticks(15)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_moves_no_field() {
        let stat = "71 (a) (b c) S 1 42 42 0 -1 4194304 122 0 0 0 300 25 7 9 20 0 1 0 1239407 3932160";
        assert_eq!(Usage::read(stat), Some(Usage { group: 42, ticks: 325 }));
        assert_eq!(Usage::read("nothing"), None);
    }
}
