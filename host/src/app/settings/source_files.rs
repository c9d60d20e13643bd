//! Files with sources beside the settings, as a rule one for each tenant: which ones there are, and what is in them.

use std::{
    io,
    path::{Path, PathBuf},
};

use toml::Spanned;

use super::{synonyms, table::SourceFileTable};
use crate::{
    config::{ConfigError, Document, Faults, Setting, ValueReader},
    support::{
        file_watch::{WatchedFiles, visible_files},
        plain_file::{self, MAX_SETTINGS_BYTES},
    },
};

/// How the names of the files end.
const EXTENSION: &str = "toml";

/// The files of `sources_dir`, in the order of their names.
#[derive(Default)]
pub(super) struct SourceFiles {
    pub(super) files: Vec<SourceFile>,
    /// As they were before they were read.
    pub(super) watched: WatchedFiles,
}

/// A file with sources.
pub(super) struct SourceFile {
    path: PathBuf,
    /// What it is called, without the end that all have.
    pub(super) name: String,
    text: io::Result<String>,
}

impl SourceFiles {
    /// Those in the folder that the settings name, if they name one. What cannot be read is noted and left out.
    pub(super) fn read(sources_dir: &Setting<String>, reader: &ValueReader<'_>) -> Self {
        let Some(value) = sources_dir else { return Self::default() };
        let Ok(folder) = reader.file("sources_dir", value) else { return Self::default() };
        // Before they are read, so that a change during the reading counts.
        let watched = WatchedFiles::of_folder(folder.clone(), EXTENSION);
        let paths = paths(&folder, value, reader).unwrap_or_default();
        Self { files: paths.into_iter().map(SourceFile::new).collect(), watched }
    }
}

fn paths(folder: &Path, value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<Vec<PathBuf>, ConfigError> {
    visible_files(folder, EXTENSION).map_err(|error| {
        let problem = format!("`sources_dir`: could not read the folder `{}`: {error}", value.get_ref());
        // Nobody knows whether there is any.
        reader.spoil("source");
        reader.error(value.span().start, problem, Some("make it, or leave `sources_dir` out"))
    })
}

impl SourceFile {
    fn new(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = plain_file::text(&path, MAX_SETTINGS_BYTES);
        Self { path, name, text }
    }

    /// Has the sources in it read, and notes what is wrong with it, in `settings` as well.
    pub(super) fn read(&self, settings: &ValueReader<'_>, read: impl FnOnce(&Document<'_>, &ValueReader<'_>)) {
        let faults = Faults::default();
        let text = self.text.as_deref().unwrap_or_default();
        let reader = settings.of_file(text, &self.path, &faults);
        if let Err(error) = &self.text {
            drop(reader.error(0, format!("could not read this file: {error}"), None));
        } else if let Some(document) = Document::parse(&reader)
            && let Some(table) = document.read::<SourceFileTable>(&synonyms::of_source_file, &reader)
        {
            if table.source.is_empty() {
                let hint = "a file of `sources_dir` has one source at least; remove it when there is none any more";
                drop(reader.missed("source", 0, "there is no `[[source]]`".to_owned(), Some(hint)));
            }
            read(&document, &reader);
        }
        settings.take_over(faults, text, &self.path);
    }
}
