//! A message-trace record: which property is which, whatever interface it came from.

use std::{mem, ptr};

use crate::{
    MAX_RECORD_BYTES,
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
    /// which Elastic's 2.x renames to the former (mapping-spec.md, row 3b). Letter case does not count: no service
    /// has two names that differ in nothing else, and files have all of them.
    fn named(name: &str) -> Option<Self> {
        // By their lengths, so that a name is compared with two others at most.
        let names: &[(&str, Self)] = match name.len() {
            2 => &[("id", Self::MessageTraceId)],
            4 => &[("ToIP", Self::ToIp), ("Size", Self::Size)],
            5 => &[("value", Self::Value)],
            6 => &[("FromIP", Self::FromIp), ("Status", Self::Status)],
            7 => &[("Subject", Self::Subject), ("EndDate", Self::EndDate)],
            8 => &[("Received", Self::Received)],
            9 => &[("MessageId", Self::MessageId), ("StartDate", Self::StartDate)],
            13 => &[("SenderAddress", Self::SenderAddress)],
            14 => &[("MessageTraceId", Self::MessageTraceId)],
            16 => &[("RecipientAddress", Self::RecipientAddress), ("receivedDateTime", Self::Received)],
            _ => &[],
        };
        names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, property)| *property)
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
    fn new(json: json::Member<'a>, known: &Known<'a>) -> Self {
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
        let json::Member { key, value, .. } = &self.json;
        !self.is_renamed
            && self.json.is_compact()
            && matches!(value.kind, Kind::Bool | Kind::Number | Kind::Plain | Kind::Escaped)
            && !value.is_empty()
            && key.kind != Kind::Surrogate
    }
}

/// The keys of the record before, in order, none twice. The next record has mostly the same ones.
#[derive(Debug, Default)]
pub(crate) struct Shape<'a> {
    keys: Vec<Known<'a>>,
    /// The first few keys of this record without a meaning.
    others: Vec<&'a str>,
}

/// A key, and the property that it names.
#[derive(Debug, Clone, Copy)]
struct Known<'a> {
    /// With its quotes; empty when it has an escape in it.
    key: &'a str,
    property: Option<Property>,
    /// Whether the property has another key in the documents.
    is_renamed: bool,
}

impl<'a> Known<'a> {
    fn new(key: &Raw<'a>) -> Self {
        let property = Property::of(key);
        let is_renamed = property.is_some_and(|property| property.key() != key.text);
        Self { key: if key.kind == Kind::Plain { key.text } else { "" }, property, is_renamed }
    }
}

/// How many keys without a meaning are compared with each other. Real records have two or three; more are sorted.
const MAX_OTHERS: usize = 8;

/// Where the properties of a record are, before it is known where the memory of its members will be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    places: Places,
    /// Which of the members that were read are this record's: the first, and how many.
    first: usize,
    count: usize,
}

/// Which of its record's members each property is, counted from 1; 0 when the record does not have it.
type Places = [u8; PROPERTIES];

/// The place of a property that comes too late for its place to be noted. No real record has as many members.
const FAR: u8 = u8::MAX;

/// One record, as slices of its line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    places: &'a Places,
    members: &'a [Member<'a>],
}

impl Index {
    /// Reads one line, and adds its members to `members`, in its order. Of equal keys the last one counts.
    pub(crate) fn read<'a>(
        &mut self,
        line: &'a str,
        shape: &mut Shape<'a>,
        members: &mut Vec<Member<'a>>,
    ) -> Result<(), Failure> {
        if line.len() > MAX_RECORD_BYTES {
            let message = format!("record is {} bytes long, {MAX_RECORD_BYTES} are the most", line.len());
            return Err(Failure::new(FailureReason::TooLong, message));
        }
        let mut scanner = Scanner::new(line);
        if scanner.peek() != Some(b'{') {
            let value = scanner.value(0).and_then(|value| scanner.end().map(|()| value));
            return Err(value.map_or_else(broken, not_an_object));
        }
        self.places = Places::default();
        self.first = members.len();
        let may_repeat = self.read_members(&mut scanner, shape, members).map_err(broken)?;
        if may_repeat {
            shape.keys.clear();
            self.remove_repeated(members);
        }
        self.count = members.len() - self.first;
        Ok(())
    }

    /// Returns whether a key may be there twice.
    #[inline(always)]
    fn read_members<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        shape: &mut Shape<'a>,
        members: &mut Vec<Member<'a>>,
    ) -> Result<bool, Syntax> {
        shape.others.clear();
        let mut may_repeat = false;
        // Of keys that are all as in the record before it is known that none is there twice.
        let mut is_expected = true;
        let mut count = 0;
        let mut has_more = scanner.open(b'}');
        while has_more {
            let json = scanner.member(1, shape.keys.get(count).map_or("", |known| known.key))?;
            let known = match shape.keys.get(count) {
                Some(known) if ptr::eq(json.key.text, known.key) => *known,
                _ => {
                    is_expected = false;
                    shape.keys.truncate(count);
                    let known = Known::new(&json.key);
                    shape.keys.push(known);
                    known
                }
            };
            count += 1;
            may_repeat |= match known.property {
                Some(property) => self.note(property, count),
                None => !shape.is_new(&json.key, is_expected),
            };
            members.push(Member::new(json, &known));
            has_more = scanner.has_more()?;
        }
        scanner.end()?;
        shape.keys.truncate(count);
        Ok(may_repeat)
    }

    /// Notes where a property is, and returns whether it was there before.
    fn note(&mut self, property: Property, place: usize) -> bool {
        let place = u8::try_from(place).unwrap_or(FAR);
        mem::replace(&mut self.places[property as usize], place) != 0
    }

    fn remove_repeated(&mut self, members: &mut Vec<Member<'_>>) {
        let all = members.get(self.first..).unwrap_or_default();
        let kept: Vec<_> = last_of_each(all, |member| decode(&member.key()).into_owned().into()).cloned().collect();
        members.truncate(self.first);
        members.extend(kept);
        self.places = Places::default();
        for (place, member) in (1..).zip(members.iter().skip(self.first)) {
            if let Some(property) = member.property {
                self.note(property, place);
            }
        }
    }

    /// The record, once all members of its batch are read.
    pub(crate) fn record<'a>(&'a self, members: &'a [Member<'a>]) -> Record<'a> {
        Record { places: &self.places, members: members.get(self.first..self.first + self.count).unwrap_or_default() }
    }
}

impl<'a> Shape<'a> {
    /// Whether a key without a meaning is there for the first time. Also no when that takes a closer look.
    fn is_new(&mut self, key: &Raw<'a>, is_expected: bool) -> bool {
        let is_new = is_expected || (self.others.len() < MAX_OTHERS && !self.others.contains(&key.text));
        if self.others.len() < MAX_OTHERS {
            self.others.push(key.text);
        }
        // Two keys of which one is escaped may be the same.
        is_new && key.kind == Kind::Plain
    }
}

impl<'a> Record<'a> {
    /// What stands for a line that is no record.
    pub(crate) const NONE: Record<'static> = Record { places: &[0; PROPERTIES], members: &[] };

    /// The value of a property; null when the record does not have it.
    #[inline]
    pub(crate) fn get(&self, property: Property) -> Raw<'a> {
        let member = match self.places[property as usize] {
            0 => None,
            FAR => self.members.iter().find(|member| member.property == Some(property)),
            place => self.members.get(usize::from(place) - 1),
        };
        member.map_or(Raw::MISSING, |member| member.json.value)
    }

    /// All of the record, known properties or not.
    pub(crate) fn members(&self) -> &'a [Member<'a>] {
        self.members
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
        let mut index = Index::default();
        index.read(line, &mut Shape::default(), members).map(|()| index)
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
        check_broken(
            "{\"a\":1e999}",
            NotJson,
            "record is not JSON: expected a number within the range of a double at byte 5",
        );
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
            (r#"{"RECEIVED":"x"}"#, Property::Received),
            (r#"{"MessageTraceID":"x"}"#, Property::MessageTraceId),
            (r#"{"Id":"x"}"#, Property::MessageTraceId),
            (r#"{"fromIp":"x"}"#, Property::FromIp),
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
                let (mut members, mut shape, mut index) = (Vec::new(), Shape::default(), Index::default());
                index.read(before, &mut shape, &mut Vec::new()).unwrap();
                index.read(line, &mut shape, &mut members).unwrap();
                let mut alone = Vec::new();
                let expected = read(line, &mut alone).unwrap();
                assert_eq!((index.places, members), (expected.places, alone), "{line} after {before}");
            }
        }
    }

    #[test]
    fn properties_are_found_wherever_they_are() {
        for before in [0, 1, 253, 254, 255, 300] {
            let others: String = (0..before).map(|number| format!(r#""k{number}":0,"#)).collect();
            let line = format!(r#"{{{others}"Status":"a","Subject":"b"}}"#);
            let mut members = Vec::new();
            let index = read(&line, &mut members).unwrap();
            let record = index.record(&members);
            assert_eq!((record.get(Property::Status).inner(), record.get(Property::Subject).inner()), ("a", "b"));
            let line = format!(r#"{{"Status":"c",{others}"Status":"a","Subject":"b"}}"#);
            let mut members = Vec::new();
            let index = read(&line, &mut members).unwrap();
            assert_eq!(index.record(&members).get(Property::Status).inner(), "a", "{before}");
        }
    }
}
