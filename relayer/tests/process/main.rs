//! The binary as a process, with an enclave that says who it is, and a chain that is away.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod enclave;
mod oracle;
mod run;

use std::time::Duration;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);
