//! What a kind finds about one of its settings.

/// Something about a setting that cannot be used, or is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingProblem {
    /// The setting, without its section.
    pub key: &'static str,
    /// What is the matter; what follows the dotted key. May end with a `hint:` line.
    pub text: String,
    /// Whether the text names the setting already.
    pub names_setting: bool,
    /// Whether a run would fail.
    pub is_error: bool,
}

impl SettingProblem {
    /// A run would fail; `text` follows the dotted key, as in `KEY: TEXT`.
    pub(crate) fn error(key: &'static str, text: &str) -> Self {
        Self { key, text: format!(": {text}"), names_setting: false, is_error: true }
    }

    /// It is probably not meant; `text` follows the dotted key.
    pub(crate) fn warning(key: &'static str, text: &str) -> Self {
        Self { key, text: text.to_owned(), names_setting: false, is_error: false }
    }
}
