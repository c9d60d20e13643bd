//! A message-trace record: which property is which, whatever interface it came from.

use std::ops::Range;

use crate::{
    MAX_RECORD_BYTES,
    failure::{Failure, FailureReason},
    json::{Kind, Raw, Scanner, Syntax, decode, last_of_each},
};

/// The properties that have a meaning here. Any other one is only kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    EndDate,
    FromIp,
    MessageId,
    MessageTraceId,
    Received,
    RecipientAddress,
    SenderAddress,
    Size,
    StartDate,
    Status,
    Subject,
    ToIp,
    /// The rows, when the record is a whole page.
    Value,
}

/// How many properties there are.
const PROPERTIES: usize = Property::Value as usize + 1;

/// The keys of the properties in the documents, quoted, in the order of the enum.
const KEYS: [&str; PROPERTIES] = [
    r#""EndDate""#,
    r#""FromIP""#,
    r#""MessageId""#,
    r#""MessageTraceId""#,
    r#""Received""#,
    r#""RecipientAddress""#,
    r#""SenderAddress""#,
    r#""Size""#,
    r#""StartDate""#,
    r#""Status""#,
    r#""Subject""#,
    r#""ToIP""#,
    r#""value""#,
];

impl Property {
    /// The property of that name: the names of the Reporting Web Service and PowerShell, and those of Graph,
    /// which Elastic's 2.x renames to the former (mapping-spec.md, row 3b).
    #[inline]
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "EndDate" => Self::EndDate,
            "FromIP" | "fromIP" => Self::FromIp,
            "MessageId" | "messageId" => Self::MessageId,
            "MessageTraceId" | "id" => Self::MessageTraceId,
            "Received" | "receivedDateTime" => Self::Received,
            "RecipientAddress" | "recipientAddress" => Self::RecipientAddress,
            "SenderAddress" | "senderAddress" => Self::SenderAddress,
            "Size" | "size" => Self::Size,
            "StartDate" => Self::StartDate,
            "Status" | "status" => Self::Status,
            "Subject" | "subject" => Self::Subject,
            "ToIP" | "toIP" => Self::ToIp,
            "value" => Self::Value,
            _ => return None,
        })
    }

    /// Its name in the documents.
    pub(crate) fn name(self) -> &'static str {
        self.key().trim_matches('"')
    }

    fn key(self) -> &'static str {
        KEYS[self as usize]
    }
}

/// A key with its quotes, and its value.
pub(crate) type Member<'a> = (Raw<'a>, Raw<'a>);

/// One record, as slices of its line.
#[derive(Debug, Clone)]
pub(crate) struct Record<'a> {
    properties: [Raw<'a>; PROPERTIES],
    /// Which of the members that were read are this record's.
    members: Range<usize>,
}

impl<'a> Record<'a> {
    /// What stands for a line that is no record.
    pub(crate) fn empty() -> Self {
        Self { properties: [Raw::MISSING; PROPERTIES], members: 0..0 }
    }

    /// Reads one line, and adds its members to `members`, in its order, with the keys that they have in the documents.
    /// Of equal keys the last one counts.
    pub(crate) fn parse(line: &'a str, members: &mut Vec<Member<'a>>) -> Result<Self, Failure> {
        if line.len() > MAX_RECORD_BYTES {
            let message = format!("record is {} bytes long, {MAX_RECORD_BYTES} are the most", line.len());
            return Err(Failure::new(FailureReason::TooLong, message));
        }
        let mut scanner = Scanner::new(line);
        if scanner.peek() != Some(b'{') {
            let value = scanner.value(0).and_then(|value| scanner.end().map(|()| value));
            return Err(value.map_or_else(broken, not_an_object));
        }
        let mut record = Self::empty();
        let mut seen = Seen::default();
        let start = members.len();
        let read = scanner.members(1, |key, value| members.push(record.add(key, value, &mut seen)));
        read.and_then(|()| scanner.end()).map_err(broken)?;
        if seen.may_repeat {
            let kept: Vec<_> = last_of_each(members.get(start..).unwrap_or_default()).copied().collect();
            members.truncate(start);
            members.extend(kept);
        }
        record.members = start..members.len();
        Ok(record)
    }

    /// Keeps a value under its property, and returns the member as it is in the document.
    #[inline]
    fn add(&mut self, key: Raw<'a>, value: Raw<'a>, seen: &mut Seen<'a>) -> Member<'a> {
        let property =
            if key.kind == Kind::Plain { Property::named(key.inner()) } else { Property::named(&decode(&key)) };
        let Some(property) = property else {
            // Two keys of which one is escaped may be the same: then look closely.
            seen.may_repeat |= key.kind != Kind::Plain || seen.others.contains_or_full(key.text);
            return (key, value);
        };
        seen.may_repeat |= seen.known[property as usize];
        seen.known[property as usize] = true;
        self.properties[property as usize] = value;
        (Raw { text: property.key(), kind: Kind::Plain }, value)
    }

    /// The value of a property; null when the record does not have it.
    #[inline]
    pub(crate) fn get(&self, property: Property) -> Raw<'a> {
        self.properties[property as usize]
    }

    /// Which of the members that were read are this record's.
    pub(crate) fn members(&self) -> Range<usize> {
        self.members.clone()
    }
}

/// The keys met so far.
#[derive(Default)]
struct Seen<'a> {
    known: [bool; PROPERTIES],
    others: Others<'a>,
    may_repeat: bool,
}

/// The first few keys without a meaning. Real records have two or three; more of them are compared by sorting.
#[derive(Default)]
struct Others<'a> {
    keys: [&'a str; 8],
    count: usize,
}

impl<'a> Others<'a> {
    fn contains_or_full(&mut self, key: &'a str) -> bool {
        let Some(place) = self.keys.get_mut(self.count) else { return true };
        *place = key;
        self.count += 1;
        self.keys[..self.count - 1].contains(&key)
    }
}

fn not_an_object(value: Raw<'_>) -> Failure {
    let kind = match value.kind {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::Plain | Kind::Escaped | Kind::Surrogate => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    };
    Failure::new(FailureReason::NotAnObject, format_args!("record is {kind}, not a JSON object"))
}

fn broken(syntax: Syntax) -> Failure {
    match syntax {
        Syntax::Expected(what, at) => {
            Failure::new(FailureReason::NotJson, format_args!("record is not JSON: expected {what} at byte {at}"))
        }
        Syntax::TooDeep(at) => {
            Failure::new(FailureReason::TooDeep, format_args!("values are nested too deep at byte {at}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_broken(line: &str, reason: FailureReason, message: &str) {
        let failure = Record::parse(line, &mut Vec::new()).unwrap_err();
        assert_eq!((failure.reason, failure.message.as_str()), (reason, message));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        use FailureReason::{NotAnObject, NotJson};
        check_broken("", NotJson, "record is not JSON: expected a value at byte 0");
        check_broken("{\"a\" 1}", NotJson, "record is not JSON: expected `:` at byte 5");
        check_broken("{\"a\":01}", NotJson, "record is not JSON: expected a number without leading zeros at byte 7");
        check_broken("{\"a\":\"\t\"}", NotJson, "record is not JSON: expected an escaped control character at byte 6");
        check_broken("{} {}", NotJson, "record is not JSON: expected the end of the line at byte 3");
        check_broken("[1]", NotAnObject, "record is an array, not a JSON object");
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = |depth| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert!(Record::parse(&deep(crate::MAX_DEPTH - 1), &mut Vec::new()).is_ok());
        let failure = Record::parse(&deep(crate::MAX_DEPTH), &mut Vec::new()).unwrap_err();
        assert_eq!(failure.reason, FailureReason::TooDeep);
    }

    #[test]
    fn names_of_every_interface_are_known() {
        for (line, property) in [
            (r#"{"status":"x"}"#, Property::Status),
            (r#"{"Status":"x"}"#, Property::Status),
            (r#"{"St\u0061tus":"x"}"#, Property::Status),
            (r#"{"id":"x"}"#, Property::MessageTraceId),
            (r#"{"receivedDateTime":"x"}"#, Property::Received),
        ] {
            assert_eq!(Record::parse(line, &mut Vec::new()).unwrap().get(property).inner(), "x", "{line}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let mut members = Vec::new();
        let line = r#"{"status":"a","x":1,"Status":"b","x":2,"\u0078":3}"#;
        let record = Record::parse(line, &mut members).unwrap();
        assert_eq!(record.get(Property::Status).inner(), "b");
        let members: Vec<_> = members.iter().map(|(key, value)| (key.text, value.text)).collect();
        assert_eq!(members, [(r#""Status""#, r#""b""#), (r#""\u0078""#, "3")]);
    }
}
