//! The properties of a record by every name that a service or an export has for them; letter case does not count.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// A property that has a meaning outside of the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// The end of the range that was asked for.
    EndDate,
    /// The address of the server that sent the message.
    FromIp,
    /// The `Message-ID` of the message's header.
    MessageId,
    /// What the service knows the message by.
    MessageTraceId,
    /// When the message was received.
    Received,
    /// To whom the message went.
    RecipientAddress,
    /// Whom the message is from.
    SenderAddress,
    /// The length of the message, in bytes.
    Size,
    /// The beginning of the range that was asked for.
    StartDate,
    /// What became of the message.
    Status,
    /// The subject of the message.
    Subject,
    /// The address of the server that the message was sent to.
    ToIp,
}

impl Property {
    /// The property of that name.
    pub fn named(name: &str) -> Option<Self> {
        // By their lengths, so that a name is compared with two others at most.
        let names: &[(&str, Self)] = match name.len() {
            2 => &[("id", Self::MessageTraceId)],
            4 => &[("toIP", Self::ToIp), ("size", Self::Size)],
            6 => &[("fromIP", Self::FromIp), ("status", Self::Status)],
            7 => &[("subject", Self::Subject), ("EndDate", Self::EndDate)],
            8 => &[("Received", Self::Received)],
            9 => &[("messageId", Self::MessageId), ("StartDate", Self::StartDate)],
            13 => &[("senderAddress", Self::SenderAddress)],
            14 => &[("MessageTraceId", Self::MessageTraceId)],
            16 => &[("recipientAddress", Self::RecipientAddress), ("receivedDateTime", Self::Received)],
            _ => return None,
        };
        names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, property)| *property)
    }
}

/// Whose names records have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Graph: `id`, `receivedDateTime`, `senderAddress`.
    Graph,
    /// The Reporting Web Service and PowerShell: `MessageTraceId`, `Received`, `SenderAddress`.
    Legacy,
    /// A record of either together with the steps of its delivery.
    Details,
}

impl RecordKind {
    /// As the contract calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Legacy => "legacy",
            Self::Details => "details",
        }
    }

    /// Whose names a record has; `None` when it has none that tell.
    pub fn of(record: &str) -> Option<Self> {
        let names: BTreeMap<String, IgnoredAny> = serde_json::from_str(record).ok()?;
        let is_there = |sought: &str| names.keys().any(|name| name.eq_ignore_ascii_case(sought));
        if is_there("trace") && is_there("details") {
            return Some(Self::Details);
        }
        // These are other words; the others differ in their first letter alone.
        if is_there("receivedDateTime") {
            return Some(Self::Graph);
        }
        if is_there("Received") || is_there("MessageTraceId") {
            return Some(Self::Legacy);
        }
        let name = names.keys().find(|name| Property::named(name).is_some())?;
        Some(if name.starts_with(|it: char| it.is_ascii_lowercase()) { Self::Graph } else { Self::Legacy })
    }
}

/// Whether a record could be one of message trace: it says when a message was received, from whom, or by whom.
pub fn is_of_message_trace(record: &str) -> bool {
    let picked = pick(record, [Property::Received, Property::SenderAddress, Property::RecipientAddress]);
    picked.is_ok_and(|values| values.iter().any(Option::is_some))
}

/// The values of some properties of a record, each as it is written; of equal ones the last counts.
///
/// # Errors
///
/// When the record is not a JSON object.
pub fn pick<const N: usize>(record: &str, properties: [Property; N]) -> serde_json::Result<[Option<&RawValue>; N]> {
    let mut deserializer = serde_json::Deserializer::from_str(record);
    let picked = Pick(properties).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(picked)
}

struct Pick<const N: usize>([Property; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Pick<N> {
    type Value = [Option<&'de RawValue>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Pick<N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(Name(name)) = members.next_key()? {
            let place = name.and_then(|name| self.0.iter().position(|property| *property == name));
            match place.and_then(|place| found.get_mut(place)) {
                Some(place) => *place = Some(members.next_value()?),
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Picks the values of some properties of a record within a longer text, in the pass that looks for its end.
#[derive(Clone, Copy)]
pub struct PickWithin<const N: usize>(pub [Property; N]);

/// A record within a longer text.
pub struct PickedWithin<'t, const N: usize> {
    /// The values as they are written; of equal ones the last counts.
    pub values: [Option<&'t RawValue>; N],
    first_key: &'t RawValue,
    last_value: &'t RawValue,
}

impl<'t, const N: usize> PickedWithin<'t, N> {
    /// The whole record, braces and all; `text` is what it was read from.
    pub fn text_in(&self, text: &'t str) -> Option<&'t str> {
        let start = self.first_key.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        let last = self.last_value.get();
        let end = last.as_ptr().addr().checked_sub(text.as_ptr().addr())?.checked_add(last.len())?;
        // Nothing but white space stands between them and the braces.
        let start = text.get(..start)?.rfind('{')?;
        let end = end + text.get(end..)?.find('}')? + 1;
        text.get(start..end)
    }
}

impl<'de, const N: usize> DeserializeSeed<'de> for PickWithin<N> {
    type Value = PickedWithin<'de, N>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for PickWithin<N> {
    type Value = PickedWithin<'de, N>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record with something in it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut values, mut ends) = ([None; N], None);
        while let Some((key, value)) = members.next_entry::<&RawValue, &RawValue>()? {
            let property = property_of(key.get()).map_err(A::Error::custom)?;
            let place = property.and_then(|property| self.0.iter().position(|wanted| *wanted == property));
            if let Some(place) = place.and_then(|place| values.get_mut(place)) {
                *place = Some(value);
            }
            ends = Some((ends.map_or(key, |(first, _)| first), value));
        }
        let (first_key, last_value) = ends.ok_or_else(|| A::Error::custom("an empty record"))?;
        Ok(PickedWithin { values, first_key, last_value })
    }
}

/// The property that a key names, as it is written.
fn property_of(key: &str) -> serde_json::Result<Option<Property>> {
    if key.contains('\\') {
        return Ok(Property::named(&serde_json::from_str::<String>(key)?));
    }
    Ok(Property::named(key.trim_matches('"')))
}

/// The property that a key names.
struct Name(Option<Property>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Name, E> {
                Ok(Name(Property::named(key)))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_picked_as_they_are_written() {
        let record = r#"{"x":{"id":1},"ID":"a","\u0053tatus":"b" , "status": [1, 2]}"#;
        let picked = pick(record, [Property::Status, Property::MessageTraceId, Property::Size]).unwrap();
        assert_eq!(picked.map(|value| value.map(RawValue::get)), [Some("[1, 2]"), Some("\"a\""), None]);
        for record in ["", "7", "[]", "{} {}", r#"{"id":}"#] {
            assert!(pick(record, [Property::Status]).is_err(), "{record}");
        }
    }

    #[test]
    fn names_tell_whose_they_are() {
        for (record, expected) in [
            (r#"{"id":"1","receivedDateTime":"x"}"#, Some(RecordKind::Graph)),
            (r#"{"senderAddress":"a"}"#, Some(RecordKind::Graph)),
            (r#"{"status":"a","Received":"x"}"#, Some(RecordKind::Legacy)),
            (r#"{"SENDERADDRESS":"a"}"#, Some(RecordKind::Legacy)),
            (r#"{"trace":{"id":"1"},"details":[]}"#, Some(RecordKind::Details)),
            (r#"{"trace":{"id":"1"}}"#, None),
            (r#"{"x":1}"#, None),
            ("no record", None),
        ] {
            assert_eq!(RecordKind::of(record), expected, "{record}");
        }
        for (record, expected) in [
            (r#"{"recipientaddress":""}"#, true),
            (r#"{"error":{"Received":1}}"#, false),
            (r#"{"id":1}"#, false),
            ("<p>", false),
        ] {
            assert_eq!(is_of_message_trace(record), expected, "{record}");
        }
    }

    #[test]
    fn letter_case_does_not_count() {
        for (name, property) in [
            ("MessageTraceID", Property::MessageTraceId),
            ("ID", Property::MessageTraceId),
            ("RECEIVED", Property::Received),
            ("ReceivedDateTime", Property::Received),
            ("RecipientAddress", Property::RecipientAddress),
            ("FromIp", Property::FromIp),
            ("toip", Property::ToIp),
            ("enddate", Property::EndDate),
        ] {
            assert_eq!(Property::named(name), Some(property), "{name}");
        }
        for name in ["", "ids", "Organization", "recipient_address", "receivedDateTimes"] {
            assert_eq!(Property::named(name), None, "{name}");
        }
    }
}
