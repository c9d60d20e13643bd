//! A document that has passed, as people or programs read it.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    cli::paint::Paint,
    control::TappedDocument,
    deployment::{masked_value, value_shape},
    support::shown,
};

/// The widest that the column of names becomes.
const MAX_NAME_COLUMNS: usize = 44;

/// How documents are printed.
pub(super) struct TapPrinter {
    shows_values: bool,
    is_json: bool,
    paint: Paint,
}

impl TapPrinter {
    pub(super) fn new(shows_values: bool, is_json: bool) -> Self {
        Self { shows_values, is_json, paint: Paint::on_stdout() }
    }

    /// Prints one that passed at `now`.
    pub(super) fn print(
        &self,
        tapped: &TappedDocument,
        document: &Value,
        now: DateTime<Utc>,
        output: &mut impl Write,
    ) -> io::Result<()> {
        if self.is_json { self.line(tapped, document, now, output) } else { self.text(tapped, document, now, output) }
    }

    fn line(
        &self,
        tapped: &TappedDocument,
        document: &Value,
        now: DateTime<Utc>,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let line = json!({
            "passed_at": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "source": tapped.source,
            "_id": tapped.id,
            "outcome": outcome(tapped),
            "mapping": tapped.mapping,
            "document": if self.shows_values { document.clone() } else { masked_value(document) },
        });
        writeln!(output, "{line}")
    }

    fn text(
        &self,
        tapped: &TappedDocument,
        document: &Value,
        now: DateTime<Utc>,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let (time, source) = (now.format("%H:%M:%S%.3f"), shown::line(&tapped.source));
        let (mapping, id) = (tapped.mapping.as_deref().unwrap_or("?"), shown::line(&tapped.id));
        let heading = format!("{time} {source}, {} by {}, {id}", outcome(tapped), shown::line(mapping));
        writeln!(output, "{}", self.paint.bold(&heading))?;
        let mut fields = Vec::new();
        flatten(String::new(), document, &mut fields);
        let columns = |name: &str| name.chars().count();
        let width = fields.iter().map(|(name, _)| columns(name)).max().unwrap_or_default().min(MAX_NAME_COLUMNS);
        for (name, value) in fields {
            let text = if self.shows_values { value.to_string() } else { value_shape(value) };
            let text = shown::line(&text);
            let text = if value.is_string() { self.paint.string(&text) } else { self.paint.number(&text) };
            let pad = " ".repeat(width.saturating_sub(columns(&name)));
            writeln!(output, "  {}{pad}  {text}", self.paint.key(&shown::line(&name)))?;
        }
        Ok(())
    }
}

fn outcome(tapped: &TappedDocument) -> &'static str {
    if tapped.has_failed { "failed" } else { "mapped" }
}

/// The values of a document with their dotted names, in its order; a list is one value.
fn flatten<'v>(name: String, value: &'v Value, fields: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (member, value) in members {
                let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                flatten(name, value, fields);
            }
        }
        value => fields.push((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(shows_values: bool, is_json: bool) -> String {
        let document = json!({ "email": { "subject": "Pay \u{202e}rise", "to": ["ann@contoso.com"] }, "size": 48 });
        let tapped = TappedDocument {
            source: "graph".to_owned(),
            id: "x=".to_owned(),
            has_failed: false,
            mapping: Some("3.0.0".to_owned()),
            text: document.to_string(),
        };
        let printer = TapPrinter { shows_values, is_json, paint: Paint::none() };
        let mut output = Vec::new();
        printer.print(&tapped, &document, DateTime::UNIX_EPOCH, &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn people_see_what_values_look_like_unless_they_want_the_values() {
        let masked = "00:00:00.000 graph, mapped by 3.0.0, x=\n  email.subject  \"Aaa ?aaaa\"\n  \
                      email.to       [\"aaa@aaaaaaa.aaa\"]\n  size           00\n";
        assert_eq!(printed(false, false), masked);
        assert!(printed(true, false).contains("\"Pay \\u{202e}rise\"\n"), "{}", printed(true, false));
    }

    #[test]
    fn programs_see_the_same() {
        let line: Value = serde_json::from_str(&printed(false, true)).unwrap();
        assert_eq!(line["document"]["email"]["to"], json!(["aaa@aaaaaaa.aaa"]));
        assert_eq!(
            (&line["_id"], &line["outcome"], &line["source"]),
            (&json!("x="), &json!("mapped"), &json!("graph"))
        );
        assert!(!printed(false, true).contains("contoso"));
        assert!(printed(true, true).contains("ann@contoso.com"));
    }
}
