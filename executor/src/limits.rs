//! Every limit of a run, each a named setting with a default.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bytes of one WebAssembly page.
pub const PAGE_BYTES: u32 = 64 * 1024;

/// What a run may use. All of it can change an answer, so all of it belongs to the configuration
/// hash that a worker is registered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest module, in bytes. Default 2 MiB.
    pub code_bytes: u32,
    /// Fuel of a whole run, nested calls included; about one unit an instruction. Default 10 × 10⁹,
    /// which a request can't spend within the default wall time: it bounds deployments and owner
    /// actions, which no clock limits.
    pub fuel: u64,
    /// Fuel after which a run gives way to others. Default 2 × 10⁶, a few milliseconds. What a run
    /// is answered does not depend on it.
    pub fuel_slice: u64,
    /// Linear memory of one contract in a run, in pages of 64 KiB; also the most that a module may
    /// declare. What a run has altogether is bounded by [`CallLimits::memory_pages`]. Default 64 (4 MiB).
    pub memory_pages: u32,
    /// Elements of one module's table. Default 16,384.
    pub table_elements: u32,
    /// Parameters and locals of one function. The engine sets a function's locals to zero at every
    /// call, and what a call costs covers this many. Default 1,024.
    pub function_locals: u32,
    /// Wall time of a run, from its first instruction. Deployments and owner actions have none.
    /// Default 10 s.
    #[serde(with = "humantime_serde")]
    pub wall_time: Duration,
    /// What is kept of the wall time, so that a guest whose HTTP call was late can still answer.
    /// Default 500 ms.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// The longest message, in bytes. Default 1 MiB.
    pub input_bytes: u32,
    /// The longest return value of any message, in bytes; a request's own maximum is checked beside
    /// it. Default 1 MiB.
    pub output_bytes: u32,
    /// The longest argument of a chain-extension call, in bytes. Default 2 MiB.
    pub extension_bytes: u32,
    /// The longest set of a contract's secrets, in bytes: names, values and origins as they are
    /// encoded. Default 64 KiB.
    pub secrets_bytes: u32,
    /// Calls of other contracts.
    pub calls: CallLimits,
    /// Contract storage.
    pub storage: StorageLimits,
    /// Log lines, debug messages and events.
    pub records: RecordLimits,
    /// HTTP requests of guests.
    pub http: HttpLimits,
    /// What contracts keep beside their storage.
    pub cache: CacheLimits,
}

/// Bounds of calls between contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallLimits {
    /// Calls within calls: so many frames may be on top of the first. Default 5.
    pub depth: u32,
    /// Contracts, and pieces of code beside theirs, that one run may call, make or ask for. Default 32.
    pub contracts: u32,
    /// Linear memory of a run's first contract and of all that are called at a time, in pages of 64 KiB.
    /// Default 384 (24 MiB): each of six has its own [`Limits::memory_pages`], as in the reference.
    pub memory_pages: u32,
}

/// Bounds of what a contract keeps beside its storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheLimits {
    /// Keys and values of one contract, and 128 bytes more for each entry. Default 1 MiB.
    pub contract_bytes: u32,
    /// How long a value lives unless the contract says otherwise. Default 7 days.
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
}

/// Bounds of a contract's storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageLimits {
    /// The longest key, in bytes. Default 128.
    pub key_bytes: u32,
    /// The longest value, in bytes. Default 1 MiB.
    pub value_bytes: u32,
    /// Entries that one run may have written or removed: the bytes of their keys and values, and 128
    /// more for each entry. Default 8 MiB.
    pub overlay_bytes: u32,
}

/// Bounds of what a run leaves behind for people to read. What exceeds them is cut or dropped, and
/// never fails a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordLimits {
    /// Log lines, debug messages among them. Default 1,000.
    pub log_lines: u32,
    /// Bytes of one log line. Default 1 KiB.
    pub log_line_bytes: u32,
    /// Bytes of all log lines together. Default 256 KiB.
    pub log_bytes: u32,
    /// Events. Default 64.
    pub events: u32,
    /// Bytes of one event, its topics included. Default 16 KiB.
    pub event_bytes: u32,
}

/// Bounds of a guest's HTTP requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpLimits {
    /// The longest time for one request or batch, redirects and body included; what is left of the
    /// run less the grace is the other bound. Default 10 s.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// The longest URL, in bytes. Default 8 KiB.
    pub url_bytes: u32,
    /// The longest response body, in bytes. Default 2 MiB.
    pub response_bytes: u32,
    /// Requests of one batch. Default 5.
    pub batch: u32,
    /// Headers of a request, and of a response. Default 256.
    pub headers: u32,
    /// Redirects that are followed. Default 5.
    pub redirects: u32,
    /// Requests of a whole run. Default 64.
    pub requests: u32,
    /// What a whole run may send, in bytes: methods, URLs, headers and bodies, of redirected requests
    /// too. Default 16 MiB.
    pub sent_bytes: u32,
    /// What a whole run may receive, in bytes: headers and bodies. Default 64 MiB.
    pub received_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            code_bytes: 2 * 1024 * 1024,
            fuel: 10_000_000_000,
            fuel_slice: 2_000_000,
            memory_pages: 64,
            table_elements: 16_384,
            function_locals: 1_024,
            wall_time: Duration::from_secs(10),
            grace: Duration::from_millis(500),
            input_bytes: 1024 * 1024,
            output_bytes: 1024 * 1024,
            extension_bytes: 2 * 1024 * 1024,
            secrets_bytes: 64 * 1024,
            calls: CallLimits::default(),
            storage: StorageLimits::default(),
            records: RecordLimits::default(),
            http: HttpLimits::default(),
            cache: CacheLimits::default(),
        }
    }
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { depth: 5, contracts: 32, memory_pages: 384 }
    }
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { contract_bytes: 1024 * 1024, lifetime: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self { key_bytes: 128, value_bytes: 1024 * 1024, overlay_bytes: 8 * 1024 * 1024 }
    }
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self { log_lines: 1_000, log_line_bytes: 1024, log_bytes: 256 * 1024, events: 64, event_bytes: 16 * 1024 }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            url_bytes: 8 * 1024,
            response_bytes: 2 * 1024 * 1024,
            batch: 5,
            headers: 256,
            redirects: 5,
            requests: 64,
            sent_bytes: 16 * 1024 * 1024,
            received_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// The memory of one contract, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        in_memory(self.memory_pages).saturating_mul(in_memory(PAGE_BYTES))
    }
}

impl CallLimits {
    /// The memory of a whole run, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        in_memory(self.memory_pages).saturating_mul(in_memory(PAGE_BYTES))
    }
}

/// A 32-bit quantity as an index into host memory, which has at least 32 bits.
pub(crate) fn in_memory(quantity: u32) -> usize {
    usize::try_from(quantity).unwrap_or(usize::MAX)
}
