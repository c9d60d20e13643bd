//! Files: those that settings name, and other files with settings.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::ValueReader;
use crate::{
    config::{environment::unexpanded, error::ConfigError, faults::Faults, setting::Setting},
    support::{
        plain_file::{self, MAX_SECRET_BYTES},
        secret_file,
    },
};

impl<'a> ValueReader<'a> {
    /// The same for another file.
    pub(crate) fn of_file<'f>(&self, text: &'f str, path: &'f Path, faults: &'f Faults) -> ValueReader<'f>
    where
        'a: 'f,
    {
        ValueReader { text, path, variable: self.variable, prefix: "", faults }
    }

    /// The file.
    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// Notes what was found in another file, which is used as well.
    pub(crate) fn take_over(&self, file: Faults, text: &str, path: &Path) {
        self.faults.take_over(file, text, path);
    }

    /// The contents of a file that a setting names.
    pub(crate) fn contents(&self, key: &str, value: &Spanned<String>) -> Result<String, ConfigError> {
        let file = self.file(key, value)?;
        plain_file::text(&file, MAX_SECRET_BYTES).map_err(|error| {
            // As written: a secret put here by mistake must not show.
            let problem = format!("`{}`: could not read `{}`: {error}", self.dotted(key), value.get_ref());
            self.error(value.span().start, problem, None)
        })
    }

    /// A file that a secret is read from, which is to be its owner's alone.
    pub(crate) fn note_secret_file(&self, key: &str, file: &Path) {
        self.faults.note_secret_file(self.dotted(key), file.to_owned());
    }

    /// A file with a secret in it, in any form.
    pub(crate) fn optional_secret_file(
        &self,
        key: &str,
        value: &Setting<String>,
    ) -> Result<Option<PathBuf>, ConfigError> {
        let Some(value) = value else { return Ok(None) };
        let file = self.file(key, value)?;
        self.note_secret_file(key, &file);
        Ok(Some(file))
    }

    /// A file with a secret as its text, which is read again when it changes. It has to be there from the start.
    pub(crate) fn secret_file(&self, key: &str, value: &Spanned<String>) -> Result<PathBuf, ConfigError> {
        let file = self.file(key, value)?;
        self.note_secret_file(key, &file);
        match secret_file::read(&file) {
            Ok(secret) => self.plain_secret(key, value, secret).map(|_| file),
            Err(error) => {
                // As written: a secret put here by mistake must not show.
                let problem = format!("`{}`: could not read `{}`: {error}", self.dotted(key), value.get_ref());
                Err(self.error(value.span().start, problem, None))
            }
        }
    }

    /// A path; a relative one is relative to the folder of the settings.
    pub(crate) fn file(&self, key: &str, value: &Spanned<String>) -> Result<PathBuf, ConfigError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let text = self.text(key, value)?;
        if let Some(written) = unexpanded(value.get_ref()) {
            let problem =
                format!("`{}`: `{written}` is not put in, so that it is a part of the name", self.dotted(key));
            self.warning(value.span().start, problem, Some("write the path in full, or `${NAME}` for a variable"));
        }
        Ok(folder.join(text))
    }

    pub(crate) fn optional_file(&self, key: &str, value: &Setting<String>) -> Result<Option<PathBuf>, ConfigError> {
        value.as_ref().map(|value| self.file(key, value)).transpose()
    }
}
