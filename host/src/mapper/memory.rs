//! The memory of all instances of the process together: each has its own limit, and sources, candidates and what is kept
//! ready multiply them.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the instances of the process have together.
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// What they may have.
static MOST: AtomicU64 = AtomicU64::new(DEFAULT_MOST);

/// What they may have when nobody says otherwise.
const DEFAULT_MOST: u64 = 1024 * 1024 * 1024;

/// How much of it somebody may help to use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// All of it: those whose documents are delivered.
    All,
    /// All but a quarter, which a candidate cannot take from them.
    ThreeQuarters,
    /// Half of it: mapping ahead saves time, and nothing else.
    Half,
}

impl Share {
    pub(super) fn of(self, all: u64) -> u64 {
        match self {
            Self::All => all,
            Self::ThreeQuarters => all - all / 4,
            Self::Half => all / 2,
        }
    }
}

/// Sets how much memory all instances of the process may have together, in bytes. What they have already they keep.
pub fn set_max_total_memory(bytes: u64) {
    MOST.store(bytes, Ordering::Relaxed);
}

/// What one instance has of it.
#[derive(Debug, Default)]
pub(super) struct Taken(u64);

impl Taken {
    /// Takes more, unless all instances together would have too much.
    pub(super) fn take(&mut self, more: u64, share: Share) -> bool {
        let most = share.of(MOST.load(Ordering::Relaxed));
        let taken = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            taken.checked_add(more).filter(|taken| *taken <= most)
        });
        self.0 += if taken.is_ok() { more } else { 0 };
        taken.is_ok()
    }

    /// How much it has.
    pub(super) fn bytes(&self) -> u64 {
        self.0
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Why an instance does not get more, where others have it.
#[derive(Debug, thiserror::Error)]
#[error("all mappings together would have more than the {most} MiB of `mapping.max_total_memory_bytes`")]
pub(super) struct TotalMemoryTaken {
    most: u64,
}

impl TotalMemoryTaken {
    pub(super) fn new() -> Self {
        Self { most: MOST.load(Ordering::Relaxed) / (1024 * 1024) }
    }
}
