//! Scenarios against real parts: a node, the enclave and the relayer as processes, and a source of
//! prices. Each test has its own, and stops what it started.

mod across_chains;
mod admin_api;
mod backfill;
mod bad_guest;
mod bad_module;
mod bad_source;
mod bench;
mod clock;
mod crash_points;
mod demo;
mod disk;
mod doctor;
mod downtime;
mod enclave_crash;
mod endpoints;
mod evm_read;
mod failure_classes;
mod faults;
mod gas;
mod honesty;
mod hostile;
mod javascript;
mod jobs;
mod load;
mod logs;
mod metrics;
mod new_contract;
mod nonces;
mod operations;
mod outage;
mod page;
mod price_median;
mod randomness;
mod readme;
mod relayer_crash;
mod reorganisations;
mod runtime_upgrade;
mod secrets;
mod shipped;
mod soak;
mod solidity_guide;
mod tls;
mod traces;
mod two_chains;
mod unsigned;
mod wake;
mod wallets;
mod writing_ink;

use std::time::Duration;

/// How long anything that must happen may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);
