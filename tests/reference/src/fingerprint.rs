//! The `_id` of a document, out of some of its fields or out of the whole record.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use crate::json::{Json, last_of_each};

/// The id of a document that was mapped: of these values in this order. `None` without any, and where all of them are empty
/// arrays or objects: those would be the same for every such document.
pub(crate) fn of_values(values: &[Option<Json>]) -> Option<String> {
    let mut bytes = Vec::new();
    for value in values.iter().flatten() {
        append(value, &mut bytes);
    }
    (!bytes.is_empty()).then(|| of_bytes(&bytes))
}

/// The id of a document that could not be mapped wholly: of the record as it was read.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(Sha1::digest(bytes))
}

fn append(value: &Json, bytes: &mut Vec<u8>) {
    match value {
        Json::Array(elements) => {
            for element in elements {
                append(element, bytes);
            }
        }
        Json::Object(members) => {
            let mut members: Vec<_> = last_of_each(members).into_iter().collect();
            // The order of Java's texts, which differs from ours beyond U+FFFF.
            members.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<u16>>());
            for (name, value) in members {
                bytes.push(0);
                bytes.extend(name.as_bytes());
                append(value, bytes);
            }
        }
        scalar => {
            bytes.push(0);
            bytes.extend(bytes_of_scalar(scalar));
        }
    }
}

fn bytes_of_scalar(value: &Json) -> Vec<u8> {
    match value {
        Json::Bool(true) => vec![1],
        Json::Bool(false) => vec![2],
        Json::Text(text) => text.as_bytes().to_vec(),
        Json::Number(text) => bytes_of_number(text),
        Json::Null | Json::Array(_) | Json::Object(_) => Vec::new(),
    }
}

fn bytes_of_number(text: &str) -> Vec<u8> {
    if text.contains(['.', 'e', 'E']) {
        let number: f64 = text.parse().expect("a number is checked when it is read");
        return number.to_le_bytes().to_vec();
    }
    if let Ok(number) = text.parse::<i32>() {
        return number.to_le_bytes().to_vec();
    }
    match text.parse::<i64>() {
        Ok(number) => number.to_le_bytes().to_vec(),
        Err(_) => text.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &[u8]) {
        let mut bytes = Vec::new();
        append(&Json::parse(json).unwrap(), &mut bytes);
        assert_eq!(bytes, expected, "{json}");
    }

    #[test]
    fn numbers_have_the_bytes_of_their_type() {
        check("87891", b"\0\x53\x57\x01\0");
        check("-1", b"\0\xff\xff\xff\xff");
        check("3000000000", b"\0\0\x5e\xd0\xb2\0\0\0\0");
        check("1.0", b"\0\0\0\0\0\0\0\xf0\x3f");
        check("9223372036854775808", b"\x009223372036854775808");
        check("-0", b"\0\0\0\0\0");
    }

    #[test]
    fn other_values() {
        check(r#""x""#, b"\0x");
        check(r#"["x",["y"],null,true,false,""]"#, b"\0x\0y\0\0\x01\0\x02\0");
        check(r#"{"b":1,"a":"x","b":null}"#, b"\0a\0x\0b\0");
        check("[]", b"");
    }

    #[test]
    fn the_example_of_the_specification() {
        let texts = [
            "azure-noreply@microsoft.com",
            "cf7a249a-5edd-4350-130a-08da8f69e0f6",
            "<a210cf91-4f2e-484c-8ada-3b27064ee5e3@az.uksouth.production.microsoft.com>",
            "PIM: A privileged directory role was assigned outside of PIM",
            "linus@contoso.com",
            "Delivered",
        ];
        let mut values = vec![Some(Json::Number("87891".to_owned()))];
        values.extend(texts.map(|text| Some(Json::Text(text.to_owned()))));
        assert_eq!(of_values(&values).as_deref(), Some("mculcoDonlUqgawR2/Yc6MluakU="));
    }

    #[test]
    fn empty_arrays_and_objects_are_no_values() {
        for empty in ["[]", "{}", "[[],{}]"] {
            assert_eq!(of_values(&[None, Some(Json::parse(empty).unwrap())]), None, "{empty}");
        }
    }
}
