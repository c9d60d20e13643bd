//! The record where people are hidden: what is known to say nothing of them, and what stands for the rest.
//!
//! A property that nobody knows may say anything of anybody: it is left out. So is a value that is not what its property
//! should have.

use crate::{
    context::MappingContext,
    date::Instant,
    document::Document,
    endpoint::Endpoint,
    json::{Buffer, Kind, Raw, decode},
    network::NetworkText,
    privacy::Privacy,
    property::Property,
    status::is_plain,
    write::parts::{push_hidden_text, whole},
};

/// Adds the record under its own names.
#[inline(never)]
pub(crate) fn push_hidden_record(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    privacy: &Privacy,
) {
    let Document { record, source, destination, .. } = document;
    let start = out.len();
    out.push_ascii(br#""microsoft":{"online_message_trace":{"#);
    for member in record.members.iter().filter(|member| member.property.is_none()) {
        push_other(out, &member.json.key, &member.json.value);
    }
    for property in [Property::StartDate, Property::EndDate, Property::Received] {
        push_if(out, property, &record.get(property), |text| Instant::parse(text).is_some());
    }
    push_if(out, Property::Status, &record.get(Property::Status), is_plain);
    let size = record.get(Property::Size);
    if size.kind == Kind::Number {
        push_raw(out, Property::Size.key(), &size);
    } else {
        push_if(out, Property::Size, &size, |text| text.bytes().all(|byte| byte.is_ascii_digit()));
    }
    push_if(out, Property::MessageTraceId, &record.get(Property::MessageTraceId), |id| privacy.shows_local_id(id));
    for property in [Property::MessageId, Property::Subject] {
        if let Some(value) = record.get(property).present().filter(Raw::is_string) {
            push_hidden_text(out, &key(property), privacy.text(property, &decode(&value)));
        }
    }
    for (property, endpoint) in [(Property::SenderAddress, source), (Property::RecipientAddress, destination)] {
        push_json(out, property, whole(endpoint.address(context)));
    }
    let ip = |endpoint: &Endpoint| endpoint.network(context).map_or("", NetworkText::ip_json);
    push_json(out, Property::FromIp, ip(source));
    push_json(out, Property::ToIp, ip(destination));
    out.close(start, b"}}");
}

/// Adds a property without a meaning, if it is known to say nothing of people.
pub(super) fn push_other(out: &mut Buffer<'_>, name: &Raw<'_>, value: &Raw<'_>) {
    let is_domain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let is_harmless = match name.inner() {
        "Index" => value.kind == Kind::Number,
        "Organization" => value.kind == Kind::Plain && is_domain(value.inner()),
        _ => false,
    };
    if is_harmless {
        push_raw(out, name.text, value);
    }
}

/// Adds a property whose text is as it should be.
fn push_if(out: &mut Buffer<'_>, property: Property, value: &Raw<'_>, is_right: impl Fn(&str) -> bool) {
    if let Some(value) = value.present().filter(Raw::is_string) {
        let text = decode(&value);
        push_hidden_text(out, &key(property), is_right(&text).then(|| text.into_owned()));
    }
}

fn push_json(out: &mut Buffer<'_>, property: Property, json: &str) {
    if !json.is_empty() {
        out.push_str(&key(property));
        out.push_str(json);
        out.push(b',');
    }
}

fn push_raw(out: &mut Buffer<'_>, key: &str, value: &Raw<'_>) {
    if !value.is_empty() {
        out.push_str(key);
        out.push(b':');
        out.push_str(value.text);
        out.push(b',');
    }
}

fn key(property: Property) -> String {
    format!("{}:", property.key())
}
