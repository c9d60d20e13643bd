//! Writes a document from front to back.

mod delivery;
mod hidden_record;
mod last_server;
mod ocsf;
mod package;
mod parts;
mod shown;
mod steps;

use delivery::DETAILS_ACTION;
use exotrace_details::DeliveryDetails;

use crate::{
    context::MappingContext,
    date::Instant,
    delivery_key::Delivery,
    details_record::DetailsLine,
    document::{Document, IdPlaces, PendingOutcome},
    documents::Documents,
    json::Buffer,
    outcome::Origin,
    version::Layout,
};

/// Writes a document; `line` is the record's own text, `offset` where it begins in its batch.
pub(crate) fn write(
    context: &mut MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Documents,
) -> PendingOutcome {
    let start = out.len();
    let (length, id_places) = match context.version.layout {
        Layout::Package => write_package(context, document, line, offset, origin, out),
        Layout::Delivery => write_delivery(context, document, line, offset, origin, out),
        Layout::Ocsf => write_ocsf(context, document, line, offset, origin, out),
    };
    let action = document.failures.is_empty().then_some(&*document.status.action);
    finish(context, document, action, line, start, (length, id_places))
}

/// Writes the document of a delivery with its steps.
#[inline(never)]
pub(crate) fn write_details(
    context: &mut MappingContext,
    document: &Document<'_>,
    details: &DeliveryDetails,
    lines: DetailsLine<'_>,
    origin: &Origin,
    out: &mut Documents,
) -> PendingOutcome {
    let start = out.len();
    let written = out.add(lines.line, |room| {
        let mut buffer = Buffer::new(room);
        let places = match context.version.layout {
            Layout::Ocsf => ocsf::push_details_document(&mut buffer, context, document, details, lines, origin),
            // The layout of Elastic's package has no details: none of its versions maps them.
            Layout::Delivery | Layout::Package => IdPlaces {
                document: None,
                delivery: delivery::push_details_document(&mut buffer, context, document, details, lines, origin),
            },
        };
        Some((buffer.finished()?, places))
    });
    // The steps of one status are one document, beside that of the row.
    let action = document.failures.is_empty().then(|| format!("{DETAILS_ACTION} {}", document.status.action));
    finish(context, document, action.as_deref(), lines.line, start, written)
}

/// Takes down what the ids of a document that begins at `start` are made of.
#[inline(always)]
fn finish(
    context: &mut MappingContext,
    document: &Document<'_>,
    action: Option<&str>,
    line: &str,
    start: usize,
    (length, id_places): (usize, IdPlaces),
) -> PendingOutcome {
    let MappingContext { addresses, ids, .. } = context;
    let text = |address: Option<usize>| address.map(|place| addresses.get(place).text());
    let delivery = Delivery {
        record: &document.record,
        received: document.received,
        sender: text(document.source.address),
        recipient: text(document.destination.address),
    };
    let has_delivery = ids.add(action, &delivery, line);
    PendingOutcome {
        timestamp: document.received.map(Instant::milliseconds),
        length,
        failure: document.failures.first().map(|failure| failure.reason),
        has_delivery,
        id_places: id_places.after(start),
    }
}

// One function for each layout: together they would be longer than engines like. Each has a buffer of its own: one that
// is handed in would be in memory.

#[inline(never)]
fn write_package(
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Documents,
) -> (usize, IdPlaces) {
    out.add(line, |room| {
        let mut buffer = Buffer::new(room);
        package::push_document(&mut buffer, context, document, line, offset, origin);
        Some((buffer.finished()?, IdPlaces::default()))
    })
}

#[inline(never)]
fn write_delivery(
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Documents,
) -> (usize, IdPlaces) {
    out.add(line, |room| {
        let mut buffer = Buffer::new(room);
        let delivery = delivery::push_document(&mut buffer, context, document, line, offset, origin);
        Some((buffer.finished()?, IdPlaces { document: None, delivery }))
    })
}

#[inline(never)]
fn write_ocsf(
    context: &MappingContext,
    document: &Document<'_>,
    line: &str,
    offset: usize,
    origin: &Origin,
    out: &mut Documents,
) -> (usize, IdPlaces) {
    out.add(line, |room| {
        let mut buffer = Buffer::new(room);
        let places = ocsf::push_document(&mut buffer, context, document, line, offset, origin);
        Some((buffer.finished()?, places))
    })
}
