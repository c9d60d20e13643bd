//! Reads a line, and keeps where in it the properties are.

use std::{mem, ptr};

use crate::{
    failure::{Failure, FailureReason},
    json::{Kind, Raw, Scanner, SyntaxError, decode, last_of_each},
    key_layout::{KeyLayout, KnownKey},
    limits::MAX_RECORD_BYTES,
    property::Property,
    record::{FAR, PropertyPlaces, Record, RecordMember},
};

/// Where the properties of a record are, before it is known where the memory of its members will be.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordIndex {
    places: PropertyPlaces,
    /// Which of the members that were read are this record's: the first, and how many.
    first: usize,
    count: usize,
}

impl RecordIndex {
    /// Reads one line, and adds its members to `members`, in its order. Of equal keys the last one counts.
    pub(crate) fn read<'a>(
        &mut self,
        line: &'a str,
        layout: &mut KeyLayout<'a>,
        members: &mut Vec<RecordMember<'a>>,
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
        self.places = PropertyPlaces::default();
        self.first = members.len();
        let may_repeat = self.read_members(&mut scanner, layout, members).map_err(broken)?;
        if may_repeat {
            layout.keys.clear();
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
        layout: &mut KeyLayout<'a>,
        members: &mut Vec<RecordMember<'a>>,
    ) -> Result<bool, SyntaxError> {
        layout.begin();
        let mut may_repeat = false;
        // Of keys that are all as in the record before it is known that none is there twice.
        let mut is_expected = true;
        let mut count = 0;
        let mut has_more = scanner.open(b'}');
        while has_more {
            let json = scanner.member(1, layout.keys.get(count).map_or("", |known| known.text))?;
            let known = match layout.keys.get(count) {
                Some(known) if ptr::eq(json.key.text, known.text) => *known,
                _ => {
                    is_expected = false;
                    layout.keys.truncate(count);
                    let known = KnownKey::new(&json.key);
                    layout.keys.push(known);
                    known
                }
            };
            count += 1;
            may_repeat |= match known.property {
                Some(property) => self.note(property, count),
                None => !layout.is_new(&json.key, is_expected),
            };
            members.push(RecordMember::new(json, &known));
            has_more = scanner.has_more()?;
        }
        scanner.end()?;
        layout.keys.truncate(count);
        Ok(may_repeat)
    }

    /// Notes where a property is, and returns whether it was there before.
    fn note(&mut self, property: Property, place: usize) -> bool {
        let place = u8::try_from(place).unwrap_or(FAR);
        mem::replace(&mut self.places[property as usize], place) != 0
    }

    fn remove_repeated(&mut self, members: &mut Vec<RecordMember<'_>>) {
        let all = members.get(self.first..).unwrap_or_default();
        let kept: Vec<_> = last_of_each(all, |member| decode(&member.key()).into_owned().into()).cloned().collect();
        members.truncate(self.first);
        members.extend(kept);
        self.places = PropertyPlaces::default();
        for (place, member) in (1..).zip(members.iter().skip(self.first)) {
            if let Some(property) = member.property {
                self.note(property, place);
            }
        }
    }

    /// Whether the record has a property.
    #[inline(always)]
    pub(crate) fn has(&self, property: Property) -> bool {
        self.places[property as usize] != 0
    }

    /// Takes the members of the record away again; they are the last that were read.
    pub(crate) fn take_back<'a>(&self, members: &mut Vec<RecordMember<'a>>) -> Vec<RecordMember<'a>> {
        members.split_off(self.first)
    }

    /// The record, once all members of its batch are read.
    pub(crate) fn record<'a>(&'a self, members: &'a [RecordMember<'a>]) -> Record<'a> {
        Record { places: &self.places, members: members.get(self.first..self.first + self.count).unwrap_or_default() }
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

fn broken(syntax: SyntaxError) -> Failure {
    match syntax {
        SyntaxError::Expected(what, at) => {
            Failure::new(FailureReason::NotJson, format_args!("record is not JSON: expected {what} at byte {at}"))
        }
        SyntaxError::TooDeep(at) => {
            Failure::new(FailureReason::TooDeep, format_args!("values are nested too deep at byte {at}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_DEPTH;

    fn read<'a>(line: &'a str, members: &mut Vec<RecordMember<'a>>) -> Result<RecordIndex, Failure> {
        let mut index = RecordIndex::default();
        index.read(line, &mut KeyLayout::default(), members).map(|()| index)
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
        assert!(read(&deep(MAX_DEPTH - 1), &mut Vec::new()).is_ok());
        let failure = read(&deep(MAX_DEPTH), &mut Vec::new()).unwrap_err();
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
                let (mut members, mut layout, mut index) = (Vec::new(), KeyLayout::default(), RecordIndex::default());
                index.read(before, &mut layout, &mut Vec::new()).unwrap();
                index.read(line, &mut layout, &mut members).unwrap();
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
