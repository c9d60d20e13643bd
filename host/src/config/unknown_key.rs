//! What to write in place of a key that nobody knows.

use super::{
    synonyms::{Meant, Synonyms, is_spelling_of, meant},
    value_reader::ValueReader,
};

/// What may be meant by a key of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vocabulary<'v> {
    /// The keys of the table.
    pub(super) known: &'v [&'v str],
    /// What others call them.
    pub(super) synonyms: &'v [Synonyms],
}

impl Vocabulary<'_> {
    /// Notes an unknown key, with the key that was probably meant, or else with all that are known.
    pub(super) fn refuse(&self, key: &str, at: usize, reader: &ValueReader<'_>) {
        let hint = self.hint(key, reader);
        drop(reader.error(at, format!("unknown key `{key}`"), Some(&hint)));
    }

    fn hint(&self, key: &str, reader: &ValueReader<'_>) -> String {
        let Self { known, synonyms } = *self;
        let (place, name) = key.rsplit_once('.').unwrap_or(("", key));
        let spelling = known.iter().find(|known| is_spelling_of(name, known)).copied();
        let meant = match (spelling, meant(synonyms, name)) {
            (Some(key), _) => Some(key),
            (None, Some(Meant::Note(note))) => {
                for key in known.iter().filter(|known| note.contains(&format!("`{known}`"))) {
                    spoil(reader, place, key);
                }
                return note.to_owned();
            }
            (None, Some(Meant::Key(key))) => Some(key),
            (None, None) => {
                let nearest = known.iter().copied().min_by_key(|key| distance(name, key));
                nearest.filter(|key| distance(name, key) <= MOST_TYPOS)
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
}

/// The key that was meant is not missed as well.
fn spoil(reader: &ValueReader<'_>, place: &str, key: &str) {
    let prefix = if place.is_empty() { String::new() } else { format!("{place}.") };
    reader.spoil(&format!("{prefix}{key}"));
    if key == "urls" {
        reader.spoil(&format!("{prefix}url"));
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
