//! What is found wrong or odd in the settings.

use crate::{
    app::settings::Config,
    config::{Fault, SettingKey},
    pipeline::SettingProblem,
};

/// What was found, in the order of the files.
#[derive(Default)]
pub(in crate::cli) struct Checked {
    pub(in crate::cli) errors: Vec<Fault>,
    pub(in crate::cli) warnings: Vec<Fault>,
}

impl Checked {
    pub(super) fn error(&mut self, config: &Config, key: impl Into<SettingKey>, problem: &str) {
        self.errors.push(config.places.fault(key, problem));
    }

    pub(super) fn warning(&mut self, config: &Config, key: impl Into<SettingKey>, problem: &str) {
        self.warnings.push(config.places.fault(key, problem));
    }

    /// Whether something is wrong in the line of a setting of the first file.
    pub(super) fn has_error_at(&self, config: &Config, key: &str) -> bool {
        let line = config.places.line(key);
        self.errors.iter().any(|fault| fault.line == line && fault.path == config.places.path())
    }

    /// Adds what a kind has found of the section with this number.
    pub(super) fn add_problems(&mut self, config: &Config, section: &str, index: usize, problems: Vec<SettingProblem>) {
        for SettingProblem { key, text, names_setting, is_error } in problems {
            let key = config.places.key(section, index, key);
            let text = if names_setting { text } else { format!("`{key}`{text}") };
            let fault = config.places.fault(&key, &text);
            if is_error { self.errors.push(fault) } else { self.warnings.push(fault) }
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.warnings.extend(other.warnings);
    }

    pub(super) fn sorted(mut self) -> Self {
        for faults in [&mut self.errors, &mut self.warnings] {
            faults.sort();
            faults.dedup();
        }
        self
    }
}
