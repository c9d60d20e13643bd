//! The TOML parser's own errors in our words: broken TOML, unknown keys, values of a wrong type.

use toml::{Spanned, de::DeTable};

use super::{
    ConfigError, kinds, parse,
    position::dotted_key_in,
    reader::Reader,
    synonyms::{Meant, is_spelling_of, meant},
};

/// Says what the parser found, without the value that it found: that may be a secret.
pub(super) fn explain(
    error: &toml::de::Error,
    text: &str,
    table: &Spanned<DeTable<'_>>,
    reader: &Reader<'_>,
) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let key = dotted_key_in(table, at);
    let message = error.message();
    if let (Some(key), Some((_, expected))) = (&key, unknown_field(message)) {
        let hint = unknown(key, expected, table.get_ref(), reader);
        return reader.error(at, format!("unknown key `{key}`"), Some(&hint));
    }
    let subject = key.map_or_else(String::new, |key| format!("`{key}`: "));
    let wrong_type = ["invalid type: ", "invalid value: "].iter().any(|start| message.starts_with(start));
    if wrong_type {
        let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
        return reader.error(at, format!("{subject}the value is of a wrong type"), Some(allowed(expected)));
    }
    reader.error(at, format!("{subject}{}", message.replace('\n', ", ")), None)
}

/// What to write in place of an unknown key: the key that was probably meant, or else all that are known where it
/// stands, for a source or output of this type.
fn unknown(key: &str, expected: &str, table: &DeTable<'_>, reader: &Reader<'_>) -> String {
    let (place, name) = key.rsplit_once('.').map_or(("", key), |(place, name)| (place, name));
    let (section, kind) = parse::section(table, key);
    // Every second piece between backticks is a name.
    let known = expected.split('`').skip(1).step_by(2);
    let known: Vec<_> =
        known.filter(|key| kind.as_ref().is_none_or(|kind| kinds::is_for(section, key, kind))).collect();
    let spelling = known.iter().find(|known| is_spelling_of(name, known)).copied();
    let meant = match (spelling, meant(section, kind.as_deref(), name)) {
        (Some(key), _) => Some(key),
        (None, Some(Meant::Note(note))) => {
            for key in known.iter().filter(|known| note.contains(&format!("`{known}`"))) {
                spoil(reader, place, key);
            }
            return note.to_owned();
        }
        (None, Some(Meant::Key(key))) => Some(key),
        (None, None) => {
            known.iter().copied().min_by_key(|key| distance(name, key)).filter(|key| distance(name, key) <= MOST_TYPOS)
        }
    };
    match meant {
        Some(key) => {
            spoil(reader, place, key);
            format!("did you mean `{key}`?")
        }
        None => format!("known are `{}`", known.join("`, `")),
    }
}

/// The key that was meant is not missed as well.
fn spoil(reader: &Reader<'_>, place: &str, key: &str) {
    let prefix = if place.is_empty() { String::new() } else { format!("{place}.") };
    reader.spoil(&format!("{prefix}{key}"));
    if key == "urls" {
        reader.spoil(&format!("{prefix}url"));
    }
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
