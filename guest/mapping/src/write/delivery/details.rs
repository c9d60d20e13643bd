//! The document of a delivery with its steps: that of the row, with why it failed, and step by step how.

use exotrace_details::DeliveryDetails;

use super::{
    email,
    event::push_url,
    message::push_message,
    network::{push_endpoint, push_network},
    people,
};
use crate::{
    address::Address,
    context::MappingContext,
    date::Instant,
    delivery_key,
    details_record::DetailsLine,
    document::Document,
    domain::Domain,
    endpoint::Addresses,
    failure::Failure,
    json::{Buffer, build, decode},
    network::NetworkText,
    outcome::Origin,
    write::{
        hidden_record::push_hidden_record,
        last_server::LastServer,
        parts::{
            is_original_kept, push_date, push_failures, push_id_place, push_log, push_record, push_schema, push_tags,
            push_text, push_timestamp,
        },
        shown::Shown,
        steps::{clients, push_cause, push_steps, push_tls},
    },
};

/// What `event.action` says of these documents.
pub(crate) const DETAILS_ACTION: &str = "trace-details";

/// Explains the codes of Exchange Online.
const CODES_PAGE: &str = "https://learn.microsoft.com/exchange/mail-flow-best-practices/\
                          non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online";

/// What a document of details is made of.
struct Facts<'a> {
    context: &'a MappingContext,
    document: &'a Document<'a>,
    details: &'a DeliveryDetails,
    shown: Shown<'a>,
    addresses: Addresses<'a>,
    server: Option<LastServer>,
}

/// Writes a document, and returns the place in it for the 28 characters of `event.id`.
pub(crate) fn push_details_document(
    out: &mut Buffer<'_>,
    context: &MappingContext,
    document: &Document<'_>,
    details: &DeliveryDetails,
    lines: DetailsLine<'_>,
    origin: &Origin,
) -> Option<usize> {
    let Document { source, destination, .. } = document;
    let shown = Shown { privacy: context.settings.privacy.as_ref() };
    let facts = Facts {
        context,
        document,
        details,
        shown,
        addresses: Addresses { sender: source.address(context), recipient: destination.address(context) },
        server: LastServer::of(details, document, &shown),
    };
    let start = out.len();
    out.push(b'{');
    push_timestamp(out, document, origin);
    push_destination(out, &facts);
    push_schema(out, context);
    email::push_email(out, context, document, &facts.addresses);
    push_error(out, &facts);
    let event_id = push_event(out, &facts, lines.line, origin);
    push_log(out, context, lines.offset, origin);
    let message = out.len();
    push_message(out, document, &facts.addresses);
    push_cause(out, message, details, &shown);
    push_microsoft(out, &facts, lines.record);
    push_network(out, context, document);
    out.push_ascii(br#""observer":{"product":"Exchange Online","type":"mail-gateway","vendor":"Microsoft"},"#);
    out.push_str(&context.settings.fields.organization);
    push_related(out, &facts);
    push_rule(out, &facts);
    push_endpoint(out, context, r#""source":{"#, source);
    push_tags(out, r#""tags":["#, context, !document.failures.is_empty());
    push_tls(out, details, &shown);
    people::push_user(out, document.direction, &facts.addresses);
    out.push_str(&context.settings.fields.document);
    out.close(start, b"}");
    out.pop(); // the comma
    event_id.map(|place| place - start)
}

/// Adds `destination`: the last server outside, if one is known, and the recipient.
fn push_destination(out: &mut Buffer<'_>, facts: &Facts<'_>) {
    let Facts { context, document, .. } = facts;
    let Some(LastServer { host, ip, is_of_row }) = &facts.server else {
        return push_endpoint(out, context, r#""destination":{"#, &document.destination);
    };
    let start = out.len();
    out.push_ascii(br#""destination":{"#);
    push_text(out, r#""address":"#, host.as_deref().or(ip.as_deref()));
    match document.destination.network(context).filter(|_| *is_of_row) {
        Some(network) => out.push_str(network.members()),
        None => push_text(out, r#""ip":"#, ip.as_deref()),
    }
    if let Some(host) = host {
        let domain = Domain::new(host, &context.settings.suffix_list, &context.settings.local_domains);
        out.push_str(domain.members());
    }
    out.push_str(facts.addresses.recipient.map_or("", |address| address.user()));
    out.close(start, b"}");
}

/// Adds `error`: the reply code, and what is wrong with the record.
fn push_error(out: &mut Buffer<'_>, facts: &Facts<'_>) {
    let Facts { context, document, details, .. } = facts;
    let failures: &[Failure] = &document.failures;
    let Some(code) = details.reply().and_then(|reply| reply.smtp_code.as_deref()) else {
        return push_failures(out, context, failures);
    };
    let before = out.len();
    push_failures(out, context, failures);
    if out.len() > before {
        // Without the end of the object and the comma: the code comes behind the messages.
        out.truncate(out.len().saturating_sub(2));
        out.push(b',');
    } else {
        out.push_ascii(br#""error":{"#);
    }
    push_text(out, r#""code":"#, Some(code));
    out.close(before, b"}");
}

/// Adds `event`, and returns where its `id` belongs.
fn push_event(out: &mut Buffer<'_>, facts: &Facts<'_>, line: &str, origin: &Origin) -> Option<usize> {
    let Facts { context, document, details, shown, .. } = facts;
    let has_failed = !document.failures.is_empty();
    let start = out.len();
    out.push_ascii(br#""event":{"action":""#);
    out.push_str(DETAILS_ACTION);
    out.push_ascii(br#"","category":["email"],"#);
    push_text(out, r#""code":"#, details.reply().and_then(|reply| reply.code.as_deref()));
    push_date(out, r#""created":""#, origin.read_at.and_then(Instant::from_milliseconds));
    push_times(out, details);
    out.push_str(&context.settings.fields.event);
    let id_place = (!has_failed || delivery_key::is_named(&document.record)).then(|| push_id_place(out, r#""id":""#));
    push_text(out, r#""kind":"#, Some(if has_failed { "pipeline_error" } else { "event" }));
    if is_original_kept(context, document) {
        push_text(out, r#""original":"#, Some(line));
    }
    push_text(out, r#""outcome":"#, Some(document.status.outcome));
    out.push_ascii(br#""provider":"Microsoft Exchange Online","#);
    push_text(out, r#""reason":"#, shown.reason(details).as_deref());
    let code = details.reply().and_then(|reply| reply.code.as_deref());
    let is_explained = code.is_some_and(|code| !code.starts_with('2'));
    push_text(out, r#""reference":"#, is_explained.then_some(CODES_PAGE));
    out.push_ascii(br#""type":["info"],"#);
    push_url(out, context, document);
    out.close(start, b"}");
    id_place
}

/// Adds when the first and the last step happened, and the nanoseconds between.
fn push_times(out: &mut Buffer<'_>, details: &DeliveryDetails) {
    let Some((first, last)) = details.times() else { return };
    let nanoseconds = i128::from(last - first) * 1_000_000;
    if i64::try_from(nanoseconds).is_ok() {
        out.push_str(&format!(r#""duration":{nanoseconds},"#));
    }
    push_date(out, r#""end":""#, Instant::from_milliseconds(last));
    push_date(out, r#""start":""#, Instant::from_milliseconds(first));
}

/// Adds the record with its steps.
fn push_microsoft(out: &mut Buffer<'_>, facts: &Facts<'_>, record: &str) {
    let Facts { context, document, .. } = facts;
    let before = out.len();
    match &context.settings.privacy {
        None => {
            // The steps have the name.
            let members: Vec<_> =
                document.record.members.iter().filter(|it| decode(&it.key()) != "details").cloned().collect();
            push_record(out, &members, record);
        }
        Some(privacy) => push_hidden_record(out, context, document, privacy),
    }
    if out.len() > before {
        out.truncate(out.len().saturating_sub(3));
        out.push(b',');
    } else {
        out.push_ascii(br#""microsoft":{"online_message_trace":{"#);
    }
    push_steps(out, facts.details, &facts.shown, |_| {});
    out.close(before, b"}}");
}

/// Adds `related`: what that of the row has, with the servers.
fn push_related(out: &mut Buffer<'_>, facts: &Facts<'_>) {
    let Facts { context, document, details, shown, addresses, server } = facts;
    let people = [addresses.recipient, addresses.sender];
    let of_people = |text: fn(&Address) -> &str| people.map(|address| address.map_or("", text));
    let string = |text: String| build(|out| out.push_string(&text));
    let start = out.len();
    out.push_ascii(br#""related":{"#);
    push_all(out, r#""hash":["#, of_people(Address::previous_hash_json).map(str::to_owned));
    let hosts = details.hosts().into_iter().filter_map(|host| shown.host(host)).map(string);
    let domains = of_people(Address::host_json).into_iter().chain(of_people(Address::registered_host_json));
    push_all(out, r#""hosts":["#, domains.map(str::to_owned).chain(hosts));
    let of_row = [&document.destination, &document.source]
        .map(|endpoint| endpoint.network(context).map_or("", NetworkText::ip_json));
    let of_server = server.iter().filter_map(|server| server.ip.clone());
    let ips = of_server.chain(clients(details, shown)).map(string);
    push_all(out, r#""ip":["#, of_row.map(str::to_owned).into_iter().chain(ips));
    let users = of_people(Address::json).into_iter().chain(of_people(Address::local_part_json));
    push_all(out, r#""user":["#, users.map(str::to_owned));
    out.close(start, b"}");
}

/// Adds an array of JSON strings with its key, none empty and none twice.
fn push_all(out: &mut Buffer<'_>, key: &str, texts: impl IntoIterator<Item = String>) {
    let start = out.len();
    out.push_str(key);
    let mut known: Vec<String> = Vec::new();
    for text in texts {
        if !text.is_empty() && !known.contains(&text) {
            out.push_str(&text);
            out.push(b',');
            known.push(text);
        }
    }
    out.close(start, b"]");
}

/// Adds `rule`. Its name is what somebody has written, of whomever.
fn push_rule(out: &mut Buffer<'_>, facts: &Facts<'_>) {
    let Some(rule) = facts.details.rule() else { return };
    let start = out.len();
    out.push_ascii(br#""rule":{"#);
    push_text(out, r#""category":"#, Some(rule.kind.name()));
    push_text(out, r#""id":"#, rule.id.as_deref());
    push_text(out, r#""name":"#, facts.shown.text(&rule.name));
    push_text(out, r#""ruleset":"#, rule.policy.as_deref().and_then(|policy| facts.shown.text(policy)));
    out.close(start, b"}");
}
