//! Pages: an object with rows in an array, from any service or tool.

use std::{borrow::Cow, fmt};

use memchr::memchr_iter;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::json::{Scan, scan};

/// How deep rows may be wrapped: `{"d":{"results":[...]}}` is two.
const MAX_DEPTH: usize = 4;

/// Names that only records of message trace have, in small letters.
const NAMES: [&str; 6] =
    ["received", "receiveddatetime", "messagetraceid", "senderaddress", "recipientaddress", "messageid"];

/// The members of an object in their order, each value as its text.
struct PageMembers<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for PageMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        impl<'de> Visitor<'de> for OfMap {
            type Value = PageMembers<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(PageMembers(members))
            }
        }
        deserializer.deserialize_map(OfMap)
    }
}

impl PageMembers<'_> {
    fn count_known(&self) -> usize {
        self.0.iter().filter(|(name, _)| NAMES.contains(&name.to_ascii_lowercase().as_str())).count()
    }

    /// Whether this is a record together with the steps of its delivery, which are no rows.
    fn is_details(&self) -> bool {
        ["trace", "details"].iter().all(|wanted| self.0.iter().any(|(name, _)| name == wanted))
    }

    /// The services' own mark (host/docs/facts/ms-api.md, sections 1.8 and 2.2).
    fn has_mark(&self) -> bool {
        self.0.iter().any(|(name, _)| matches!(&**name, "@odata.context" | "odata.metadata"))
    }
}

/// The rows of a page, as the text they came as; `None` when the text is not a page or has no rows.
pub fn rows(text: &str) -> Option<Vec<&RawValue>> {
    // Looked for first, because nearly every text is a record.
    if !may_be_page(text) {
        return None;
    }
    let value: &RawValue = serde_json::from_str(text).ok()?;
    let mut rows = Vec::new();
    collect(value, MAX_DEPTH, &mut rows);
    (!rows.is_empty()).then_some(rows)
}

/// Whether there is an array behind the name of a member, or within another one.
fn may_be_page(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.starts_with('[')
        || memchr_iter(b'[', bytes).any(|at| bytes.get(..at).unwrap_or_default().trim_ascii_end().ends_with(b":"))
}

fn collect<'a>(value: &'a RawValue, depth: usize, rows: &mut Vec<&'a RawValue>) {
    let text = value.get();
    if depth == 0 {
        return;
    }
    if text.starts_with('[') {
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else { return };
        if elements.iter().any(|element| is_row(element.get())) {
            rows.extend(elements);
        } else {
            elements.into_iter().for_each(|element| collect(element, depth - 1, rows));
        }
    } else if text.starts_with('{') {
        let Ok(members) = serde_json::from_str::<PageMembers<'_>>(text) else { return };
        if members.count_known() > 1 || members.is_details() {
            return;
        }
        let has_mark = members.has_mark();
        for (name, value) in members.0 {
            match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                Ok(elements) if has_mark && name == "value" => rows.extend(elements),
                _ => collect(value, depth - 1, rows),
            }
        }
    }
}

/// Whether a value looks like a record of message trace.
pub(super) fn is_row(text: &str) -> bool {
    text.starts_with('{')
        && serde_json::from_str::<PageMembers<'_>>(text)
            .is_ok_and(|members| members.count_known() > 0 || members.is_details())
}

/// Where the rows begin in a page whose end is missing.
pub(super) fn opens(text: &str) -> Option<usize> {
    opens_at(text, 0, MAX_DEPTH)
}

fn opens_at(text: &str, begin: usize, depth: usize) -> Option<usize> {
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    let blanks = |at: usize| at + rest(at).len() - rest(at).trim_start_matches([' ', '\t', '\r', '\n', '\0']).len();
    let mut at = begin;
    if depth == 0 || !rest(at).starts_with('{') {
        return None;
    }
    loop {
        at = blanks(at + 1);
        let Scan::Whole(length) = scan(rest(at).as_bytes()) else { return None };
        // A record that is cut off in the middle has names of its own.
        let name = rest(at).get(..length)?.trim_matches('"').to_ascii_lowercase();
        if name == "trace" || NAMES.contains(&name.as_str()) {
            return None;
        }
        at = blanks(at + length);
        if !rest(at).starts_with(':') {
            return None;
        }
        at = blanks(at + 1);
        if rest(at).starts_with('[') {
            let first = blanks(at + 1);
            if let Scan::Whole(length) = scan(rest(first).as_bytes())
                && is_row(rest(first).get(..length)?)
            {
                return Some(at + 1);
            }
        }
        match scan(rest(at).as_bytes()) {
            Scan::Whole(length) => at = blanks(at + length),
            _ => return opens_at(text, at, depth - 1),
        }
        if !rest(at).starts_with(',') {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_delivery_are_no_rows() {
        let line = r#"{"trace":{"id":"1"},"details":[{"id":"1","messageId":"<1@x>","event":"Receive"}]}"#;
        assert!(rows(line).is_none());
        let all = format!("[{line},{line}]");
        let found: Vec<_> = rows(&all).unwrap().into_iter().map(RawValue::get).collect();
        assert_eq!(found, [line, line]);
        assert_eq!(opens(line.get(..line.len() - 3).unwrap()), None);
        assert_eq!(rows(&line.replace("trace", "other")).map(|rows| rows.len()), Some(1));
    }
}
