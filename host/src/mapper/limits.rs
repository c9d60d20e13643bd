//! What a component may use.

use std::time::Duration;

/// The largest component file that is read, in bytes; the built-in ones have about 600 kB.
pub(super) const MAX_COMPONENT_BYTES: u64 = 64 * 1024 * 1024;

/// What a component may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most memory that an instance may have.
    pub memory_bytes: usize,
    /// The longest that it may take for what it is given at once.
    pub batch_time: Duration,
    /// The most that it may hand over at once.
    pub result_bytes: usize,
    /// The most that it may execute at once, in wasmtime's units of fuel; `None`: not counted.
    pub fuel: Option<u64>,
}

/// The longest measured batch of 10,000 records took 80 ms, and a record of 16 MiB fills documents of over 100 MiB.
impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 * 1024 * 1024,
            batch_time: Duration::from_secs(10),
            result_bytes: 256 * 1024 * 1024,
            fuel: None,
        }
    }
}

impl Limits {
    /// The longest that one batch may take with all attempts: it always ends.
    pub(super) fn total_time(&self) -> Duration {
        4 * self.batch_time
    }

    /// The longest that one record may take when records are mapped one by one.
    pub(super) fn record_time(&self) -> Duration {
        (self.batch_time / 10).max(Duration::from_millis(500)).min(self.batch_time)
    }
}
