//! The line that says what became of a record.

use exotrace_module::DropReason;
use exotrace_module::Mapped;

/// Adds the line: `{"outcome":"mapped","_id":ID,"delivery_id":ID,"document":{...}}`, `failed` with the same as far as it is
/// there, or `{"outcome":"dropped","reason":REASON}`. Ids are Base64: nothing in them needs an escape.
pub(crate) fn push(mapped: Mapped<'_>, lines: &mut Vec<u8>) {
    match mapped {
        Mapped::Document { is_whole, id, delivery_id, document } => {
            let outcome = if is_whole { "mapped" } else { "failed" };
            push_texts(lines, &[r#"{"outcome":""#, outcome, "\""]);
            if !id.is_empty() {
                push_texts(lines, &[r#","_id":""#, id, "\""]);
            }
            if let Some(id) = delivery_id {
                push_texts(lines, &[r#","delivery_id":""#, id, "\""]);
            }
            push_texts(lines, &[r#","document":"#]);
            lines.extend_from_slice(document);
        }
        Mapped::Dropped(reason) => {
            let reason = match reason {
                DropReason::EmptyPage => "empty-page",
                DropReason::Status => "status",
            };
            push_texts(lines, &[r#"{"outcome":"dropped","reason":""#, reason, "\""]);
        }
    }
    lines.extend_from_slice(b"}\n");
}

fn push_texts(lines: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        lines.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_a_line() {
        let mut lines = Vec::new();
        let delivery_id = Some("d");
        push(Mapped::Document { is_whole: true, id: "i", delivery_id, document: b"{\"a\":1}" }, &mut lines);
        push(Mapped::Document { is_whole: false, id: "", delivery_id: None, document: b"{}" }, &mut lines);
        push(Mapped::Dropped(DropReason::EmptyPage), &mut lines);
        push(Mapped::Dropped(DropReason::Status), &mut lines);
        let expected = [
            r#"{"outcome":"mapped","_id":"i","delivery_id":"d","document":{"a":1}}"#,
            r#"{"outcome":"failed","document":{}}"#,
            r#"{"outcome":"dropped","reason":"empty-page"}"#,
            r#"{"outcome":"dropped","reason":"status"}"#,
        ];
        assert_eq!(str::from_utf8(&lines).unwrap().lines().collect::<Vec<_>>(), expected);
    }
}
