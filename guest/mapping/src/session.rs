//! A mapping with its settings: batches of records in, documents out.

use std::borrow::Cow;

use crate::{
    Geo, MappedBatch, Origin, Outcome, Settings, SettingsError, Version,
    cache::Cache,
    document::{Document, Workshop},
    failure::Failure,
    fingerprint::Fingerprint,
    json::{Buffer, decode},
    network::look_up,
    record::{Member, Property, Record},
    settings::Prepared,
};

/// How many records are read before they are written, so that the host is asked about their IP addresses all at once.
const CHUNK_RECORDS: usize = 128;

/// A mapping version with its settings. Keeps caches, and nothing that changes an answer.
pub struct Session {
    workshop: Workshop,
}

/// One line and what was read from it.
struct Line<'a, R = Result<Record<'a>, Failure>> {
    text: &'a str,
    /// Offset in the batch, in bytes.
    offset: usize,
    record: R,
}

impl<'a> Line<'a, ()> {
    fn read(self, members: &mut Vec<Member<'a>>) -> Line<'a> {
        Line { text: self.text, offset: self.offset, record: Record::parse(self.text, members) }
    }
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
        let mut outcomes = Vec::new();
        // Documents with the record in `event.original` are about five times as long as their records.
        let mut documents = Buffer::with_capacity(records.len() * 5);
        let mut lines = lines(records).peekable();
        let mut chunk = Vec::with_capacity(CHUNK_RECORDS);
        let mut members = Vec::new();
        while lines.peek().is_some() {
            chunk.extend(lines.by_ref().take(CHUNK_RECORDS).map(|line| line.read(&mut members)));
            self.ask_about_networks(&chunk, geo);
            for line in chunk.drain(..) {
                outcomes.push(self.map_line(line, &members, origin, &mut documents));
            }
            members.clear();
        }
        MappedBatch { documents: documents.into_bytes(), outcomes }
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

    fn map_line<'a>(
        &mut self,
        line: Line<'a>,
        members: &'a [Member<'a>],
        origin: &Origin,
        documents: &mut Buffer,
    ) -> Outcome {
        self.workshop.domains.trim();
        let document = match line.record {
            Ok(record) => match self.workshop.read(record, members) {
                Ok(document) => document,
                Err(reason) => return Outcome::Dropped(reason),
            },
            Err(failure) => Document::broken(failure),
        };
        let outcome = self.workshop.write(document, line.text, line.offset, origin, documents);
        documents.push(b'\n');
        outcome
    }
}

fn lines(records: &str) -> impl Iterator<Item = Line<'_, ()>> {
    let mut offset = 0;
    records.split_inclusive('\n').filter_map(move |whole| {
        let start = offset;
        offset += whole.len();
        let text = whole.strip_suffix('\n').unwrap_or(whole);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let is_blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        (!is_blank).then_some(Line { text, offset: start, record: () })
    })
}
