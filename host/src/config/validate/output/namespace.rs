//! The namespace: one for all outputs, since it stands in the documents.

use toml::Spanned;

use crate::config::{ConfigError, position::prefix, raw, reader::Reader};

const DEFAULT: &str = "default";

/// The longest namespace, in bytes.
const LONGEST: usize = 100;

/// What the name of a data stream must not have, and `-`, which would end the namespace.
const FORBIDDEN: &str = "\\/*?\"<>|,#:- ";

pub(in crate::config) fn namespace(
    outputs: &[Spanned<raw::Output>],
    reader: &Reader<'_>,
) -> Result<String, ConfigError> {
    let mut namespace: Option<String> = None;
    for (index, output) in outputs.iter().enumerate() {
        let Some(value) = &output.get_ref().namespace else { continue };
        let prefix = prefix("output", index, outputs.len());
        let reader = reader.within(&prefix);
        let text = reader.text("namespace", value)?;
        let at = value.span().start;
        if let Some(problem) = problem(&text) {
            let problem = format!("`{}`: a namespace {problem}", reader.dotted("namespace"));
            return Err(reader.error(at, problem, Some("for example `production`")));
        }
        if namespace.as_ref().is_some_and(|other| *other != text) {
            let problem = format!("`{}` is another one than that of the outputs before", reader.dotted("namespace"));
            return Err(reader.error(at, problem, Some("the documents bear one namespace, so give the same to all")));
        }
        namespace = Some(text);
    }
    Ok(namespace.unwrap_or_else(|| DEFAULT.to_owned()))
}

/// What is wrong with a namespace.
pub(in crate::config) fn problem(text: &str) -> Option<String> {
    if let Some(character) = text.chars().find(|it| FORBIDDEN.contains(*it) || it.is_control()) {
        return Some(format!("cannot have `{}` in it", character.escape_default()));
    }
    if text.chars().any(char::is_uppercase) {
        return Some("has no capital letters".to_owned());
    }
    (text.len() > LONGEST).then(|| format!("has {LONGEST} bytes at most"))
}
