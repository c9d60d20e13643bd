//! A document as people read it: in colours, its parts named, and no line wider than the terminal.

use serde_json::Value;

use super::bars::cut;
use crate::{cli::paint::Paint, support::shown};

/// The parts of a document in the order in which they are read, and what they are.
const PARTS: [(&str, &str); 14] = [
    ("@timestamp", "when Exchange received the message"),
    ("email", "the message: who wrote to whom about what, and which way it went"),
    ("event", "what happened to it"),
    ("source", "where it came from, with its place and network"),
    ("destination", "where it went"),
    ("user", "who of the tenant it is about"),
    ("related", "all users, addresses and hosts, to search for"),
    ("message", "the document in one sentence"),
    ("microsoft", "Microsoft's own fields, as they came"),
    ("organization", "the tenant"),
    ("tags", "tags from the settings"),
    ("agent", "which exotrace collected it"),
    ("data_stream", "where Elasticsearch puts it"),
    ("ecs", "which version of the Elastic Common Schema it is"),
];

/// The lines of a document.
pub(super) fn lines(document: &Value, columns: usize, paint: Paint) -> Vec<String> {
    let Value::Object(parts) = document else { return Vec::new() };
    let place = |name: &str| PARTS.iter().position(|(part, _)| *part == name);
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|(name, _)| place(name).unwrap_or(PARTS.len()));
    let mut lines = vec!["{".to_owned()];
    for (index, (name, value)) in parts.iter().enumerate() {
        if let Some((_, about)) = place(name).and_then(|place| PARTS.get(place)) {
            lines.push(format!("  {}", paint.dim(&cut(&format!("// {about}"), columns.saturating_sub(2)))));
        }
        Writer { columns, paint }.member(2, Some(name), value, index + 1 < parts.len(), &mut lines);
    }
    lines.push("}".to_owned());
    lines
}

#[derive(Clone, Copy)]
struct Writer {
    columns: usize,
    paint: Paint,
}

impl Writer {
    /// Writes a member of an object or array: on one line where it fits.
    fn member(self, indent: usize, name: Option<&str>, value: &Value, has_next: bool, lines: &mut Vec<String>) {
        let comma = if has_next { "," } else { "" };
        let (key, key_columns) = match name {
            Some(name) => {
                let text = string(name);
                (format!("{}: ", self.paint.key(&text)), text.chars().count() + 2)
            }
            None => (String::new(), 0),
        };
        let pad = " ".repeat(indent);
        let room = self.columns.saturating_sub(indent + key_columns + 1);
        let (inline, width) = self.inline(value);
        let (open, close) = match value {
            Value::Object(fields) if !fields.is_empty() && width > room => ("{", "}"),
            Value::Array(values) if !values.is_empty() && width > room => ("[", "]"),
            _ if width <= room => return lines.push(format!("{pad}{key}{inline}{comma}")),
            _ => {
                let text = self.scalar(value, &cut(&plain(value), room));
                return lines.push(format!("{pad}{key}{text}{comma}"));
            }
        };
        lines.push(format!("{pad}{key}{open}"));
        match value {
            Value::Object(fields) => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    self.member(indent + 2, Some(name), value, index + 1 < fields.len(), lines);
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.member(indent + 2, None, value, index + 1 < values.len(), lines);
                }
            }
            _ => {}
        }
        lines.push(format!("{pad}{close}{comma}"));
    }

    /// A value on one line, and how wide it is.
    fn inline(self, value: &Value) -> (String, usize) {
        let (open, close, parts): (_, _, Vec<_>) = match value {
            Value::Object(fields) if !fields.is_empty() => {
                let part = |(name, value): (&String, &Value)| {
                    let (text, width) = self.inline(value);
                    let name = string(name);
                    (format!("{}: {text}", self.paint.key(&name)), name.chars().count() + 2 + width)
                };
                ("{ ", " }", fields.iter().map(part).collect())
            }
            Value::Array(values) if !values.is_empty() => {
                ("[", "]", values.iter().map(|value| self.inline(value)).collect())
            }
            _ => {
                let text = plain(value);
                return (self.scalar(value, &text), text.chars().count());
            }
        };
        let width: usize = parts.iter().map(|(_, width)| width).sum();
        let width = width + open.len() + close.len() + 2 * (parts.len() - 1);
        let texts: Vec<_> = parts.into_iter().map(|(text, _)| text).collect();
        (format!("{open}{}{close}", texts.join(", ")), width)
    }

    fn scalar(self, value: &Value, text: &str) -> String {
        match value {
            Value::String(_) => self.paint.string(text),
            _ => self.paint.number(text),
        }
    }
}

/// A value without parts, as JSON has it, and as a terminal may have it.
fn plain(value: &Value) -> String {
    shown::line(&value.to_string()).into_owned()
}

fn string(text: &str) -> String {
    plain(&Value::from(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_is_on_one_line_and_parts_are_named() {
        let document = json!({ "ecs": { "version": "9.4.0" }, "other": [1, true, null] });
        let expected = [
            "{",
            "  // which version of the Elastic Common Schema it is",
            "  \"ecs\": { \"version\": \"9.4.0\" },",
            "  \"other\": [1, true, null]",
            "}",
        ];
        assert_eq!(lines(&document, 80, Paint::none()), expected);
    }

    #[test]
    fn every_line_fits_and_what_is_whole_is_json() {
        let document = json!({
            "email": { "subject": "x".repeat(300), "to": { "address": ["a@contoso.com", "b@contoso.com"] } },
            "odd": { "nested": { "more": { "and": { "more": "y".repeat(50) } } }, "empty": {}, "none": [] },
        });
        for columns in [40, 80, 120] {
            let lines = lines(&document, columns, Paint::none());
            assert!(lines.iter().all(|line| line.chars().count() <= columns), "{lines:#?}");
        }
        let wide = lines(&document, 1000, Paint::none());
        let text: Vec<_> = wide.iter().filter(|line| !line.trim().starts_with("//")).map(String::as_str).collect();
        assert_eq!(serde_json::from_str::<Value>(&text.join("\n")).unwrap(), document);
    }

    #[test]
    fn a_terminal_obeys_nothing_in_it() {
        let shown = lines(&json!({ "a": "x\u{9b}31m\u{202e}" }), 80, Paint::none()).join("\n");
        assert!(!shown.contains(['\u{9b}', '\u{202e}']), "{shown}");
    }
}
