//! Keys whose signatures make a component file a mapping.

use super::mapping_table::MappingTable;
use crate::{
    config::{ConfigError, ValueReader},
    support::signature::{PublicKey, TrustedKeys},
};

/// How every public key begins: the name of its algorithm in Base64.
const BEGINNING: &str = "RW";

/// How long the text of a public key is.
const LENGTH: usize = 56;

pub(super) fn keys(table: &MappingTable, reader: &ValueReader<'_>) -> Result<TrustedKeys, ConfigError> {
    const KEY: &str = "trusted_keys";
    let Some(values) = &table.trusted_keys else { return Ok(TrustedKeys::default()) };
    let dotted = reader.dotted(KEY);
    let mut keys = Vec::new();
    for value in values.get_ref() {
        let text = reader.text(KEY, value)?;
        let is_key = text.starts_with(BEGINNING) && text.len() == LENGTH;
        let text = if is_key { text } else { reader.contents(KEY, value)? };
        let key: PublicKey = text.parse().map_err(|error| {
            let problem = format!("`{dotted}`: `{}`: {error}", value.get_ref());
            reader.error(value.span().start, problem, Some("a key as `RW...`, or the `.pub` file with it"))
        })?;
        keys.push(key);
    }
    if keys.is_empty() {
        // An empty list could mean no key or any key: the operator has to say which.
        let hint = "leave it out to take mappings without a signature";
        return Err(reader.error(values.span().start, format!("`{dotted}` is empty"), Some(hint)));
    }
    Ok(TrustedKeys::new(keys))
}
