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
    /// The record has no date of receipt.
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
    /// The same without the value, for those who may not see it.
    pub(crate) without_value: String,
}

impl Failure {
    /// A failure that no value tells more about.
    pub(crate) fn new(reason: FailureReason, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        Self { reason, without_value: message.clone(), message }
    }

    /// A failure with the value that it is about.
    pub(crate) fn of_value(reason: FailureReason, what: impl fmt::Display, value: &str) -> Self {
        Self { reason, message: format!("{what}: `{}`", Excerpt(value)), without_value: what.to_string() }
    }

    pub(crate) fn wrong_type(property: &str, value: &str) -> Self {
        Self::of_value(FailureReason::InvalidType, format_args!("`{property}` cannot be of this type"), value)
    }
}

/// A value as it stands in a message: whole, unless it is long.
pub(crate) struct Excerpt<'a>(pub(crate) &'a str);

/// How many characters of a value a message has at most; the value itself is in `event.original`.
const SHOWN_CHARACTERS: usize = 200;

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(SHOWN_CHARACTERS) {
            Some((end, _)) => write!(formatter, "{}…", self.0.get(..end).unwrap_or_default()),
            None => formatter.write_str(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shortened_in_messages() {
        assert_eq!(Excerpt("short").to_string(), "short");
        let shortened = Excerpt(&"é".repeat(1000)).to_string();
        assert_eq!(shortened.chars().count(), SHOWN_CHARACTERS + 1);
    }
}
