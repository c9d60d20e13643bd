//! The composed mapping, ready to map.

use std::{fmt, fs};

use crate::{
    bindings::exotrace::{
        adapters::databases::{self, OpenError},
        mapping::mapper::{self, Outcome, SettingsError},
    },
    options::Options,
    privacy_key,
    unmapped::{LineRun, line_runs, unmapped},
};

/// The composed mapping with its settings.
pub struct Mapping {
    session: mapper::Session,
    with_id: bool,
    hides_people: bool,
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

/// What the composed mapping is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The name of the schema of its documents, such as `ecs`.
    pub schema: String,
    /// The version of that schema.
    pub schema_version: String,
    /// JSON Schema of its own settings, if it has any.
    pub options_schema: Option<String>,
}

/// What the composed mapping is.
pub fn identity() -> Identity {
    let mapper::Description { name, mapping_version, schema, options_schema, .. } = mapper::describe();
    Identity { name, version: mapping_version, schema: schema.name, schema_version: schema.version, options_schema }
}

impl Mapping {
    /// Opens the databases, and a session with the other settings.
    ///
    /// # Errors
    ///
    /// When a file or a setting cannot be used; the text is for people.
    pub fn open(options: Options) -> Result<Self, String> {
        let (mapping, unusable) = Self::open_without_unusable(options, FOLDERS)?;
        unusable.into_iter().next().map_or(Ok(mapping), Err)
    }

    /// The same without the files that cannot be used, and what is wrong with each of them, for people. The hint
    /// stands behind what cannot be read.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used.
    pub fn open_without_unusable(options: Options, hint: &str) -> Result<(Self, Vec<String>), String> {
        let mut unusable = Vec::new();
        open_databases(options.geoip_city, options.geoip_asn, hint, &mut unusable);
        let suffix_list = options.suffix_list.and_then(|path| {
            let read = fs::read_to_string(&path);
            let read = read.map_err(|error| format!("could not read public suffix list `{path}`: {error}\n{hint}"));
            read.map_err(|problem| unusable.push(problem)).ok()
        });
        let tenant = (options.tenant_id.is_some() || options.tenant_name.is_some()).then(|| mapper::Tenant {
            id: options.tenant_id.map(|id| id.to_lowercase()).unwrap_or_default(),
            name: options.tenant_name,
        });
        let settings = mapper::Settings {
            tenant,
            local_domains: options.local_domains,
            preserve_original_event: options.preserve_original_event,
            tags: options.tags,
            drop_status: options.drop_status,
            fields: options.fields,
            suffix_list,
            options: options.options,
            // Without its key nothing is mapped: what is to be hidden would show.
            pseudonym_key: privacy_key::read(options.privacy_key_file.as_deref(), options.privacy_key.as_ref(), hint)?,
            previous_pseudonym_key: None,
        };
        let hides_people = settings.pseudonym_key.is_some();
        let session = mapper::Session::open(&settings).map_err(explain_setting)?;
        Ok((Self { session, with_id: options.with_id, hides_people }, unusable))
    }

    /// Maps the records of a body, one a line, and returns the documents, one a line. A line that is not text becomes a
    /// document that says so.
    pub fn map_body(&self, body: &[u8], totals: &mut Totals) -> String {
        let mut documents = String::new();
        for run in line_runs(body) {
            match run {
                LineRun::Text(records) => documents.push_str(&self.map(records, totals)),
                LineRun::NotText(line, byte) => {
                    totals.failed += 1;
                    let error = format!("record is not UTF-8 at byte {byte}");
                    let document = unmapped(&String::from_utf8_lossy(line), &error, self.hides_people);
                    if self.with_id {
                        documents.extend([r#"{"_id":null,"document":"#, document.trim_end(), "}\n"]);
                    } else {
                        documents.push_str(&document);
                    }
                }
            }
        }
        documents
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
const FOLDERS: &str = "hint: only folders that the host gives are there (`wasmtime --dir HOST::GUEST`)";

/// Opens those of the databases that can be used, and adds what is wrong with the others.
fn open_databases(mut city: Option<String>, mut asn: Option<String>, hint: &str, unusable: &mut Vec<String>) {
    while let Err(error) = databases::open(city.as_deref(), asn.as_deref()) {
        let (OpenError::Unreadable(problem) | OpenError::NotADatabase(problem)) = &error;
        // The City database is opened first.
        let failed = if city.as_ref() == Some(&problem.path) { &mut city } else { &mut asn };
        if failed.take().is_none() {
            break;
        }
        unusable.push(explain_database(&error, hint));
    }
}

fn explain_database(error: &OpenError, hint: &str) -> String {
    match error {
        OpenError::Unreadable(problem) => {
            format!("could not read geo database `{}`: {}\n{hint}", problem.path, problem.reason)
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
        SettingsError::InvalidOptions(reason) => match reason.split_once(": ") {
            Some((pointer, problem)) if pointer.starts_with('/') => format!("options at `{pointer}`: {problem}"),
            _ => format!("options: {}", reason.trim_start_matches(": ")),
        },
        SettingsError::InvalidPseudonymKey(reason) => format!("key of pseudonyms: {reason}"),
    };
    format!("mapping refuses its settings: {reason}")
}
