//! What compiling a component may take.

use std::time::Duration;

/// What compiling a component may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// The most address space of the process that compiles, in bytes.
    pub memory_bytes: u64,
    /// The most processor time.
    pub time: Duration,
}

impl Default for CompileLimits {
    /// The built-in mappings take about 200 MB and one second.
    fn default() -> Self {
        Self { memory_bytes: 1024 * 1024 * 1024, time: Duration::from_secs(60) }
    }
}
