//! The keys of the record before: records of one source mostly have the same ones, in the same order.

use crate::{
    json::{Kind, Raw, decode},
    property::Property,
};

/// The keys of the record before, in order, none twice. The next record has mostly the same ones.
#[derive(Debug, Default)]
pub(crate) struct KeyLayout<'a> {
    pub(crate) keys: Vec<KnownKey<'a>>,
    /// The first few keys of this record without a meaning.
    others: Vec<&'a str>,
}

/// A key, and the property that it names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownKey<'a> {
    /// With its quotes; empty when it has an escape in it.
    pub(crate) text: &'a str,
    pub(crate) property: Option<Property>,
    /// Whether the property has another key in the documents.
    pub(crate) is_renamed: bool,
}

/// How many keys without a meaning are compared with each other. Real records have two or three; more are sorted.
const MAX_OTHERS: usize = 8;

impl<'a> KeyLayout<'a> {
    /// Begins a record.
    pub(crate) fn begin(&mut self) {
        self.others.clear();
    }

    /// Whether a key without a meaning is there for the first time. Also no when that takes a closer look.
    pub(crate) fn is_new(&mut self, key: &Raw<'a>, is_expected: bool) -> bool {
        let is_new = is_expected || (self.others.len() < MAX_OTHERS && !self.others.contains(&key.text));
        if self.others.len() < MAX_OTHERS {
            self.others.push(key.text);
        }
        // Two keys of which one is escaped may be the same.
        is_new && key.kind == Kind::Plain
    }
}

impl<'a> KnownKey<'a> {
    pub(crate) fn new(key: &Raw<'a>) -> Self {
        let is_plain = key.kind == Kind::Plain;
        let property = if is_plain { Property::named(key.inner()) } else { Property::named(&decode(key)) };
        let is_renamed = property.is_some_and(|property| property.key() != key.text);
        Self { text: if is_plain { key.text } else { "" }, property, is_renamed }
    }
}
