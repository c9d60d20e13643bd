//! From text to settings as they stand in the file: what is wrong is noted and left out, so that the rest is looked at
//! as well.

use serde::Deserialize as _;
use toml::{
    Deserializer, Spanned,
    de::{DeTable, DeValue},
};

use super::{kinds, other_formats, position, raw, reader::Reader, toml_error};

/// Who has made more mistakes of form has another file at hand.
const MOST_FAULTS: usize = 100;

/// Reads the settings; none when nothing can be made of them.
pub(super) fn settings(text: &str, reader: &Reader<'_>) -> Option<raw::Settings> {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        let at = error.span().map_or(0, |span| span.start);
        match other_formats::guess(text) {
            Some(format) => {
                let hint =
                    "`key = \"value\"`, and `[[source]]` or `[[output]]` for a section; see the README, Settings";
                drop(reader.error(at, format!("settings are TOML, and this looks like {format}"), Some(hint)));
            }
            None => drop(toml_error::explain(error, text, &table, reader)),
        }
        return None;
    }
    for _ in 0..MOST_FAULTS {
        let error = match raw::Settings::deserialize(Deserializer::from(table.clone())) {
            Ok(settings) => return Some(settings),
            Err(error) => error,
        };
        drop(toml_error::explain(&error, text, &table, reader));
        let at = error.span()?.start;
        let key = position::dotted_key_in(&table, at)?;
        reader.spoil(&key);
        remove(table.get_mut(), "", &key);
    }
    None
}

/// Removes what has this dotted key.
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

/// The `type` of the section that a dotted key is in, as in `output[2].urls`, and the name of that section.
pub(super) fn section<'k>(table: &DeTable<'_>, key: &'k str) -> (&'k str, Option<String>) {
    let (place, _) = key.rsplit_once('.').unwrap_or(("", key));
    let (name, index) = match place.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().map_or(0, |number| number - 1)),
        None => (place, 0),
    };
    let kind = match table.get(name).map(Spanned::get_ref) {
        Some(DeValue::Array(values)) => match values.get(index).map(Spanned::get_ref) {
            Some(DeValue::Table(section)) => section.get("type").and_then(|kind| kind.get_ref().as_str()),
            _ => None,
        },
        _ => None,
    };
    (name, kind.filter(|kind| kinds::is_known(name, kind)).map(str::to_owned))
}
