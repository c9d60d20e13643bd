//! Reading JSON text without losing what `serde_json::Value` loses: the order of members, members that are
//! repeated, and the text of numbers.

use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};

/// Arrays and objects within each other, the outermost included.
const MAXIMUM_DEPTH: usize = 64;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The number as it is written.
    Number(String),
    Text(String),
    Array(Vec<Self>),
    /// Members in the order of the text; a name may occur again.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Reads a whole text, or gives the reason why that is impossible.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse_at_depth(&replace_lone_surrogates(text), 1)
    }

    /// This as a `Value`. The last of repeated members counts.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(text) => serde_json::from_str(text).expect("a number is checked when it is read"),
            Self::Text(text) => Value::String(text.clone()),
            Self::Array(elements) => elements.iter().map(Self::to_value).collect(),
            Self::Object(members) => members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect(),
        }
    }
}

fn parse_at_depth(text: &str, depth: usize) -> Result<Json, String> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.starts_with(['[', '{']) && depth > MAXIMUM_DEPTH {
        return Err(format!("more than {MAXIMUM_DEPTH} arrays and objects within each other"));
    }
    let text_of = |error: serde_json::Error| error.to_string();
    if text.starts_with('{') {
        let Members(members) = serde_json::from_str(text).map_err(text_of)?;
        let parse = |(name, raw): (String, Box<RawValue>)| Ok((name, parse_at_depth(raw.get(), depth + 1)?));
        return members.into_iter().map(parse).collect::<Result<_, String>>().map(Json::Object);
    }
    if text.starts_with('[') {
        let elements: Vec<Box<RawValue>> = serde_json::from_str(text).map_err(text_of)?;
        let parse = |raw: Box<RawValue>| parse_at_depth(raw.get(), depth + 1);
        return elements.into_iter().map(parse).collect::<Result<_, String>>().map(Json::Array);
    }
    match serde_json::from_str(text).map_err(text_of)? {
        Value::Null => Ok(Json::Null),
        Value::Bool(value) => Ok(Json::Bool(value)),
        Value::Number(_) => Ok(Json::Number(text.to_owned())),
        Value::String(text) => Ok(Json::Text(text)),
        Value::Array(_) | Value::Object(_) => Err("brackets appeared from nowhere".to_owned()),
    }
}

/// The members of an object as they stand in its text.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// The members with the last of each name only.
pub(crate) fn last_of_each(members: &[(String, Json)]) -> BTreeMap<&str, &Json> {
    members.iter().map(|(name, value)| (name.as_str(), value)).collect()
}

/// Writes U+FFFD for every escaped half of a surrogate pair that lacks the other half, which `serde_json` refuses.
fn replace_lone_surrogates(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut result = String::new();
    let mut position = 0;
    while position < characters.len() {
        let first = escaped_unit(&characters, position);
        let second = escaped_unit(&characters, position + 6);
        let length = match (first, second) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                result.push_str("\\ufffd");
                position += 6;
                continue;
            }
            // Two, so that the second of two backslashes does not begin an escape.
            _ if characters[position] == '\\' => 2,
            _ => 1,
        };
        let end = characters.len().min(position + length);
        result.extend(&characters[position..end]);
        position = end;
    }
    result
}

/// The code unit of an escape such as `\u00e4` that begins at `position`.
fn escaped_unit(characters: &[char], position: usize) -> Option<u32> {
    let escape = characters.get(position..position + 6)?;
    if escape[0] != '\\' || escape[1] != 'u' || !escape[2..].iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(&escape[2..].iter().collect::<String>(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        let text = |json: &str| Json::parse(json).unwrap();
        assert_eq!(text(r#""\ud83d\ude00""#), Json::Text("😀".to_owned()));
        assert_eq!(text(r#""a\uD83Db""#), Json::Text("a\u{fffd}b".to_owned()));
        assert_eq!(text(r#""\ud83d\ud83d\ude00""#), Json::Text("\u{fffd}😀".to_owned()));
        assert_eq!(text(r#""\ude00\u0041""#), Json::Text("\u{fffd}A".to_owned()));
        assert_eq!(text(r#""\\ud83d""#), Json::Text("\\ud83d".to_owned()));
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(&nested(64)).is_ok());
        assert!(Json::parse(&nested(65)).is_err());
    }

    #[test]
    fn the_last_of_repeated_members_counts() {
        let json = Json::parse(r#"{"a":1,"b":{"\u0063":1,"c":2},"a":3}"#).unwrap();
        assert_eq!(json.to_value(), serde_json::json!({"a": 3, "b": {"c": 2}}));
    }
}
