//! What reading does where the input ends.

use super::json::End;

/// What to do where the input ends for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// What is not whole waits for the rest of it.
    Wait,
    /// The same, but nothing has come for a while: the last row of a table is whole.
    Settled,
    /// The same, but this is the last look: what is whole of a page is taken, and an array that is not closed waits.
    Last,
    /// The input has ended: a remaining line is passed on as it is, and a value that is not whole is left out.
    Take,
}

impl AtEnd {
    /// What the end of the text is then.
    pub(super) fn of_text(self) -> End {
        match self {
            Self::Wait => End::Open,
            Self::Settled => End::Settled,
            Self::Last => End::Last,
            Self::Take => End::Final,
        }
    }
}
