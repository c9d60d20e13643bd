//! A message-trace record: which property is which, for every interface.

use crate::{
    json::{Kind, Member, Raw, decode},
    key_layout::KnownKey,
    property::{PROPERTY_COUNT, Property},
    version::RecordKind,
};

/// One record, as slices of its line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) places: &'a PropertyPlaces,
    /// All of the record, known properties or not.
    pub(crate) members: &'a [RecordMember<'a>],
}

/// Which of its record's members each property is, counted from 1; 0 when the record does not have it.
pub(crate) type PropertyPlaces = [u8; PROPERTY_COUNT];

/// The place of a property that comes too late for its place to be noted. No real record has as many members.
pub(crate) const FAR: u8 = u8::MAX;

/// A member of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordMember<'a> {
    pub(crate) json: Member<'a>,
    pub(crate) property: Option<Property>,
    /// Whether the property has another key in the documents.
    is_renamed: bool,
}

impl<'a> Record<'a> {
    /// What stands for a line that is not a record.
    pub(crate) const NONE: Record<'static> = Record { places: &[0; PROPERTY_COUNT], members: &[] };

    /// The value of a property; null when the record does not have it.
    #[inline]
    pub(crate) fn get(&self, property: Property) -> Raw<'a> {
        self.member(property).map_or(Raw::MISSING, |member| member.json.value)
    }

    #[inline]
    fn member(&self, property: Property) -> Option<&'a RecordMember<'a>> {
        match self.places[property as usize] {
            0 => None,
            FAR => self.members.iter().find(|member| member.property == Some(property)),
            place => self.members.get(usize::from(place) - 1),
        }
    }

    /// The interface that it is from, as the names say that differ the most.
    pub(crate) fn kind(&self) -> Option<RecordKind> {
        let named = [Property::Received, Property::MessageTraceId];
        let (member, property) = named.into_iter().find_map(|property| Some((self.member(property)?, property)))?;
        let name = decode(&member.json.key);
        let is_graph = property.graph_name().is_some_and(|graph_name| name.eq_ignore_ascii_case(graph_name));
        Some(if is_graph { RecordKind::Graph } else { RecordKind::Legacy })
    }
}

impl<'a> RecordMember<'a> {
    #[inline]
    pub(crate) fn new(json: Member<'a>, known: &KnownKey<'a>) -> Self {
        Self { json, property: known.property, is_renamed: known.is_renamed }
    }

    /// The key that it has in the documents, with its quotes.
    #[inline]
    pub(crate) fn key(&self) -> Raw<'a> {
        self.property.map_or(self.json.key, |property| Raw { text: property.key(), kind: Kind::Plain })
    }

    /// Whether a document has it just as it stands in the record.
    #[inline]
    pub(crate) fn is_verbatim(&self) -> bool {
        let Member { key, value, .. } = &self.json;
        !self.is_renamed
            && self.json.is_compact()
            && matches!(value.kind, Kind::Bool | Kind::Number | Kind::Plain | Kind::Escaped)
            && !value.is_empty()
            && key.kind != Kind::Surrogate
    }
}
