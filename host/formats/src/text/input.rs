//! How much of a file is there to be read.

/// How much of the input is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// More is read at once.
    GoesOn,
    /// It ends here for now: what cannot be told yet waits.
    Pauses,
    /// It ends here, as far as anybody knows.
    Rests,
    /// The input has ended.
    Ended,
}
