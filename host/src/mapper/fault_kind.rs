//! How a component can fail.

use std::fmt;

/// How a component failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
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

impl FaultKind {
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

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
