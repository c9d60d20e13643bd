//! From text to tables: what is wrong with their form is noted and left out, so that the rest is looked at as well.

use serde::de::DeserializeOwned;
use toml::{
    Deserializer, Spanned,
    de::{DeTable, DeValue},
};

use super::{other_formats, position, synonyms::Synonyms, toml_error, value_reader::ValueReader};

/// Who has made more mistakes of form has another file at hand.
const MOST_FAULTS: usize = 100;

/// A settings file that is TOML.
pub(crate) struct Document<'t> {
    root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Parses the text of the settings; none when it is no TOML at all. Of broken TOML, what can be read is looked at as
    /// well.
    pub(crate) fn parse(reader: &ValueReader<'t>) -> Option<Self> {
        let text = reader.source();
        let (mut root, errors) = DeTable::parse_recoverable(text);
        let Some(first) = errors.first() else { return Some(Self { root }) };
        let at = first.span().map_or(0, |span| span.start);
        if let Some(format) = other_formats::guess(text) {
            let hint = "`key = \"value\"`, and `[[source]]` or `[[output]]` for a section; see host/docs/settings.md";
            drop(reader.error(at, format!("settings are TOML, and this looks like {format}"), Some(hint)));
            return None;
        }
        reader.note_broken();
        let mut last_line = None;
        for error in errors.iter().take(MOST_FAULTS) {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            let key = position::dotted_key_in(&root, at);
            // What follows in the same line comes of it.
            if last_line.replace(reader.line(at)) != Some(reader.line(at)) {
                toml_error::explain_syntax(error, key.as_deref(), reader);
            }
            if let Some(key) = key {
                reader.spoil(&key);
                remove(root.get_mut(), "", &key);
            }
        }
        // Behind a broken header, nobody knows of which section a key is.
        let is_header = |error: &toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            reader.line_text(at).trim_start().starts_with('[')
        };
        if errors.iter().any(is_header) { None } else { Some(Self { root }) }
    }

    /// Reads everything but what sections have in them; `synonyms` gives those of the table with a dotted key.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        synonyms: &dyn Fn(&str) -> &'static [Synonyms],
        reader: &ValueReader<'_>,
    ) -> Option<T> {
        self.read_table(self.root.clone(), "", synonyms, reader)
    }

    /// The values of an array of the root; none when there is no such array.
    pub(super) fn array(&self, name: &str) -> &[Spanned<DeValue<'t>>] {
        match self.root.get_ref().get(name).map(Spanned::get_ref) {
            Some(DeValue::Array(values)) => values,
            _ => &[],
        }
    }

    /// Reads a table whose keys begin with `prefix`.
    pub(super) fn read_table<T: DeserializeOwned>(
        &self,
        mut table: Spanned<DeTable<'t>>,
        prefix: &str,
        synonyms: &dyn Fn(&str) -> &'static [Synonyms],
        reader: &ValueReader<'_>,
    ) -> Option<T> {
        for _ in 0..MOST_FAULTS {
            let error = match T::deserialize(Deserializer::from(table.clone())) {
                Ok(read) => return Some(read),
                Err(error) => error,
            };
            let at = error.span().map(|span| span.start);
            let key = position::dotted_key_in(&self.root, at.unwrap_or_default().min(reader.source().len()));
            toml_error::explain(&error, key.as_deref(), synonyms, reader);
            let key = at.and(key)?;
            reader.spoil(&key);
            remove(table.get_mut(), prefix, &key);
        }
        None
    }
}

/// Removes what has this dotted key from a table whose keys begin with `prefix`.
fn remove(table: &mut DeTable<'_>, prefix: &str, wanted: &str) {
    let found = table.keys().find(|key| format!("{prefix}{}", key.get_ref()) == wanted).cloned();
    if let Some(key) = found {
        table.remove(key.get_ref().as_ref());
        return;
    }
    for (key, value) in table.iter_mut() {
        let dotted = format!("{prefix}{}", key.get_ref());
        remove_within(value, &dotted, wanted);
    }
}

fn remove_within(value: &mut Spanned<DeValue<'_>>, dotted: &str, wanted: &str) {
    match value.get_mut() {
        DeValue::Table(table) => remove(table, &format!("{dotted}."), wanted),
        DeValue::Array(values) => {
            let count = values.len();
            for (index, value) in values.iter_mut().enumerate() {
                if let DeValue::Table(table) = value.get_mut() {
                    remove(table, &position::prefix(dotted, index, count), wanted);
                }
            }
        }
        _ => {}
    }
}
