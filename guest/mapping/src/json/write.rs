//! Puts JSON together as text. Every member is written with a comma after it; closing an object takes the last one away.

/// Adds `text` as it has to stand between the quotes of a string.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let Some((plain, special)) = rest.split_at_checked(at) else { return };
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => push_control(out, control),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

fn push_control(out: &mut String, control: char) {
    out.push_str("\\u00");
    for shift in [4, 0] {
        let digit = char::from_digit((u32::from(control) >> shift) & 0xf, 16);
        out.push(digit.expect("four bits are one hexadecimal digit"));
    }
}

/// Adds `text` as a JSON string, quotes and all.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

/// Ends an object or array that was begun at `start` with its key: with `end` and a comma, or, if nothing is in it,
/// by taking it away again. Returns whether it is there.
#[inline]
pub(crate) fn close(out: &mut String, start: usize, end: &str) -> bool {
    if out.ends_with(',') {
        out.pop();
        out.push_str(end);
        out.push(',');
        return true;
    }
    out.truncate(start);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        for text in ["", "plain", "\"\\/", "\n\r\t\u{8}\u{c}\u{0}\u{1f}", "é€😀"] {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
