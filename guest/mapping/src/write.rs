//! Writes a document from front to back.

mod delivery;
mod hidden_record;
mod package;
mod parts;

use crate::{
    bytes::Bytes,
    context::MappingContext,
    date::Instant,
    delivery_key::Delivery,
    document::{Document, PendingOutcome},
    json::Buffer,
    outcome::Origin,
    version::Layout,
};

/// How much room a document gets to begin with, in bytes, beside four times the length of its record: the record itself,
/// once more in fields of its own, and, with its quotes escaped, in `event.original`.
const ROOM_BYTES: usize = 4096;

/// Writes a document; `line` is the record's own text, `offset` where it begins in its batch.
pub(crate) fn write(
    context: &mut MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Bytes,
) -> PendingOutcome {
    let start = out.len();
    let (length, event_id) = match context.version.layout {
        Layout::Package => write_package(context, document, line, offset, origin, out),
        Layout::Delivery => write_delivery(context, document, line, offset, origin, out),
    };
    out.truncate(start + length);
    let MappingContext { addresses, ids, .. } = context;
    let text = |address: Option<usize>| address.map(|place| addresses.get(place).text());
    let delivery = Delivery {
        record: &document.record,
        received: document.received,
        sender: text(document.source.address),
        recipient: text(document.destination.address),
    };
    let action = document.failures.is_empty().then_some(&*document.status.action);
    let has_delivery = ids.add(action, &delivery, line);
    PendingOutcome {
        timestamp: document.received.map(Instant::milliseconds),
        length,
        failure: document.failures.first().map(|failure| failure.reason),
        has_delivery,
        event_id: event_id.map(|place| start + place),
    }
}

// One function for each layout: together they would be longer than engines like.

#[inline(never)]
fn write_package(
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Bytes,
) -> (usize, Option<usize>) {
    with_room(line, out, |buffer| {
        package::push_document(buffer, context, document, line, offset, origin);
        None
    })
}

#[inline(never)]
fn write_delivery(
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Bytes,
) -> (usize, Option<usize>) {
    with_room(line, out, |buffer| delivery::push_document(buffer, context, document, line, offset, origin))
}

/// Has `push` write a document, with more and more room; returns its length and what `push` returns.
#[inline(always)]
fn with_room<T>(line: &str, out: &mut Bytes, push: impl Fn(&mut Buffer<'_>) -> T) -> (usize, T) {
    let start = out.len();
    let mut room = ROOM_BYTES + 4 * line.len();
    loop {
        let mut buffer = Buffer::new(out.room(room));
        let result = push(&mut buffer);
        if let Some(length) = buffer.finished() {
            return (length, result);
        }
        out.truncate(start);
        room *= 2;
    }
}
