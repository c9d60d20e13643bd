//! JSON as Fluent Bit reads and writes it: what it keeps of a record in MessagePack, and what it makes of that.

use std::fmt::{self, Write as _};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// How deep a record may be nested; seen from 100 on as text that was not parsed.
const MAX_DEPTH: usize = 100;

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Integer(i64),
    Unsigned(u64),
    /// Also what is not an integer of 64 bits.
    Double(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Json {
    /// The object that a line begins with. What stands behind it is lost.
    pub(crate) fn object(line: &str) -> Option<Self> {
        let line = without_half_pairs(line);
        let mut values = serde_json::Deserializer::from_str(&line).into_iter();
        let value: Self = values.next()?.ok()?;
        (matches!(value, Self::Map(_)) && value.depth() < MAX_DEPTH).then_some(value)
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(values) => 1 + values.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Map(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or_default(),
            _ => 0,
        }
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(boolean) => push(out, boolean),
            Self::Integer(integer) => push(out, integer),
            Self::Unsigned(integer) => push(out, integer),
            Self::Double(double) => out.push_str(&double_text(*double)),
            Self::Text(text) => push_text(out, text),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    value.write(out);
                }
                out.push(']');
            }
            Self::Map(members) => write_members(members, out),
        }
    }
}

/// Of equal keys only the last is written.
fn write_members(members: &[(String, Json)], out: &mut String) {
    let mut separator = '{';
    for (index, (key, value)) in members.iter().enumerate() {
        if members.iter().skip(index + 1).any(|(later, _)| later == key) {
            continue;
        }
        out.push(std::mem::replace(&mut separator, ','));
        push_text(out, key);
        out.push(':');
        value.write(out);
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}

fn push(out: &mut String, value: &impl fmt::Display) {
    write!(out, "{value}").expect("a string takes everything");
}

/// As `%.1f` when it is an integer, else as `%.16g` of C.
fn double_text(double: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as Fluent Bit asks")]
    if double.abs() < 9e18 && double == (double as i64) as f64 {
        return format!("{double:.1}");
    }
    let scientific = format!("{double:.15e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("it is written so");
    let exponent: i32 = exponent.parse().expect("it is written so");
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if (-4..16).contains(&exponent) {
        let decimals = usize::try_from(15 - exponent).unwrap_or_default();
        return trimmed(&format!("{double:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
}

/// All that is not ASCII is written as an escape.
fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)) {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some(plain @ ' '..='~') => out.push(plain),
            _ => push(out, &format_args!("\\u{unit:04x}")),
        }
    }
    out.push('"');
}

/// Half a pair of surrogates becomes U+FFFD, as was seen.
fn without_half_pairs(line: &str) -> String {
    let mut found = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once('\\') {
        found.push_str(before);
        let code = surrogate(escape);
        let second = code.and_then(|_| escape.get(5..)?.strip_prefix('\\')).and_then(surrogate);
        let (length, is_whole) = match (code, second) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (11, true),
            (Some(_), _) => (5, false),
            (None, _) => (escape.chars().next().map_or(0, char::len_utf8), true),
        };
        let (escape, after) = escape.split_at(length);
        found.push('\\');
        found.push_str(if is_whole { escape } else { "ufffd" });
        rest = after;
    }
    found + rest
}

/// The code of the surrogate whose escape stands here, without its backslash.
fn surrogate(escape: &str) -> Option<u16> {
    let code = u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()?;
    (0xd800..=0xdfff).contains(&code).then_some(code)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Json::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        let found = Json::object(line).map(|value| {
            let mut text = String::new();
            value.write(&mut text);
            text
        });
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn a_record_is_written_as_the_real_one_was_seen_to() {
        check(r#"{"a":12345678901234567890123}"#, Some(r#"{"a":1.234567890123457e+22}"#));
        check(
            r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
            Some(r#"{"a":18446744073709551615,"b":-9223372036854775808}"#),
        );
        check(r#"{"a":1.50,"b":2.0,"c":1e-7,"d":1e+30}"#, Some(r#"{"a":1.5,"b":2.0,"c":1e-07,"d":1e+30}"#));
        check(r#"{"a":1,"b":2,"a":3}"#, Some(r#"{"b":2,"a":3}"#));
        check(r#"{"a":1} and more"#, Some(r#"{"a":1}"#));
        check(
            r#"{"\u00fc":"\ud83d\ude00 \ud83d \ude00 \\ud83d \/"}"#,
            Some(r#"{"\u00fc":"\ud83d\ude00 \ufffd \ufffd \\ud83d /"}"#),
        );
        for line in ["[1]", "5", "not JSON", "{", ""] {
            check(line, None);
        }
        check(&format!(r#"{{"a":{}{}}}"#, "[".repeat(100), "]".repeat(100)), None);
    }
}
