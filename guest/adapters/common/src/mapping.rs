//! The composed mapping, ready to map.

use std::{fmt, fs};

use crate::{
    Options,
    bindings::exotrace::{
        adapters::databases::{self, OpenError},
        mapping::mapper::{self, Outcome, SettingsError},
    },
};

/// The composed mapping with its settings.
pub struct Mapping {
    session: mapper::Session,
    with_id: bool,
}

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Mapped in full.
    pub mapped: usize,
    /// Mapped in part: their documents say what is wrong.
    pub failed: usize,
    /// Dropped on purpose.
    pub dropped: usize,
}

/// What the composed mapping is: its name, its version, and the ECS version of its documents.
pub fn identity() -> (String, String, String) {
    let description = mapper::describe();
    (description.name, description.mapping_version, description.ecs_version)
}

impl Mapping {
    /// Opens the databases, and a session with the other settings.
    ///
    /// # Errors
    ///
    /// When a file or a setting cannot be used; the text is for people.
    pub fn open(options: Options) -> Result<Self, String> {
        databases::open(options.geoip_city.as_deref(), options.geoip_asn.as_deref()).map_err(explain_database)?;
        let suffix_list = options.suffix_list.map(|path| {
            let read = fs::read_to_string(&path);
            read.map_err(|error| format!("could not read public suffix list `{path}`: {error}{FOLDERS}"))
        });
        let settings = mapper::Settings {
            local_domains: options.local_domains,
            preserve_original_event: options.preserve_original_event,
            tags: options.tags,
            drop_status: options.drop_status,
            fields: options.fields,
            suffix_list: suffix_list.transpose()?,
        };
        let session = mapper::Session::open(&settings).map_err(explain_setting)?;
        Ok(Self { session, with_id: options.with_id })
    }

    /// Maps records, one a line, and returns the documents, one a line.
    pub fn map(&self, records: &str, totals: &mut Totals) -> String {
        let origin = mapper::Origin { read_at: None, file: None };
        let batch = self.session.map_batch(records, &origin);
        let mut lines = batch.documents.lines();
        let mut with_ids = String::new();
        for outcome in &batch.outcomes {
            let id = match outcome {
                Outcome::Mapped(mapped) => {
                    totals.mapped += 1;
                    &mapped.id
                }
                Outcome::Failed(failed) => {
                    totals.failed += 1;
                    &failed.id
                }
                Outcome::Dropped(_) => {
                    totals.dropped += 1;
                    continue;
                }
            };
            if self.with_id {
                let document = lines.next().unwrap_or("null");
                // An id is Base64: nothing in it needs an escape.
                with_ids.extend([r#"{"_id":""#, id, r#"","document":"#, document, "}\n"]);
            }
        }
        if self.with_id { with_ids } else { batch.documents }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mapped, failed, dropped } = self;
        write!(formatter, "{} records: {mapped} mapped", mapped + failed + dropped)?;
        if *failed > 0 {
            write!(formatter, ", {failed} mapped in part (`event.kind: pipeline_error`)")?;
        }
        if *dropped > 0 {
            write!(formatter, ", {dropped} dropped on purpose")?;
        }
        Ok(())
    }
}

/// What to do when a file is not there.
const FOLDERS: &str = "\nhint: only folders that the host gives are there (`wasmtime --dir HOST::GUEST`)";

fn explain_database(error: OpenError) -> String {
    match error {
        OpenError::Unreadable(problem) => {
            format!("could not read geo database `{}`: {}{FOLDERS}", problem.path, problem.reason)
        }
        OpenError::NotADatabase(problem) => {
            format!("`{}` is not a database in MaxMind format: {}", problem.path, problem.reason)
        }
    }
}

fn explain_setting(error: SettingsError) -> String {
    let reason = match error {
        SettingsError::InvalidFields(reason) => format!("fields to add: {reason}"),
        SettingsError::ReservedField(field) => format!("field `{field}` is written by the mapping itself"),
        SettingsError::InvalidSuffixList(reason) => format!("public suffix list: {reason}"),
        SettingsError::Unsupported(setting) => format!("this mapping version has no rule for `{setting}`"),
    };
    format!("mapping refuses its settings: {reason}")
}
