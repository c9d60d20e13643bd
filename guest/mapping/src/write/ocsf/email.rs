//! `email` and the envelope, and what the service calls the message.

use super::values::push_json;
use crate::{
    address::Address,
    context::MappingContext,
    document::Document,
    endpoint::Addresses,
    json::{Buffer, decode},
    property::Property,
    write::delivery::{
        email::{push_id, push_text, text},
        message::{push_number, size},
    },
};

/// Adds `email`, `from` and `to`. Message trace does not tell the header from the envelope.
#[inline(always)]
pub(super) fn push_email(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    addresses: &Addresses<'_>,
) {
    let privacy = context.settings.privacy.as_ref();
    let [from, to] = [addresses.sender, addresses.recipient].map(email);
    let start = out.len();
    out.push_ascii(br#""email":{"#);
    push_json(out, r#""from":"#, from);
    push_text(out, document, r#""message_uid":"#, Property::MessageId, privacy);
    if let Some(size) = long_size(document) {
        out.push_ascii(br#""size":"#);
        out.push_with(|out| push_number(out, size));
        out.push(b',');
    }
    push_text(out, document, r#""subject":"#, Property::Subject, privacy);
    if to.is_empty() {
        // An email of OCSF has a sender or recipients: when neither can be said, there are no recipients.
        out.push_str(if from.is_empty() { r#""to":[],"# } else { "" });
    } else {
        push_list(out, to);
    }
    out.close(start, b"}");
    push_json(out, r#""from":"#, from);
    if !to.is_empty() {
        push_list(out, to);
    }
}

#[inline(always)]
fn push_list(out: &mut Buffer<'_>, to: &str) {
    out.push_ascii(br#""to":["#);
    out.push_str(to);
    out.push_ascii(b"],");
}

/// Adds `message_trace_uid`.
#[inline(always)]
pub(super) fn push_trace_id(out: &mut Buffer<'_>, context: &MappingContext, document: &Document<'_>) {
    let privacy = context.settings.privacy.as_ref();
    if let Some(id) = text(&document.record, Property::MessageTraceId)
        && privacy.is_none_or(|privacy| privacy.shows_local_id(&decode(&id)))
    {
        out.push_ascii(br#""message_trace_uid":"#);
        push_id(out, &id);
        out.push(b',');
    }
}

/// An address as a JSON string, if OCSF takes it for one.
#[inline(always)]
pub(super) fn email(address: Option<&Address>) -> &str {
    address.filter(|address| address.is_email).map_or("", Address::json)
}

/// The size of the message, as far as a `long_t` goes.
#[inline(always)]
pub(super) fn long_size(document: &Document<'_>) -> Option<u64> {
    size(&document.record.get(Property::Size)).filter(|size| i64::try_from(*size).is_ok())
}
