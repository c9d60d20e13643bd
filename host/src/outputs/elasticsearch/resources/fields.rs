//! The fields and their types. A test keeps them in line with the documents of the fixtures.

use serde_json::{Map, Value, json};

use crate::outputs::elasticsearch::flavor::Flavor;

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Date,
    /// Times of the service, which are finer than a millisecond.
    DateNanos,
    Keyword,
    /// A keyword that can be searched for words as well.
    KeywordAndText,
    /// A text of any length that is searched with `*`.
    Wildcard,
    /// A message for people.
    Message,
    /// The same in every document of an index.
    Constant,
    /// Kept, and not searched.
    Kept,
    Ip,
    Long,
    /// A number that a record brings: one that is none is left out of the index, and kept in the document.
    LongOrNot,
    GeoPoint,
    Nested,
}

use Type::{
    Constant, Date, DateNanos, GeoPoint, Ip, Kept, Keyword, KeywordAndText, Long, LongOrNot, Message, Nested, Wildcard,
};

/// Fields by their full names.
const FIELDS: &[(&str, Type)] = &[
    ("@timestamp", Date),
    ("agent.ephemeral_id", Keyword),
    ("agent.id", Keyword),
    ("agent.name", Keyword),
    ("agent.type", Keyword),
    ("agent.version", Keyword),
    ("data_stream.dataset", Constant),
    ("data_stream.namespace", Constant),
    ("data_stream.type", Constant),
    ("ecs.version", Keyword),
    ("email.attachments", Nested),
    ("email.attachments.file.size", Long),
    ("email.delivery_timestamp", Date),
    ("email.direction", Keyword),
    ("email.from.address", Keyword),
    ("email.local_id", Keyword),
    ("email.message_id", Wildcard),
    ("email.origination_timestamp", Date),
    ("email.sender.address", Keyword),
    ("email.subject", KeywordAndText),
    ("email.to.address", Keyword),
    ("error.code", Keyword),
    ("error.message", Message),
    ("event.action", Keyword),
    ("event.category", Keyword),
    ("event.code", Keyword),
    ("event.created", Date),
    ("event.dataset", Constant),
    ("event.duration", Long),
    ("event.end", Date),
    ("event.id", Keyword),
    ("event.ingested", Date),
    ("event.kind", Keyword),
    ("event.module", Keyword),
    ("event.original", Kept),
    ("event.outcome", Keyword),
    ("event.provider", Keyword),
    ("event.reason", Keyword),
    ("event.reference", Keyword),
    ("event.start", Date),
    ("event.type", Keyword),
    ("event.url", Wildcard),
    ("input.type", Keyword),
    ("log.file.path", Keyword),
    ("log.level", Keyword),
    ("labels.privacy_key_id", Keyword),
    ("labels.privacy_profile", Keyword),
    ("log.offset", Long),
    ("message", Message),
    ("microsoft.online_message_trace.EndDate", DateNanos),
    ("microsoft.online_message_trace.FromIP", Keyword),
    ("microsoft.online_message_trace.Index", Long),
    ("microsoft.online_message_trace.MessageId", Keyword),
    ("microsoft.online_message_trace.MessageTraceId", Keyword),
    ("microsoft.online_message_trace.Organization", Keyword),
    ("microsoft.online_message_trace.Received", DateNanos),
    ("microsoft.online_message_trace.RecipientAddress", Keyword),
    ("microsoft.online_message_trace.SenderAddress", Keyword),
    ("microsoft.online_message_trace.Size", LongOrNot),
    ("microsoft.online_message_trace.StartDate", DateNanos),
    ("microsoft.online_message_trace.Status", Keyword),
    ("microsoft.online_message_trace.Subject", Keyword),
    ("microsoft.online_message_trace.ToIP", Keyword),
    ("microsoft.online_message_trace.details.cause", Keyword),
    ("microsoft.online_message_trace.details.cause_id", Keyword),
    ("microsoft.online_message_trace.details.latency_s", Long),
    ("microsoft.online_message_trace.details.route", Keyword),
    ("microsoft.online_message_trace.details.scl", Long),
    ("microsoft.online_message_trace.details.steps.action", Keyword),
    ("microsoft.online_message_trace.details.steps.at", Date),
    ("microsoft.online_message_trace.details.steps.client_ip", Ip),
    ("microsoft.online_message_trace.details.steps.connector", Keyword),
    ("microsoft.online_message_trace.details.steps.description", Message),
    ("microsoft.online_message_trace.details.steps.event", Keyword),
    ("microsoft.online_message_trace.details.steps.other", Keyword),
    ("microsoft.online_message_trace.details.steps.server", Keyword),
    ("microsoft.online_message_trace.details.steps.unread", Kept),
    ("network.direction", Keyword),
    ("network.protocol", Keyword),
    ("observer.product", Keyword),
    ("observer.type", Keyword),
    ("observer.vendor", Keyword),
    ("organization.id", Keyword),
    ("organization.name", KeywordAndText),
    ("related.hash", Keyword),
    ("related.hosts", Keyword),
    ("related.ip", Ip),
    ("related.user", Keyword),
    ("rule.category", Keyword),
    ("rule.id", Keyword),
    ("rule.name", Keyword),
    ("rule.ruleset", Keyword),
    ("tags", Keyword),
    ("tls.cipher", Keyword),
    ("tls.version", Keyword),
    ("tls.version_protocol", Keyword),
    ("user.domain", Keyword),
    ("user.email", Keyword),
    ("user.hash", Keyword),
    ("user.id", Keyword),
    ("user.name", KeywordAndText),
];

/// Fields of `source` and of `destination`.
const PARTY: &[(&str, Type)] = &[
    ("address", Keyword),
    ("as.number", Long),
    ("as.organization.name", KeywordAndText),
    ("domain", Keyword),
    ("geo.city_name", Keyword),
    ("geo.continent_code", Keyword),
    ("geo.continent_name", Keyword),
    ("geo.country_iso_code", Keyword),
    ("geo.country_name", Keyword),
    ("geo.location", GeoPoint),
    ("geo.region_iso_code", Keyword),
    ("geo.region_name", Keyword),
    ("ip", Ip),
    ("registered_domain", Keyword),
    ("subdomain", Keyword),
    ("top_level_domain", Keyword),
    ("user.domain", Keyword),
    ("user.email", Keyword),
    ("user.hash", Keyword),
    ("user.id", Keyword),
    ("user.name", KeywordAndText),
];

/// All fields as `properties` of a mapping.
pub(super) fn properties(flavor: Flavor) -> Value {
    let mut properties = Map::new();
    for (name, kind) in FIELDS {
        insert(&mut properties, name, kind.definition(flavor));
    }
    for party in ["source", "destination"] {
        for (name, kind) in PARTY {
            insert(&mut properties, &format!("{party}.{name}"), kind.definition(flavor));
        }
    }
    Value::Object(properties)
}

/// Puts a field where its name says; what stands there already, as `nested`, stays.
fn insert(properties: &mut Map<String, Value>, name: &str, definition: Value) {
    let Some((parent, rest)) = name.split_once('.') else {
        properties.insert(name.to_owned(), definition);
        return;
    };
    let parent = properties.entry(parent).or_insert_with(|| json!({}));
    if parent["properties"].is_null() {
        parent["properties"] = json!({});
    }
    if let Value::Object(children) = &mut parent["properties"] {
        insert(children, rest, definition);
    }
}

impl Type {
    fn definition(self, flavor: Flavor) -> Value {
        let keyword = json!({ "type": "keyword", "ignore_above": 1024 });
        let is_open_search = flavor == Flavor::OpenSearch;
        let text = json!({ "type": if is_open_search { "text" } else { "match_only_text" } });
        match self {
            Self::Date => json!({ "type": "date" }),
            Self::DateNanos => json!({ "type": "date_nanos" }),
            Self::Keyword => keyword,
            Self::KeywordAndText => json!({ "type": "keyword", "ignore_above": 1024, "fields": { "text": text } }),
            Self::Wildcard | Self::Constant if is_open_search => keyword,
            Self::Wildcard => json!({ "type": "wildcard" }),
            Self::Constant => json!({ "type": "constant_keyword" }),
            Self::Message => text,
            Self::Kept => json!({ "type": "keyword", "index": false, "doc_values": false }),
            Self::Ip => json!({ "type": "ip" }),
            Self::Long => json!({ "type": "long" }),
            Self::LongOrNot => json!({ "type": "long", "ignore_malformed": true }),
            Self::GeoPoint => json!({ "type": "geo_point" }),
            Self::Nested => json!({ "type": "nested" }),
        }
    }
}
