//! The TOML parser's own errors in our words: broken TOML, unknown keys, values of a wrong type.

use super::{ConfigError, position::dotted_key, reader::Reader};

/// Says what the parser found, without the value that it found: that may be a secret.
pub(super) fn explain(error: &toml::de::Error, text: &str, reader: &Reader<'_>) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start);
    let key = dotted_key(text, at);
    let message = error.message();
    if let (Some(key), Some((_, expected))) = (&key, unknown_field(message)) {
        return reader.error(at, format!("unknown key `{key}`"), Some(&known_keys(key, expected)));
    }
    let subject = key.map_or_else(String::new, |key| format!("`{key}`: "));
    let wrong_type = ["invalid type: ", "invalid value: "].iter().any(|start| message.starts_with(start));
    if wrong_type {
        let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
        return reader.error(at, format!("{subject}the value is of a wrong type"), Some(allowed(expected)));
    }
    reader.error(at, format!("{subject}{}", message.replace('\n', ", ")), None)
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

/// The key that was probably meant, or else all that are known where `unknown` stands.
fn known_keys(unknown: &str, expected: &str) -> String {
    let name = unknown.rsplit_once('.').map_or(unknown, |(_, name)| name);
    // Every second piece between backticks is a name.
    let known: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    let closest = known.iter().min_by_key(|key| distance(name, key));
    match closest {
        Some(key) if distance(name, key) <= MOST_TYPOS => format!("did you mean `{key}`?"),
        _ => format!("known are `{}`", known.join("`, `")),
    }
}

/// Two slips: more, and short keys begin to look like each other.
const MOST_TYPOS: usize = 2;

/// How many characters to put in, leave out or replace to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, right) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_slips() {
        assert_eq!(distance("interval", "interval"), 0);
        assert_eq!(distance("intervall", "interval"), 1);
        assert_eq!(distance("intreval", "interval"), 2);
        assert_eq!(distance("", "url"), 3);
    }
}
