//! When a run stops.

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// When every source is caught up with the time at which the run began.
    Once,
    /// When told to.
    Daemon,
}
