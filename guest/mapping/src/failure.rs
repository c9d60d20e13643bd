//! What can be wrong with a record.

use std::fmt;

/// The kind of a failure, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The line is not JSON.
    NotJson,
    /// The line is a JSON value other than an object.
    NotAnObject,
    /// The line is longer than [`MAX_RECORD_BYTES`](crate::MAX_RECORD_BYTES).
    TooLong,
    /// Values are nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// The record is a page whose rows were not split.
    PageNotSplit,
    /// There is no date of receipt.
    MissingDate,
    /// A date cannot be understood.
    InvalidDate,
    /// A mail address has no domain.
    InvalidAddress,
    /// The text of an IP address is not one.
    InvalidIp,
    /// A value is of a JSON type that its property cannot have.
    InvalidType,
}

/// One thing that is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: FailureReason,
    /// For `error.message`: names the part and its value.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(reason: FailureReason, message: impl fmt::Display) -> Self {
        Self { reason, message: message.to_string() }
    }

    pub(crate) fn wrong_type(property: &str, value: &str) -> Self {
        Self::new(FailureReason::InvalidType, format_args!("`{property}` cannot be of this type: `{value}`"))
    }
}
