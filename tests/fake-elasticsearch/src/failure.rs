//! The ways to fail.

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request is answered with this status and nothing is stored.
    Answer {
        /// The status.
        status: u16,
        /// Seconds to wait, for the header `Retry-After`.
        retry_after: Option<u32>,
        /// The kind of error in the answer.
        kind: &'static str,
    },
    /// Every second document is answered with this status and not stored.
    Partly {
        /// The status.
        status: u16,
        /// The kind of error in the answer.
        kind: &'static str,
    },
    /// Nothing is stored and no answer comes.
    Hang,
    /// All is stored, and no answer comes.
    StoreAndHang,
    /// All is stored, and the answer breaks off in the middle.
    StoreAndCut,
    /// All is stored, and the answer is a page of a gateway.
    StoreAndAnswerMarkup,
    /// All is stored, and the answer tells of one document only.
    StoreAndAnswerForOne,
    /// The answer breaks off before it begins, and nothing is stored.
    Cut,
}
