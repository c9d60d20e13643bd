//! The TOML parser's own errors in our words: broken TOML, unknown keys, values of a wrong type.

use super::{synonyms::Synonyms, unknown_key::Vocabulary, value_reader::ValueReader};

/// Notes what the parser found, without the value that it found: that may be a secret. `key` is the dotted key that it
/// is about, and `synonyms` gives those of the table with this dotted key.
pub(super) fn explain(
    error: &toml::de::Error,
    key: Option<&str>,
    synonyms: &dyn Fn(&str) -> &'static [Synonyms],
    reader: &ValueReader<'_>,
) {
    let at = error.span().map_or(0, |span| span.start).min(reader.source().len());
    let message = error.message();
    if let (Some(key), Some((_, expected))) = (key, unknown_field(message)) {
        // Every second piece between backticks is a name.
        let known: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
        let place = key.rsplit_once('.').map_or("", |(place, _)| place);
        Vocabulary { known: &known, synonyms: synonyms(place) }.refuse(key, at, reader);
        return;
    }
    let subject = key.map_or_else(String::new, |key| format!("`{key}`: "));
    let wrong_type = ["invalid type: ", "invalid value: "].iter().any(|start| message.starts_with(start));
    if wrong_type {
        let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
        drop(reader.error(at, format!("{subject}the value is of a wrong type"), Some(allowed(expected))));
    } else {
        drop(reader.error(at, format!("{subject}{}", message.replace('\n', ", ")), None));
    }
}

/// Notes that a line is not TOML, without its text.
pub(super) fn explain_syntax(error: &toml::de::Error, key: Option<&str>, reader: &ValueReader<'_>) {
    let at = error.span().map_or(0, |span| span.start).min(reader.source().len());
    // Behind an open quote or bracket, what is found of other lines belongs to nothing.
    let line = reader.line_text(at);
    let is_its_own = |key: &&str| line.contains(key.rsplit('.').next().unwrap_or(key));
    let subject = key.filter(is_its_own).map_or_else(String::new, |key| format!("`{key}`: "));
    let hint = "exotrace says what is missing when this line is right";
    drop(reader.error(at, format!("{subject}{}", error.message().replace('\n', ", ")), Some(hint)));
}

fn unknown_field(message: &str) -> Option<(&str, &str)> {
    message.strip_prefix("unknown field `")?.split_once("`, expected ")
}

/// A type of serde's, as it is written in TOML.
fn allowed(expected: &str) -> &'static str {
    match expected {
        "a string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "i64" => "a whole number without quotes",
        "a sequence" => "a list: `key = [...]`, or `[[key]]` for a section that may occur more than once",
        _ => "a section: `[key]`",
    }
}
