//! A mapping with its settings: batches of records in, documents out.

use memchr::memchr_iter;

use crate::{
    context::MappingContext,
    details_record::{DetailsLine, DetailsRecord},
    document::{Document, IdPlaces, PendingOutcome},
    documents::Documents,
    endpoint::EndpointNetworks,
    failure::Failure,
    json::{Raw, decode},
    key_layout::KeyLayout,
    network::{Geo, KnownNetwork, NetworkRules, look_up},
    outcome::{DropReason, MappedBatch, Origin, Outcome},
    property::Property,
    read::{drop_reason, read},
    record::{Record, RecordMember},
    record_index::RecordIndex,
    session_settings::SessionSettings,
    settings::{Settings, SettingsError},
    version::{RecordKind, Version},
    write::{write, write_details},
};

/// How many records are read before they are written, so that the host is asked about their IP addresses all at once.
const CHUNK_RECORDS: usize = 128;

/// A mapping version with its settings. Keeps caches, and nothing that changes an answer.
pub struct Session {
    context: MappingContext,
}

/// One line and what was read from it.
#[derive(Default)]
struct Line<'a> {
    text: &'a str,
    /// Offset in the batch, in bytes.
    offset: usize,
    index: RecordIndex,
    /// The steps of the delivery, if the line has them beside its record.
    details: Option<DetailsRecord<'a>>,
    /// Why the line is no record, if it is none.
    failure: Option<Failure>,
    /// Where the networks of both ends are.
    networks: EndpointNetworks,
}

impl Session {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// When a setting cannot be used; the error says which and why.
    pub fn open(version: &'static Version, settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self { context: MappingContext::new(version, SessionSettings::new(version, settings)?) })
    }

    /// Maps records, one JSON object a line. Lines with nothing but white space, control characters and byte order
    /// marks are no records and have no outcome.
    pub fn map_batch(&mut self, records: &str, origin: &Origin, geo: &mut dyn Geo) -> MappedBatch {
        let mut outcomes = Vec::new();
        let mut documents = Documents::of(records);
        let mut lines = lines(records).peekable();
        let mut chunk: Vec<Line<'_>> = Vec::new();
        let mut members = Vec::new();
        let mut layout = KeyLayout::default();
        let maps_details = self.context.version.record_kinds.contains(&RecordKind::Details);
        let mut pending = Vec::new();
        while lines.peek().is_some() {
            let mut count = 0;
            for (offset, text) in lines.by_ref().take(CHUNK_RECORDS) {
                if count == chunk.len() {
                    chunk.push(Line::default());
                }
                // Read into its place: moving it there would cost WebAssembly a call.
                let line = &mut chunk[count];
                (line.offset, line.text) = (offset, text);
                line.failure = line.index.read(text, &mut layout, &mut members).err();
                line.details = None;
                if maps_details && line.failure.is_none() && !line.index.has(Property::Received) {
                    read_details(line, &mut layout, &mut members);
                }
                count += 1;
            }
            let chunk = &mut chunk[..count];
            self.ask_about_networks(chunk, &members, geo);
            for line in chunk {
                pending.push(self.map_line(line, &members, origin, &mut documents));
            }
            self.finish(pending.drain(..), &mut documents, &mut outcomes);
            members.clear();
        }
        MappedBatch { documents: documents.into_bytes(), outcomes }
    }

    /// Gives every document of a chunk its ids.
    fn finish(
        &mut self,
        pending: impl Iterator<Item = Result<PendingOutcome, DropReason>>,
        documents: &mut Documents,
        outcomes: &mut Vec<Outcome>,
    ) {
        let ids = self.context.ids.take();
        let (mut ids, mut delivery_ids) = (ids.documents.into_iter(), ids.deliveries.into_iter());
        outcomes.extend(pending.map(|pending| match pending {
            Ok(pending) => {
                let id = ids.next().unwrap_or_default();
                let delivery_id = if pending.has_delivery { delivery_ids.next() } else { None };
                let IdPlaces { document, delivery } = pending.id_places;
                for (place, id) in [(document, Some(&id)), (delivery, delivery_id.as_ref())] {
                    if let (Some(place), Some(id)) = (place, id) {
                        documents.replace(place, id.as_bytes());
                    }
                }
                pending.with_ids(id, delivery_id)
            }
            Err(reason) => Outcome::Dropped(reason),
        }));
    }

    fn ask_about_networks(&mut self, chunk: &mut [Line<'_>], members: &[RecordMember<'_>], geo: &mut dyn Geo) {
        let MappingContext { networks, version, settings, .. } = &mut self.context;
        networks.trim();
        let rules = NetworkRules {
            layout: version.layout,
            placeholders_are_absent: version.placeholder_ips_are_absent,
            privacy: settings.privacy.as_ref(),
        };
        let mut unasked = Vec::new();
        for line in chunk {
            let record = if line.failure.is_some() { Record::NONE } else { line.index.record(members) };
            let mut find = |property| {
                let raw = record.get(property).present().filter(Raw::is_string)?;
                let address = decode(&raw);
                let (place, is_new) = networks.find_or_insert(&address, || rules.classify(&address));
                if is_new && matches!(networks.get(place), KnownNetwork::Unasked) {
                    unasked.push((place, address));
                }
                Some(place)
            };
            line.networks = EndpointNetworks { source: find(Property::FromIp), destination: find(Property::ToIp) };
        }
        look_up(networks, &unasked, rules, geo);
    }

    fn map_line(
        &mut self,
        line: &Line<'_>,
        members: &[RecordMember<'_>],
        origin: &Origin,
        documents: &mut Documents,
    ) -> Result<PendingOutcome, DropReason> {
        let context = &mut self.context;
        context.addresses.trim();
        context.domains.trim();
        match &line.failure {
            None => {
                let record = line.record(members);
                if let Some(reason) = drop_reason(context, &record) {
                    return Err(reason);
                }
                let mut document = read(context, record, line.networks);
                match &line.details {
                    None => Ok(write(context, &document, line.text, line.offset, origin, documents)),
                    Some(details) => {
                        let delivery = details.read(&mut document);
                        let lines = DetailsLine { line: line.text, record: details.trace.text, offset: line.offset };
                        Ok(write_details(context, &document, &delivery, lines, origin, documents))
                    }
                }
            }
            Some(failure) => {
                let document = Document::broken(failure.clone());
                Ok(write(context, &document, line.text, line.offset, origin, documents))
            }
        }
    }
}

impl Line<'_> {
    /// The record, or what stands for it when it is none.
    fn record<'a>(&'a self, members: &'a [RecordMember<'a>]) -> Record<'a> {
        if self.failure.is_some() { Record::NONE } else { self.index.record(members) }
    }
}

/// Reads the record of a line that has the steps of its delivery beside it; any other line is left as it is.
#[inline(never)]
fn read_details<'a>(line: &mut Line<'a>, layout: &mut KeyLayout<'a>, members: &mut Vec<RecordMember<'a>>) {
    let own = line.index.take_back(members);
    let Some(details) = DetailsRecord::find(&own) else {
        members.extend(own);
        return;
    };
    line.failure = line.index.read(details.trace.text, layout, members).err();
    line.details = Some(details);
}

/// The lines with something in them, each with its offset in bytes.
fn lines(records: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', records.as_bytes()).chain([records.len()]);
    ends.filter_map(move |end| {
        let offset = start;
        start = end + 1;
        let text = records.get(offset..end)?;
        let text = text.strip_suffix('\r').unwrap_or(text);
        let is_blank = |it: char| it.is_whitespace() || it.is_control() || it == '\u{feff}';
        (!text.chars().all(is_blank)).then_some((offset, text))
    })
}
