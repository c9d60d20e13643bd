//! Which key a byte of the settings belongs to.

use std::{collections::BTreeMap, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The dotted key that a byte of `text` belongs to, as in `source[2].interval`. Broken TOML is looked at as far as it
/// goes. `None` when the byte belongs to no key.
#[cfg(test)]
fn dotted_key(text: &str, at: usize) -> Option<String> {
    dotted_key_in(&DeTable::parse_recoverable(text).0, at)
}

/// The dotted key that a byte of parsed settings belongs to.
pub(super) fn dotted_key_in(table: &Spanned<DeTable<'_>>, at: usize) -> Option<String> {
    let mut search = KeySearch { at, found: None };
    search.table("", table.get_ref());
    search.found.map(|(_, key)| key)
}

/// The line of every dotted key and section, counted from 1.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut places = BTreeMap::new();
    collect("", table.get_ref(), &mut places);
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    places.into_iter().map(|(key, at)| (key, line(at))).collect()
}

fn collect(prefix: &str, table: &DeTable<'_>, places: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let dotted = format!("{prefix}{}", key.get_ref());
        places.insert(dotted.clone(), key.span().start);
        match value.get_ref() {
            DeValue::Table(table) => collect(&format!("{dotted}."), table, places),
            DeValue::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if let DeValue::Table(table) = value.get_ref() {
                        let prefix = self::prefix(&dotted, index, values.len());
                        places.insert(prefix.trim_end_matches('.').to_owned(), value.span().start);
                        collect(&prefix, table, places);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What the keys of one table begin with. The table is numbered only when there are others of its kind.
pub(super) fn prefix(section: &str, index: usize, count: usize) -> String {
    if count > 1 { format!("{section}[{}].", index + 1) } else { format!("{section}.") }
}

struct KeySearch {
    at: usize,
    /// The shortest piece of text around the byte, and its key.
    found: Option<(usize, String)>,
}

impl KeySearch {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let dotted = format!("{prefix}{}", key.get_ref());
            self.consider(&key.span(), &dotted);
            self.value(&dotted, value);
        }
    }

    /// Looks into every table: what stands below a header is not within the span of its table.
    fn value(&mut self, dotted: &str, value: &Spanned<DeValue<'_>>) {
        self.consider(&value.span(), dotted);
        match value.get_ref() {
            DeValue::Table(table) => self.table(&format!("{dotted}."), table),
            DeValue::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    if let DeValue::Table(table) = value.get_ref() {
                        self.consider(&value.span(), dotted);
                        self.table(&prefix(dotted, index, values.len()), table);
                    }
                }
            }
            _ => {}
        }
    }

    fn consider(&mut self, span: &Range<usize>, dotted: &str) {
        let is_closer = self.found.as_ref().is_none_or(|(length, _)| span.len() <= *length);
        // The end counts: that is where the parser misses a closing quote.
        if (span.start..=span.end).contains(&self.at) && is_closer {
            self.found = Some((span.len(), dotted.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `§` marks the byte.
    #[track_caller]
    fn check(marked: &str, expected: Option<&str>) {
        let at = marked.find('§').expect("a mark");
        assert_eq!(dotted_key(&marked.replace('§', ""), at).as_deref(), expected);
    }

    #[test]
    fn the_key_of_a_byte_is_found() {
        check("§a = 1", Some("a"));
        check("a = 1\nb = [\n  1,\n  §2,\n]", Some("b"));
        check("[a]\nb = §1", Some("a.b"));
        check("[[a]]\nb = §1", Some("a.b"));
        check("[[a]]\nb = 1\n[[a]]\nb = §1", Some("a[2].b"));
        check("a = [{ b = 1 }, { b = §1 }]", Some("a[2].b"));
        check("a = '''\n[x]\ny = §1'''", Some("a"));
        check("[§a]\nb = 1", Some("a"));
        check("a = \"1§\nb = 2", Some("a"));
        check("a = 1\n# §comment\n", None);
    }
}
