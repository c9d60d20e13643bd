//! A message-trace record: which property is which, whatever interface it came from.

use std::{borrow::Cow, ops::Range, ptr};

use crate::{
    MAX_RECORD_BYTES,
    bytes::equal,
    failure::{Failure, FailureReason},
    json::{self, Kind, Raw, Scanner, Syntax, decode, last_of_each},
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

    /// The property that a key names.
    fn of(key: &Raw<'_>) -> Option<Self> {
        if key.kind == Kind::Plain { Self::named(key.inner()) } else { Self::named(&decode(key)) }
    }

    /// Its name in the documents.
    pub(crate) fn name(self) -> &'static str {
        self.key().trim_matches('"')
    }

    fn key(self) -> &'static str {
        KEYS[self as usize]
    }
}

/// A member of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) json: json::Member<'a>,
    property: Option<Property>,
    /// Whether the property has another key in the documents.
    is_renamed: bool,
}

impl<'a> Member<'a> {
    #[inline]
    fn new(json: json::Member<'a>, property: Option<Property>) -> Self {
        let is_renamed = property.is_some_and(|property| !equal(property.key().as_bytes(), json.key.text.as_bytes()));
        Self { json, property, is_renamed }
    }

    /// The key that it has in the documents, with its quotes.
    #[inline]
    pub(crate) fn key(&self) -> Raw<'a> {
        self.property.map_or(self.json.key, |property| Raw { text: property.key(), kind: Kind::Plain })
    }

    /// Whether a document has it just as it stands in the record.
    #[inline]
    pub(crate) fn is_verbatim(&self) -> bool {
        let json::Member { key, value, .. } = &self.json;
        !self.is_renamed
            && self.json.is_compact()
            && matches!(value.kind, Kind::Bool | Kind::Number | Kind::Plain | Kind::Escaped)
            && !value.is_empty()
            && key.kind != Kind::Surrogate
    }
}

/// The keys of a record, in order, none twice. The next record has mostly the same ones.
pub(crate) type Shape<'a> = Vec<Known<'a>>;

/// A key, and the property that it names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// With its quotes; empty when it has an escape in it.
    key: &'a str,
    property: Option<Property>,
}

/// Where the properties of a record are, before it is known where the memory of its members will be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Which of the members each property is, counted from 1; 0 when the record does not have it.
    places: [u32; PROPERTIES],
    /// Which of the members that were read are this record's.
    members: Range<usize>,
}

/// One record, as slices of its line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    places: &'a [u32; PROPERTIES],
    members: &'a [Member<'a>],
}

impl Index {
    /// Reads one line, and adds its members to `members`, in its order, with the keys that they have in the documents.
    /// Of equal keys the last one counts. `shape` is that of the line before, and becomes that of this one.
    #[inline(never)]
    pub(crate) fn read<'a>(
        line: &'a str,
        shape: &mut Shape<'a>,
        members: &mut Vec<Member<'a>>,
    ) -> Result<Self, Failure> {
        if line.len() > MAX_RECORD_BYTES {
            let message = format!("record is {} bytes long, {MAX_RECORD_BYTES} are the most", line.len());
            return Err(Failure::new(FailureReason::TooLong, message));
        }
        let mut scanner = Scanner::new(line);
        if scanner.peek() != Some(b'{') {
            let value = scanner.value(0).and_then(|value| scanner.end().map(|()| value));
            return Err(value.map_or_else(broken, not_an_object));
        }
        let start = members.len();
        let mut seen = Seen::default();
        read_members(&mut scanner, shape, &mut seen, members).map_err(broken)?;
        if seen.may_repeat {
            shape.clear();
            let kept: Vec<_> = last_of_each(members.get(start..).unwrap_or_default(), |member| {
                Cow::Owned(decode(&member.key()).into_owned())
            })
            .cloned()
            .collect();
            members.truncate(start);
            seen = Seen::default();
            for member in kept {
                seen.add(&member, false);
                members.push(member);
            }
        }
        Ok(Self { places: seen.places, members: start..members.len() })
    }

    /// The record, once all members of its batch are read.
    pub(crate) fn record<'a>(&'a self, members: &'a [Member<'a>]) -> Record<'a> {
        Record { places: &self.places, members: members.get(self.members.clone()).unwrap_or_default() }
    }
}

#[inline(never)]
fn read_members<'a>(
    scanner: &mut Scanner<'a>,
    shape: &mut Shape<'a>,
    seen: &mut Seen<'a>,
    members: &mut Vec<Member<'a>>,
) -> Result<(), Syntax> {
    let mut has_more = scanner.open(b'}');
    let mut count = 0;
    while has_more {
        let known = shape.get(count).copied();
        let expected = known.map_or("", |known| known.key);
        let json = scanner.member(1, expected)?;
        // The very same text, that is: not one that looks the same.
        let (property, is_expected) = match known {
            Some(known) if ptr::eq(json.key.text, known.key) => (known.property, true),
            _ => (Property::of(&json.key), false),
        };
        if !is_expected {
            shape.truncate(count);
        }
        if count == shape.len() {
            let key = if json.key.kind == Kind::Plain { json.key.text } else { "" };
            shape.push(Known { key, property });
        }
        let member = Member::new(json, property);
        seen.add(&member, is_expected);
        members.push(member);
        count += 1;
        has_more = scanner.has_more()?;
    }
    scanner.end()
}

impl<'a> Record<'a> {
    /// What stands for a line that is no record.
    pub(crate) const NONE: Record<'static> = Record { places: &[0; PROPERTIES], members: &[] };

    /// The value of a property; null when the record does not have it.
    #[inline]
    pub(crate) fn get(&self, property: Property) -> Raw<'a> {
        let place = (self.places[property as usize] as usize).checked_sub(1);
        place.and_then(|place| self.members.get(place)).map_or(Raw::MISSING, |member| member.json.value)
    }

    /// All of the record, known properties or not.
    pub(crate) fn members(&self) -> &'a [Member<'a>] {
        self.members
    }
}

/// The keys met so far.
#[derive(Default)]
struct Seen<'a> {
    places: [u32; PROPERTIES],
    others: Others<'a>,
    count: u32,
    /// Whether a key was not that of the record before, of which it is known that none is there twice.
    is_unexpected: bool,
    may_repeat: bool,
}

impl<'a> Seen<'a> {
    /// Notes a member.
    #[inline]
    fn add(&mut self, member: &Member<'a>, is_expected: bool) {
        self.count += 1;
        self.is_unexpected |= !is_expected;
        let Some(property) = member.property else {
            let key = &member.json.key;
            // Two keys of which one is escaped may be the same: then look closely.
            self.may_repeat |=
                key.kind != Kind::Plain || (self.is_unexpected && self.others.contains_or_full(key.text));
            self.others.push(key.text);
            return;
        };
        let place = &mut self.places[property as usize];
        self.may_repeat |= *place != 0;
        *place = self.count;
    }
}

/// The first few keys without a meaning. Real records have two or three; more of them are compared by sorting.
#[derive(Default)]
struct Others<'a> {
    keys: [&'a str; 8],
    count: usize,
}

impl<'a> Others<'a> {
    fn contains_or_full(&self, key: &str) -> bool {
        self.keys.get(..self.count).is_none_or(|keys| keys.contains(&key))
    }

    fn push(&mut self, key: &'a str) {
        if let Some(place) = self.keys.get_mut(self.count) {
            *place = key;
        }
        self.count += 1;
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

    fn read<'a>(line: &'a str, members: &mut Vec<Member<'a>>) -> Result<Index, Failure> {
        Index::read(line, &mut Shape::new(), members)
    }

    #[track_caller]
    fn check_broken(line: &str, reason: FailureReason, message: &str) {
        let failure = read(line, &mut Vec::new()).unwrap_err();
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
        assert!(read(&deep(crate::MAX_DEPTH - 1), &mut Vec::new()).is_ok());
        let failure = read(&deep(crate::MAX_DEPTH), &mut Vec::new()).unwrap_err();
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
            let mut members = Vec::new();
            let index = read(line, &mut members).unwrap();
            assert_eq!(index.record(&members).get(property).inner(), "x", "{line}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let mut members = Vec::new();
        let line = r#"{"status":"a","x":1,"Status":"b","x":2,"\u0078":3}"#;
        let index = read(line, &mut members).unwrap();
        assert_eq!(index.record(&members).get(Property::Status).inner(), "b");
        let members: Vec<_> = members.iter().map(|member| (member.key().text, member.json.value.text)).collect();
        assert_eq!(members, [(r#""Status""#, r#""b""#), (r#""\u0078""#, "3")]);
    }

    #[test]
    fn the_record_before_changes_nothing() {
        let lines = [
            r#"{"status":"a","x":1,"y":2}"#,
            r#"{"status":"b","x":3,"y":4}"#,
            r#"{"x":5,"x":6,"status":"c"}"#,
            r#"{"x":5,"y":6,"status":"c","z":1}"#,
            r#"{"y":1,"y":2,"x":3}"#,
            r#"{"status":"d","\u0078":7,"y":8,"x":9}"#,
            r#"{"status":"d","\u0078":7,"y":8}"#,
            r#"{"status":"d" ,"x":7,"y":8,"Status":"e"}"#,
            "{}",
            r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}"#,
            r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}"#,
            r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"a":2}"#,
        ];
        for before in lines {
            for line in lines {
                let (mut members, mut shape) = (Vec::new(), Shape::new());
                Index::read(before, &mut shape, &mut Vec::new()).unwrap();
                let index = Index::read(line, &mut shape, &mut members).unwrap();
                let mut alone = Vec::new();
                let expected = read(line, &mut alone).unwrap();
                assert_eq!((index.places, members), (expected.places, alone), "{line} after {before}");
            }
        }
    }
}
