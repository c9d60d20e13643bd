//! Why a mapping does not take its settings.

use crate::support::property::RecordKind;

/// Why a mapping does not take its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsRefusal {
    /// The fields to add are not a JSON object.
    #[error("fields to add: {0}")]
    InvalidFields(String),
    /// A field to add is one that the mapping writes.
    #[error("field `{0}` is written by the mapping itself")]
    ReservedField(String),
    /// The public suffix list is none.
    #[error("public suffix list: {0}")]
    InvalidSuffixList(String),
    /// The mapping has no rule for a setting.
    #[error("this mapping version has no rule for `{0}`")]
    Unsupported(String),
    /// The mapping's own settings are wrong.
    #[error("options{}: {problem}", at(pointer))]
    InvalidOptions {
        /// JSON pointer to what is wrong; empty: all of it.
        pointer: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The mapping does not map records of a kind that it has to.
    #[error(
        "this mapping version does not map records of kind `{}`\n\
         hint: `mapping.version = \"3.0\"` does; or leave the setting out",
        .0.as_str()
    )]
    UnsupportedKind(RecordKind),
    /// The settings have a profile that hides people, and the mapping has none.
    #[error("this mapping cannot hide people\nhint: 3.0 and later can: `version = \"3.0\"`")]
    CannotHide,
    /// A key of pseudonyms is wrong.
    #[error("key of pseudonyms: {0}")]
    InvalidPseudonymKey(String),
    /// The version of the contract that the mapping was built for has no such setting.
    #[error(
        "it was built for version `{contract}` of the contract, which has no `{setting}`\n\
         hint: leave `{setting}` out, or use a mapping built for version `0.2.0` or later"
    )]
    OtherContract {
        /// The setting.
        setting: &'static str,
        /// The version of the contract.
        contract: String,
    },
}

impl SettingsRefusal {
    /// Takes apart what a mapping says of its options: a JSON pointer, a colon, a blank, and what is wrong.
    pub(super) fn of_options(text: &str) -> Self {
        let (pointer, problem) = match text.split_once(": ") {
            Some((pointer, problem)) if pointer.is_empty() || pointer.starts_with('/') => (pointer, problem),
            _ => ("", text),
        };
        Self::InvalidOptions { pointer: pointer.to_owned(), problem: problem.to_owned() }
    }
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at `{pointer}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_options_is_taken_apart() {
        for (text, expected) in [
            ("/a/b: is too long", "options at `/a/b`: is too long"),
            (": is not an object", "options: is not an object"),
            ("is not an object", "options: is not an object"),
            ("a: b", "options: a: b"),
            ("/a: b: c", "options at `/a`: b: c"),
        ] {
            assert_eq!(SettingsRefusal::of_options(text).to_string(), expected, "{text}");
        }
    }
}
