//! The shapes of pages: Graph's, and two of the Reporting Web Service (host/docs/facts/ms-api.md,
//! sections 1.8 and 2.2).
//!
//! Read as they come, so that a page of far too many rows is left before it costs anything. Letter case of names does not
//! count, nor does what a service writes for "no next link".

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{sources::microsoft::PollError, support::http_response::Malformed};

/// A page as it came, with what a seed makes of each row.
pub(super) struct RawPage<R> {
    /// None when there is `null` in their place, and nothing says that there are none.
    pub(super) rows: Option<Vec<R>>,
    pub(super) next_link: Option<String>,
}

/// How far reading has come, for the error.
struct RawReading {
    most_rows: usize,
    /// The list of rows has begun.
    began: Cell<bool>,
    /// It has too many.
    is_too_long: Cell<bool>,
}

impl<V> RawPage<V> {
    pub(super) fn parse<'p, R, S>(
        mut reader: serde_json::Deserializer<R>,
        most_rows: usize,
        row: S,
    ) -> Result<Self, PollError>
    where
        R: serde_json::de::Read<'p>,
        S: DeserializeSeed<'p, Value = V> + Copy,
    {
        let reading = RawReading { most_rows, began: Cell::new(false), is_too_long: Cell::new(false) };
        let page = Envelope { reading: &reading, row, is_outer: true }.deserialize(&mut reader);
        let page = page.and_then(|page| reader.end().map(|()| page));
        page.map_err(|error| {
            if reading.is_too_long.get() {
                PollError::TooManyRows { most: most_rows }
            } else if reading.began.get() && !error.is_data() {
                PollError::MalformedPage(Malformed::from(error))
            } else {
                PollError::OtherShape(Malformed::from(error))
            }
        })
    }
}

/// An object that holds rows: the page itself, or `d` in verbose JSON.
struct Envelope<'r, S> {
    reading: &'r RawReading,
    row: S,
    is_outer: bool,
}

impl<'p, S: DeserializeSeed<'p> + Copy> DeserializeSeed<'p> for Envelope<'_, S> {
    type Value = RawPage<S::Value>;

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'p, S: DeserializeSeed<'p> + Copy> Visitor<'p> for Envelope<'_, S> {
    type Value = RawPage<S::Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a page of records")
    }

    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut rows, mut next_link, mut inner, mut is_none) = (None, None, None, false);
        while let Some(key) = map.next_key::<String>()? {
            match (key.to_ascii_lowercase().as_str(), self.is_outer) {
                ("value", true) | ("results", false) => {
                    rows = Some(map.next_value_seed(Rows { reading: self.reading, row: self.row })?);
                }
                ("@odata.nextlink" | "odata.nextlink", true) | ("__next", false) => {
                    let link = link(map.next_value()?);
                    next_link = next_link.or(link);
                }
                ("@odata.count" | "odata.count", true) | ("__count", false) => {
                    is_none = matches!(map.next_value::<&RawValue>()?.get(), "0" | "\"0\"");
                }
                ("d", true) => {
                    inner = Some(map.next_value_seed(Envelope { is_outer: false, ..self })?);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        match (rows, inner) {
            (Some(None), _) if is_none && next_link.is_none() => Ok(RawPage { rows: Some(Vec::new()), next_link }),
            (Some(rows), _) => Ok(RawPage { rows, next_link }),
            (None, Some(inner)) => Ok(inner),
            (None, None) => Err(A::Error::missing_field("value")),
        }
    }
}

/// The rows; none for `null`.
struct Rows<'r, S> {
    reading: &'r RawReading,
    row: S,
}

impl<'p, S: DeserializeSeed<'p> + Copy> DeserializeSeed<'p> for Rows<'_, S> {
    type Value = Option<Vec<S::Value>>;

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p, S: DeserializeSeed<'p> + Copy> Visitor<'p> for Rows<'_, S> {
    type Value = Option<Vec<S::Value>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'p>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Self { reading, row: seed } = self;
        reading.began.set(true);
        let mut rows = Vec::new();
        while let Some(row) = list.next_element_seed(seed)? {
            if rows.len() == reading.most_rows {
                reading.is_too_long.set(true);
                return Err(A::Error::custom("too many rows"));
            }
            rows.push(row);
        }
        Ok(Some(rows))
    }
}

/// A link is a text with something in it. `null`, blanks, numbers and anything else in its place are no link.
fn link(value: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
