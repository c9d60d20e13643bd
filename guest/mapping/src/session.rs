//! A mapping with its settings: batches of records in, documents out.

use std::borrow::Cow;

use crate::{
    Geo, MappedBatch, Origin, Outcome, Settings, SettingsError, Version,
    cache::Cache,
    document::{Document, Workshop},
    failure::Failure,
    fingerprint::Fingerprint,
    json::decode,
    network::look_up,
    record::{Property, Record},
    settings::Prepared,
};

/// How many records are read before they are written, so that the host is asked about their IP addresses all at once.
const CHUNK_RECORDS: usize = 128;

/// A mapping version with its settings. Keeps caches, and nothing that changes an answer.
pub struct Session {
    workshop: Workshop,
}

/// One line and what was read from it.
struct Line<'a> {
    text: &'a str,
    /// Offset in the batch, in bytes.
    offset: usize,
    record: Result<Record<'a>, Failure>,
}

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used; the error says which and why.
    pub fn open(version: &'static Version, settings: &Settings) -> Result<Self, SettingsError> {
        let settings = Prepared::new(version, settings)?;
        let workshop = Workshop {
            version,
            settings,
            networks: Cache::new(),
            domains: Cache::new(),
            fingerprint: Fingerprint::default(),
        };
        Ok(Self { workshop })
    }

    /// Maps records, one JSON object a line. Lines of white space alone are no records and have no outcome.
    pub fn map_batch(&mut self, records: &str, origin: &Origin, geo: &mut dyn Geo) -> MappedBatch {
        let mut batch = MappedBatch { documents: String::with_capacity(records.len() * 5), outcomes: Vec::new() };
        let mut lines = lines(records).peekable();
        let mut chunk = Vec::with_capacity(CHUNK_RECORDS);
        while lines.peek().is_some() {
            chunk.extend(lines.by_ref().take(CHUNK_RECORDS));
            self.ask_about_networks(&chunk, geo);
            for line in chunk.drain(..) {
                let outcome = self.map_line(line, origin, &mut batch.documents);
                batch.outcomes.push(outcome);
            }
        }
        batch
    }

    fn ask_about_networks(&mut self, chunk: &[Line<'_>], geo: &mut dyn Geo) {
        let networks = &mut self.workshop.networks;
        networks.trim();
        let mut unknown: Vec<Cow<'_, str>> = Vec::new();
        for record in chunk.iter().filter_map(|line| line.record.as_ref().ok()) {
            for property in [Property::FromIp, Property::ToIp] {
                let Some(raw) = record.get(property).present().filter(|raw| raw.is_string()) else { continue };
                let address = decode(&raw);
                if networks.find(&address).is_none() {
                    unknown.push(address);
                }
            }
        }
        look_up(networks, unknown.iter().map(AsRef::as_ref), geo);
    }

    fn map_line(&mut self, line: Line<'_>, origin: &Origin, documents: &mut String) -> Outcome {
        self.workshop.domains.trim();
        let document = match line.record {
            Ok(record) => match self.workshop.read(record) {
                Ok(document) => document,
                Err(reason) => return Outcome::Dropped(reason),
            },
            Err(failure) => Document::broken(failure),
        };
        let outcome = self.workshop.write(document, line.text, line.offset, origin, documents);
        documents.push('\n');
        outcome
    }
}

fn lines(records: &str) -> impl Iterator<Item = Line<'_>> {
    let mut offset = 0;
    records.split_inclusive('\n').filter_map(move |whole| {
        let start = offset;
        offset += whole.len();
        let text = whole.strip_suffix('\n').unwrap_or(whole);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let is_blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        (!is_blank).then(|| Line { text, offset: start, record: Record::parse(text) })
    })
}
