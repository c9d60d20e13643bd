//! Why a component was not compiled in a process of its own.

use std::{io, time::Duration};

/// The hidden command that compiles.
pub(super) const COMMAND: &str = "compile-mapping";

/// Why a component was not compiled in a process of its own.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It takes too much memory.
    #[error(
        "compiling it takes more than {} MiB of memory\nhint: `mapping.max_compile_memory_bytes` allows more", .0 / (1024 * 1024)
    )]
    Memory(u64),
    /// It takes too long.
    #[error(
        "compiling it takes more than {} s of processor time\nhint: `mapping.max_compile_time` allows more", .0.as_secs()
    )]
    Time(Duration),
    /// The machine has no time for it.
    #[error(
        "the machine is too busy: after {} s the process that compiles it had not had the processor time of \
         `mapping.max_compile_time`\nhint: try again when the machine has less to do", .0.as_secs()
    )]
    Busy(Duration),
    /// The other process did not get to its end.
    #[error("the process that compiles it ended: {0}")]
    Ended(String),
    /// The other process was told to end, as this one will be.
    #[error("the process that compiles it was told to end")]
    Interrupted,
    /// There is no other process.
    #[error(
        "could not start the process that compiles it\nhint: exotrace starts itself as `exotrace {COMMAND}`; the limits \
         of processes (`TasksMax`, `ulimit -u`), filters of system calls and `noexec` must let it"
    )]
    NotStarted(#[source] io::Error),
    /// What came back is not what that process sealed.
    #[error("the process that compiles it gave no whole answer")]
    Unsealed,
}

impl CompileError {
    /// Whether it is not the fault of the component, so that the same may compile another time.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Interrupted | Self::NotStarted(_) | Self::Unsealed => true,
            Self::Memory(_) | Self::Time(_) | Self::Ended(_) => false,
        }
    }
}
