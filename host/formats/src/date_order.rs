//! The order of day and month.

/// What stands first in dates such as `3/4/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
pub enum DateOrder {
    /// The month: 4 March.
    #[cfg_attr(feature = "clap", value(alias = "month-first"))]
    MonthFirst,
    /// The day: 3 April.
    #[cfg_attr(feature = "clap", value(alias = "day-first"))]
    DayFirst,
}
