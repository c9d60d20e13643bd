//! What a component may use, and what it did when it wanted more.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use wasmtime::{ResourceLimiter, Result, Trap};

use super::memory::{self, Taken};

/// The most tables of functions that an instance may fill, in elements. The built-in mappings have some hundreds.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// The most core instances, tables and memories in one component; a component of one module has three or four.
const MAX_ITEMS: usize = 16;

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
    /// The longest that one batch may take, whatever has to be tried: it always ends.
    pub(super) fn total_time(&self) -> Duration {
        4 * self.batch_time
    }

    /// The longest that one record may take when records are mapped one by one.
    pub(super) fn record_time(&self) -> Duration {
        (self.batch_time / 10).max(Duration::from_millis(500)).min(self.batch_time)
    }
}

/// What stopped a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopKind {
    /// It gave up, or did what cannot be done.
    Trap,
    /// It called too deep.
    Stack,
    /// It took too long.
    Time,
    /// It executed too much.
    Fuel,
    /// It wanted too much memory.
    Memory,
    /// It wanted too large a table.
    Table,
    /// Its answer is too large.
    Result,
    /// Its answer does not fit what it was given.
    Contract,
}

impl StopKind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Trap, Self::Stack, Self::Time, Self::Fuel, Self::Memory, Self::Table, Self::Result, Self::Contract];

    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Stack => "stack",
            Self::Time => "time",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Result => "result",
            Self::Contract => "contract",
        }
    }
}

impl fmt::Display for StopKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What the instances of a mapping have taken.
#[derive(Debug, Default)]
pub(super) struct Usage {
    instances: AtomicU64,
    memory_bytes: AtomicU64,
    /// Whether what they map is delivered.
    pub(super) delivers: AtomicBool,
}

impl Usage {
    /// Instances that there are.
    pub(super) fn instances(&self) -> u64 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Memory of all of them.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.memory_bytes.load(Ordering::Relaxed)
    }
}

/// Says no to an instance that wants more than its limits, and remembers it: all that the component itself does
/// about it is to stop.
pub(super) struct Limiter {
    memory_left: usize,
    memory_taken: Taken,
    table_left: usize,
    refused: Option<StopKind>,
    /// Whether it was refused for what others have.
    is_total: bool,
    usage: Arc<Usage>,
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.usage.instances.fetch_sub(1, Ordering::Relaxed);
        self.usage.memory_bytes.fetch_sub(self.memory_taken.bytes(), Ordering::Relaxed);
    }
}

impl Limiter {
    pub(super) fn new(limits: &Limits, usage: Arc<Usage>) -> Self {
        usage.instances.fetch_add(1, Ordering::Relaxed);
        let (memory_left, table_left) = (limits.memory_bytes, MAX_TABLE_ELEMENTS);
        Self { memory_left, memory_taken: Taken::default(), table_left, refused: None, is_total: false, usage }
    }

    /// How much memory is left to the instance.
    pub(super) fn memory_left(&self) -> usize {
        self.memory_left
    }

    /// Why there is no more memory, where the component itself is not to blame.
    pub(super) fn explain_memory(&self) -> Option<String> {
        self.is_total.then(memory::explain)
    }

    /// What stopped the component, given what wasmtime says.
    pub(super) fn kind(&self, error: &wasmtime::Error) -> StopKind {
        match (error.downcast_ref(), self.refused) {
            (Some(Trap::Interrupt), _) => StopKind::Time,
            (Some(Trap::OutOfFuel), _) => StopKind::Fuel,
            (_, Some(refused)) => refused,
            (Some(Trap::StackOverflow), None) => StopKind::Stack,
            (Some(_), None) => StopKind::Trap,
            (None, None) => kind_of_answer(error),
        }
    }
}

/// No trap: the host could not take the answer. wasmtime has no type for why.
fn kind_of_answer(error: &wasmtime::Error) -> StopKind {
    let text = error.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls") || text.contains("longer than its answer may be") {
        return StopKind::Result;
    }
    StopKind::Contract
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let more = desired.saturating_sub(current);
        let mut may_have = take(&mut self.memory_left, more, &mut self.refused, StopKind::Memory);
        if may_have && !self.memory_taken.take(more as u64, self.usage.delivers.load(Ordering::Relaxed)) {
            self.memory_left += more;
            (self.refused, self.is_total, may_have) = (Some(StopKind::Memory), true, false);
        }
        if may_have {
            self.usage.memory_bytes.fetch_add(more as u64, Ordering::Relaxed);
        }
        Ok(may_have)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(take(&mut self.table_left, desired.saturating_sub(current), &mut self.refused, StopKind::Table))
    }

    fn instances(&self) -> usize {
        MAX_ITEMS
    }

    fn tables(&self) -> usize {
        MAX_ITEMS
    }

    fn memories(&self) -> usize {
        MAX_ITEMS
    }
}

fn take(left: &mut usize, more: usize, refused: &mut Option<StopKind>, kind: StopKind) -> bool {
    match left.checked_sub(more) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => {
            *refused = Some(kind);
            false
        }
    }
}
