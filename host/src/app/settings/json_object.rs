//! A table of the settings as a JSON object.

use serde_json::{Map, Value};

use crate::config::{ValueReader, environment::expand};

/// How deep values may be nested: Elasticsearch takes 20 levels.
const DEEPEST: usize = 20;

/// Whether names may have dots in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DottedNames {
    Allowed,
    Refused,
}

/// What of a table has no place in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson {
    /// The dotted name of the value.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) problem: &'static str,
}

/// A table as JSON, with the variables of the environment in place.
pub(super) fn json_object(
    table: &toml::Table,
    dotted: DottedNames,
    reader: &ValueReader<'_>,
) -> Result<Map<String, Value>, NotJson> {
    Conversion { dotted, reader }.object(table, "", DEEPEST)
}

struct Conversion<'r> {
    dotted: DottedNames,
    reader: &'r ValueReader<'r>,
}

impl Conversion<'_> {
    fn object(&self, table: &toml::Table, prefix: &str, depth: usize) -> Result<Map<String, Value>, NotJson> {
        let mut object = Map::new();
        for (key, found) in table {
            let name = format!("{prefix}{key}");
            if self.dotted == DottedNames::Refused && (key.is_empty() || key.contains('.')) {
                return Err(NotJson { name, problem: "has a dot in its name, or none; nest tables instead" });
            }
            object.insert(key.clone(), self.value(found, &name, depth)?);
        }
        Ok(object)
    }

    fn value(&self, found: &toml::Value, name: &str, depth: usize) -> Result<Value, NotJson> {
        let refuse = |problem| NotJson { name: name.to_owned(), problem };
        let Some(depth) = depth.checked_sub(1) else { return Err(refuse("is nested too deep")) };
        Ok(match found {
            toml::Value::String(text) => {
                let text = expand(text, &|variable| self.reader.variable(variable));
                Value::String(text.map_err(|_| refuse("names a variable of the environment that is not set"))?)
            }
            toml::Value::Integer(number) => Value::from(*number),
            toml::Value::Float(number) if number.is_finite() => Value::from(*number),
            toml::Value::Float(_) => return Err(refuse("is not a number that JSON has")),
            toml::Value::Boolean(is_so) => Value::from(*is_so),
            toml::Value::Datetime(_) => return Err(refuse("is a date; put it in quotes")),
            toml::Value::Array(elements) => {
                let values = elements.iter().map(|element| self.value(element, name, depth));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            toml::Value::Table(table) => Value::Object(self.object(table, &format!("{name}."), depth)?),
        })
    }
}
