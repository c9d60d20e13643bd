//! What the text of a JSON string means.

use std::borrow::Cow;

use super::value::{Kind, Raw};

/// Decodes a string. A surrogate without its other half becomes U+FFFD, as there is no such character.
#[inline]
pub(crate) fn decode<'a>(raw: &Raw<'a>) -> Cow<'a, str> {
    let inner = raw.inner();
    if raw.kind == Kind::Plain { Cow::Borrowed(inner) } else { Cow::Owned(decode_escapes(inner)) }
}

#[inline(never)]
fn decode_escapes(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut characters = escape.chars();
        match characters.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                rest = push_unicode(&mut text, characters.as_str());
                continue;
            }
            Some(itself) => text.push(itself),
            None => {}
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    text
}

/// Adds the character whose digits `rest` begins with, together with its second half, and returns what follows.
fn push_unicode<'a>(text: &mut String, rest: &'a str) -> &'a str {
    let Some((first, after)) = hexadecimal(rest) else { return rest };
    if let Some(character) = char::from_u32(first) {
        text.push(character);
        return after;
    }
    if first < 0xdc00
        && let Some((second @ 0xdc00..=0xdfff, end)) = after.strip_prefix("\\u").and_then(hexadecimal)
        && let Some(character) = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    {
        text.push(character);
        return end;
    }
    text.push(char::REPLACEMENT_CHARACTER);
    after
}

fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scanner;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let raw = Scanner::new(json).value(0).unwrap();
        assert_eq!(decode(&raw), expected);
    }

    #[test]
    fn every_escape_is_decoded() {
        check(r#""plain""#, "plain");
        check(r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t");
        check(r#""a\u0040b\u00e9\u20AC""#, "a@bé€");
    }

    #[test]
    fn surrogate_pairs_are_one_character() {
        check(r#""\ud83d\ude00!""#, "😀!");
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        check(r#""\ud83d""#, "\u{fffd}");
        check(r#""\ude00\ud83dx""#, "\u{fffd}\u{fffd}x");
        check(r#""\ud83d\u0041""#, "\u{fffd}A");
        check(r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀");
    }
}
