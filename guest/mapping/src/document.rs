//! One document: first everything is found out, then it is written from front to back.

mod event;
mod mail;
mod party;
mod read;
mod user;

use std::ops::Range;

use crate::{
    Origin, Outcome, Version,
    address::Address,
    bytes::Bytes,
    cache::Cache,
    date::Instant,
    domain::Domain,
    failure::{Failure, FailureReason},
    fingerprint::Fingerprints,
    json::{Buffer, copy_pruned, push_key},
    network::Networks,
    record::{Member, Record},
    settings::{PRESERVE_TAG, Prepared},
    version::ECS_VERSION,
};
use event::EventDates;
use mail::push_mail;
pub(crate) use party::Ends;
use party::Party;

/// How much room a document gets to begin with, in bytes, beside four times the length of its record: the record itself,
/// once more in fields of its own, and, with its quotes escaped, in `event.original`.
const ROOM_BYTES: usize = 4096;

/// All that is needed to make documents, and is kept from one to the next.
pub(crate) struct Workshop {
    pub(crate) version: &'static Version,
    pub(crate) settings: Prepared,
    pub(crate) networks: Networks,
    pub(crate) addresses: Cache<Address>,
    pub(crate) domains: Cache<Domain>,
    pub(crate) fingerprints: Fingerprints,
}

/// What is known about a document before it is written.
pub(crate) struct Document<'a> {
    record: Record<'a>,
    /// Whether there is a record at all.
    is_record: bool,
    source: Party,
    destination: Party,
    direction: Option<Direction>,
    received: Option<Instant>,
    dates: EventDates,
    failures: Vec<Failure>,
}

/// What became of a document, but for its id, which is worked out for several at a time.
pub(crate) struct Written {
    timestamp: Option<i64>,
    /// In bytes.
    length: usize,
    failure: Option<FailureReason>,
}

impl Written {
    pub(crate) fn outcome(self, id: String) -> Outcome {
        let Self { timestamp, length, failure } = self;
        match (failure, timestamp) {
            (None, Some(timestamp)) => Outcome::Mapped { id, timestamp, length },
            // Without a date there is a failure that says so.
            _ => Outcome::Failed { id, timestamp, reason: failure.unwrap_or(FailureReason::MissingDate), length },
        }
    }
}

/// `email.direction` (mapping-spec.md, section 2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Inbound,
    Outbound,
    Internal,
    External,
}

impl<'a> Document<'a> {
    /// The document of a line that is no record: it says why, and keeps the line.
    pub(crate) fn broken(failure: Failure) -> Self {
        Self {
            record: Record::NONE,
            is_record: false,
            source: Party::default(),
            destination: Party::default(),
            direction: None,
            received: None,
            dates: EventDates::default(),
            failures: vec![failure],
        }
    }
}

impl Workshop {
    /// Writes a document; `line` is the record's own text, `offset` where it begins in its batch.
    pub(crate) fn write(
        &mut self,
        document: &Document<'_>,
        line: &str,
        offset: usize,
        origin: &Origin,
        out: &mut Bytes,
    ) -> Written {
        let start = out.len();
        let mut room = ROOM_BYTES + 4 * line.len();
        let length = loop {
            let mut buffer = Buffer::new(out.room(room));
            self.push_document(&mut buffer, document, line, offset, origin);
            if let Some(length) = buffer.finished() {
                break length;
            }
            out.truncate(start);
            room *= 2;
        };
        out.truncate(start + length);
        self.take_fingerprint(document, line);
        let failure = document.failures.first().map(|failure| failure.reason);
        Written { timestamp: document.received.map(Instant::milliseconds), length, failure }
    }

    #[inline(always)]
    fn push_document(&self, out: &mut Buffer<'_>, document: &Document<'_>, line: &str, offset: usize, origin: &Origin) {
        let addresses = self.addresses(&document.source, &document.destination);
        let start = out.len();
        out.push(b'{');
        let read_at = origin.read_at.and_then(Instant::from_milliseconds);
        if let Some(timestamp) = document.received.or(read_at) {
            out.push_ascii(br#""@timestamp":""#);
            out.push_ascii(timestamp.text());
            out.push_ascii(b"\",");
        }
        self.push_party(out, r#""destination":{"#, &document.destination);
        out.push_ascii(br#""ecs":{"version":""#);
        out.push_str(ECS_VERSION);
        out.push_ascii(b"\"},");
        push_mail(out, document, &addresses);
        push_failures(out, &document.failures);
        self.push_event(out, document, line, origin);
        self.push_log(out, offset, origin);
        push_record(out, document.record.members(), line);
        user::push_related(out, &addresses);
        self.push_party(out, r#""source":{"#, &document.source);
        self.push_tags(out, !document.failures.is_empty());
        user::push_user(out, document.direction, &addresses);
        out.push_str(&self.settings.fields.document);
        out.close(start, b"}");
        out.pop(); // the comma
    }

    /// `log.file.path` and `log.offset`, when the record comes from a file (section 4).
    #[inline(always)]
    fn push_log(&self, out: &mut Buffer<'_>, offset: usize, origin: &Origin) {
        let start = out.len();
        out.push_ascii(br#""log":{"#);
        if let Some(file) = &origin.file {
            let offset = (file.offset + offset as u64).to_string();
            out.push_ascii(br#""file":{"path":"#);
            out.push_string(&file.path);
            out.push_ascii(br#"},"offset":"#);
            out.push_str(&offset);
            out.push(b',');
        }
        out.push_str(&self.settings.fields.log);
        out.close(start, b"}");
    }

    #[inline(always)]
    fn push_tags(&self, out: &mut Buffer<'_>, has_failed: bool) {
        let start = out.len();
        out.push_ascii(br#""tags":["#);
        out.push_str(&self.settings.tags);
        if has_failed && self.version.tags_failures && !self.settings.preserve_original_event {
            out.push_string(PRESERVE_TAG);
            out.push(b',');
        }
        out.close(start, b"]");
    }
}

#[inline(always)]
fn push_failures(out: &mut Buffer<'_>, failures: &[Failure]) {
    if failures.is_empty() {
        return;
    }
    let start = out.len();
    out.push_ascii(br#""error":{"message":["#);
    for failure in failures {
        out.push_string(&failure.message);
        out.push(b',');
    }
    out.close(start, b"]}");
}

/// The record as it came, under its own names, without what is empty (rows 3, 3b and 32).
#[inline(always)]
fn push_record(out: &mut Buffer<'_>, members: &[Member<'_>], line: &str) {
    let start = out.len();
    out.push_ascii(br#""microsoft":{"online_message_trace":{"#);
    let mut members = members.iter().peekable();
    while let Some(member) = members.next() {
        if member.is_verbatim() {
            // Nothing but a comma stands between members that are next to each other: all of them are copied at once.
            let Range { start, mut end } = member.json.place;
            while let Some(next) = members.next_if(|next| next.json.place.start == end + 1 && next.is_verbatim()) {
                end = next.json.place.end;
            }
            out.push_str(line.get(start..end).unwrap_or_default());
            out.push(b',');
            continue;
        }
        if member.json.value.is_empty() {
            continue;
        }
        let before = out.len();
        push_key(out, &member.key());
        if copy_pruned(out, &member.json.value) {
            out.push(b',');
        } else {
            out.truncate(before);
        }
    }
    out.close(start, b"}}");
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::External => "external",
        }
    }
}
