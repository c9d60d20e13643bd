//! How an event looks: a line of JSON, or text for people. Numbers are numbers, times are of one form, and a hint is a
//! field of its own.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use crate::support::{
    error_text::{chain, without_hints},
    shown,
};

/// The field of hints.
const HINT: &str = "hint";

/// The fields of ours that may have hints in them.
const WITH_HINTS: [&str; 4] = ["message", "error", "problem", "reason"];

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogLook {
    Json,
    Plain,
    Coloured,
}

/// Writes events.
pub(super) struct Lines {
    pub(super) look: LogLook,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = LineFields::default();
        event.record(&mut fields);
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let line = match self.look {
            LogLook::Json => json_line(level, target, &fields),
            LogLook::Plain => text_line(level, target, &fields, false),
            LogLook::Coloured => text_line(level, target, &fields, true),
        };
        writeln!(writer, "{line}")
    }
}

/// The line of JSON that an event with these fields would be.
pub(crate) fn one(level: Level, message: &str, others: &[(&str, &str)]) -> String {
    let mut fields = LineFields { message: message.to_owned(), ..LineFields::default() };
    for (name, value) in others {
        fields.add(name, Value::from(*value));
    }
    json_line(level, "exotrace", &fields)
}

#[derive(Default)]
struct LineFields {
    message: String,
    others: Vec<(String, Value)>,
    hints: Vec<String>,
}

impl LineFields {
    fn add(&mut self, name: &str, value: Value) {
        let value = match value {
            // Names of others may have lines that look like hints.
            Value::String(text) if WITH_HINTS.contains(&name) => {
                let (text, hints) = without_hints(&text);
                self.hints.extend(hints.into_iter().map(str::to_owned));
                Value::String(text)
            }
            value => value,
        };
        if name == "message" {
            self.message = value.as_str().unwrap_or_default().to_owned();
        } else {
            self.others.push((name.trim_start_matches("r#").to_owned(), value));
        }
    }
}

impl Visit for LineFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value.into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        // Milliseconds are such numbers.
        let value = u64::try_from(value).map_or_else(|_| json!(value.to_string()), Value::from);
        self.add(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field.name(), chain(value).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format!("{value:?}").into());
    }
}

fn json_line(level: Level, target: &str, fields: &LineFields) -> String {
    let mut members = vec![format!("\"message\":{}", json!(fields.message))];
    members.extend(fields.others.iter().map(|(name, value)| format!("{}:{value}", json!(name))));
    if !fields.hints.is_empty() {
        members.push(format!("\"{HINT}\":{}", json!(fields.hints.join("; "))));
    }
    format!(
        "{{\"timestamp\":\"{}\",\"level\":\"{level}\",\"fields\":{{{}}},\"target\":{}}}",
        now(),
        members.join(","),
        json!(target)
    )
}

fn text_line(level: Level, target: &str, fields: &LineFields, is_coloured: bool) -> String {
    let (name, colour) = match level {
        Level::ERROR => ("ERROR", 31),
        Level::WARN => (" WARN", 33),
        Level::INFO => (" INFO", 32),
        Level::DEBUG => ("DEBUG", 34),
        Level::TRACE => ("TRACE", 35),
    };
    let paint = |text: &str, code: u8| if is_coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let mut line = format!("{} {} ", paint(&now(), 2), paint(name, colour));
    if level > Level::INFO {
        line += &format!("{target}: ");
    }
    line += &shown::line(&fields.message);
    for (name, value) in &fields.others {
        let value = match value {
            Value::String(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
                format!("\"{}\"", shown::line(text))
            }
            Value::String(text) => shown::line(text).into_owned(),
            value => value.to_string(),
        };
        line += &format!(" {}={value}", paint(name, 2));
    }
    for hint in &fields.hints {
        line += &format!("\n    {} {}", paint("hint:", 36), shown::line(hint));
    }
    line
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// What is written for events.
    fn written(look: LogLook, events: impl FnOnce()) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        let subscriber = tracing_subscriber::fmt().event_format(Lines { look }).with_writer(writer).finish();
        tracing::subscriber::with_default(subscriber, events);
        std::fs::read_to_string(file.path()).unwrap()
    }

    fn event() {
        let delay = std::time::Duration::from_millis(22_982);
        tracing::warn!(
            attempt = 2,
            delay_ms = delay.as_millis(),
            is_last = false,
            window = %"2026-03-04T00:00:00Z",
            error = "could not deliver: \u{1b}[31mno\nhint: is it there?",
            "trying again"
        );
    }

    #[test]
    fn numbers_are_numbers_and_a_hint_is_a_field() {
        let line: Value = serde_json::from_str(&written(LogLook::Json, event)).unwrap();
        let expected = json!({
            "message": "trying again", "attempt": 2, "delay_ms": 22_982, "is_last": false,
            "window": "2026-03-04T00:00:00Z", "error": "could not deliver: \u{1b}[31mno", "hint": "is it there?",
        });
        assert_eq!(line["fields"], expected);
        assert_eq!((&line["level"], line["target"].as_str().unwrap()), (&json!("WARN"), module_path!()));
        let time = line["timestamp"].as_str().unwrap();
        assert!(
            time.len() == 24 && time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok(),
            "{time}"
        );
    }

    #[test]
    fn people_read_text_that_does_nothing_to_their_terminal() {
        let text = written(LogLook::Plain, event);
        assert_eq!(
            text.split_once(' ').unwrap().1,
            " WARN trying again attempt=2 delay_ms=22982 is_last=false window=2026-03-04T00:00:00Z \
             error=\"could not deliver: \\u{1b}[31mno\"\n    hint: is it there?\n"
        );
        let coloured = written(LogLook::Coloured, event);
        assert!(coloured.contains("\u{1b}[33m WARN\u{1b}[0m"), "{coloured}");
    }

    #[test]
    fn an_error_at_the_end_looks_like_an_event() {
        let line = one(Level::ERROR, "failed", &[("error", "no\nhint: yes")]);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["fields"], json!({ "message": "failed", "error": "no", "hint": "yes" }));
    }
}
