//! JSON values as the text that they came as.

use std::ops::Range;

/// A JSON value as the text that it came as, known to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    pub(crate) text: &'a str,
    pub(crate) kind: Kind,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// With the quotes.
    pub(crate) key: Raw<'a>,
    pub(crate) value: Raw<'a>,
    /// Where both stand in the text, from the key's first quote.
    pub(crate) place: Range<usize>,
}

impl Member<'_> {
    /// Whether nothing but a colon stands between the key and the value.
    #[inline]
    pub(crate) fn is_compact(&self) -> bool {
        self.place.len() == self.key.text.len() + 1 + self.value.text.len()
    }
}

/// The type of a JSON value.
// As wide as what stands beside it: a value is then read from memory in the pieces that it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    /// A string without any backslash: its meaning is its text between the quotes.
    Plain,
    /// A string with at least one backslash.
    Escaped,
    /// A string with an escaped surrogate, which may lack its other half.
    Surrogate,
    Array,
    Object,
}

impl<'a> Raw<'a> {
    /// What stands for a property that the record does not have.
    pub(crate) const MISSING: Self = Self { text: "null", kind: Kind::Null };

    /// Whether the value is null or the empty string: such values count as absent everywhere but in the fingerprint.
    pub(crate) fn is_empty(&self) -> bool {
        self.kind == Kind::Null || self.text == r#""""#
    }

    /// The value when it is there: neither null nor the empty string. A blank counts as a value.
    pub(crate) fn present(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }

    pub(crate) fn is_string(&self) -> bool {
        matches!(self.kind, Kind::Plain | Kind::Escaped | Kind::Surrogate)
    }

    /// The text between the quotes of a string, undecoded.
    pub(crate) fn inner(&self) -> &'a str {
        self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default()
    }
}
