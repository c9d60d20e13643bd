//! `email`.

use std::borrow::Cow;

use crate::{
    address::Address,
    context::MappingContext,
    document::Document,
    endpoint::Addresses,
    guid,
    json::{Buffer, Kind, Raw, copy_pruned, decode},
    privacy::Privacy,
    property::Property,
    record::Record,
    write::parts::{push_date, push_hidden_text},
};

/// Adds `email`.
#[inline(always)]
pub(crate) fn push_email(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    addresses: &Addresses<'_>,
) {
    let privacy = context.settings.privacy.as_ref();
    let start = out.len();
    out.push_ascii(br#""email":{"#);
    push_date(out, r#""delivery_timestamp":""#, document.received);
    if let Some(direction) = document.direction {
        out.push_ascii(br#""direction":""#);
        out.push_str(direction.name());
        out.push_ascii(b"\",");
    }
    push_address(out, r#""from":{"address":["#, addresses.sender, "]},");
    if let Some(id) = text(&document.record, Property::MessageTraceId)
        && privacy.is_none_or(|privacy| privacy.shows_local_id(&decode(&id)))
    {
        out.push_ascii(br#""local_id":"#);
        push_id(out, &id);
        out.push(b',');
    }
    push_text(out, document, r#""message_id":"#, Property::MessageId, privacy);
    push_address(out, r#""sender":{"address":"#, addresses.sender, "},");
    push_text(out, document, r#""subject":"#, Property::Subject, privacy);
    push_address(out, r#""to":{"address":["#, addresses.recipient, "]},");
    out.close(start, b"}");
}

/// A property that is a text, unless it is empty.
#[inline(always)]
pub(in crate::write) fn text<'a>(record: &Record<'a>, property: Property) -> Option<Raw<'a>> {
    record.get(property).present().filter(Raw::is_string)
}

/// Adds an id as a JSON string, in its one form.
#[inline(always)]
pub(in crate::write) fn push_id(out: &mut Buffer<'_>, id: &Raw<'_>) {
    let text = decode(id);
    match guid::normalised(&text) {
        // It stands in the record as it has to stand here.
        Cow::Borrowed(_) if id.kind == Kind::Plain => out.push_str(id.text),
        text => out.push_string(&text),
    }
}

#[inline(always)]
pub(in crate::write) fn push_text(
    out: &mut Buffer<'_>,
    document: &Document<'_>,
    key: &str,
    property: Property,
    privacy: Option<&Privacy>,
) {
    let Some(value) = text(&document.record, property) else { return };
    if let Some(privacy) = privacy {
        out.push_with(|out| push_hidden_text(out, key, privacy.text(property, &decode(&value))));
    } else {
        out.push_str(key);
        copy_pruned(out, &value);
        out.push(b',');
    }
}

#[inline(always)]
fn push_address(out: &mut Buffer<'_>, before: &str, address: Option<&Address>, after: &str) {
    if let Some(address) = address.filter(|address| !address.json().is_empty()) {
        out.push_str(before);
        out.push_str(address.json());
        out.push_str(after);
    }
}
