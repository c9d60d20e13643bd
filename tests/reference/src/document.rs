//! From a record to a document.

use serde_json::{Value, json};

use crate::{
    date::{format_date, parse_date},
    delivery,
    delivery_key::{self, Key},
    fingerprint,
    json::Json,
    line::Line,
    ocsf,
    record::Record,
    settings::{Geo, Mapped, Origin, Settings},
    side::Side,
    tags::{PRESERVE, tags},
    text::{equals_ignoring_case, without_empties},
    version::Version,
};

/// Makes the document of one record.
pub fn map(version: Version, settings: &Settings, origin: &Origin, geo: Geo<'_>, line: &str) -> Mapped {
    let line = Line::parse(line, version.is_delivery);
    if let Ok(record) = &line.record
        && (record.is_empty_page() || (version.drops_statuses && has_status_to_drop(record, settings)))
    {
        return Mapped::Dropped;
    }
    if version.is_ocsf {
        return ocsf::map(settings, origin, geo, line);
    }
    if version.is_delivery {
        return delivery::map(settings, origin, geo, line);
    }
    let text = line.text;
    let mapping = match line.record {
        Ok(record) => map_record(version, settings, geo, &record),
        Err(error) => Mapping::failed(error),
    };
    finish(version, settings, origin, text, mapping)
}

fn has_status_to_drop(record: &Record, settings: &Settings) -> bool {
    let Ok(Some(status)) = record.text("Status") else {
        return false;
    };
    settings.drop_status.iter().any(|drop| equals_ignoring_case(drop, status))
}

/// What was made of a record without regard to where it was read.
#[derive(Default)]
struct Mapping {
    fields: Value,
    id: Option<String>,
    key: Option<Key>,
    timestamp: Option<i64>,
    errors: Vec<String>,
}

impl Mapping {
    fn failed(error: String) -> Self {
        Self { fields: json!({}), errors: vec![error], ..Self::default() }
    }
}

fn map_record(version: Version, settings: &Settings, geo: Geo<'_>, record: &Record) -> Mapping {
    let mut errors = Vec::new();
    let mut text = |name: &str| match record.text(name) {
        Ok(text) => text.map(str::to_owned),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let status = text("Status");
    let received = text("Received");
    let sender = text("SenderAddress").filter(|sender| !version.null_sender_is_none || sender != "<>");
    let recipient = text("RecipientAddress");
    let (from_ip, to_ip) = (text("FromIP"), text("ToIP"));

    let timestamp = received.as_deref().and_then(parse_date);
    if timestamp.is_none() {
        errors.push("`Received` is not a date".to_owned());
    }
    let source = Side::new(sender.as_deref(), from_ip.as_deref(), &mut errors);
    let destination = Side::new(recipient.as_deref(), to_ip.as_deref(), &mut errors);
    let direction = direction(version, settings, &source, &destination);

    let fields = json!({
        "event": event(version, record, status.as_deref(), &mut errors),
        "microsoft": { "online_message_trace": record.to_value() },
        "email": {
            "attachments": { "file": { "size": record.get("Size").map(Json::to_value) } },
            "delivery_timestamp": received.filter(|_| timestamp.is_some()),
            "direction": direction,
            "from": { "address": [sender] },
            "local_id": record.get("MessageTraceId").map(Json::to_value),
            "message_id": record.get("MessageId").map(Json::to_value),
            "subject": record.get("Subject").map(Json::to_value),
            "to": { "address": [recipient] },
        },
        "source": source.to_value(geo),
        "destination": destination.to_value(geo),
        "related": { "user": related_users(&source, &destination) },
        "user": {
            "name": user(direction, &destination.local_part, &source.local_part),
            "email": user(direction, &destination.address, &source.address),
            "id": user(direction, &destination.address, &source.address),
        },
    });
    let (tenant, _) = settings.tenant.clone().unwrap_or_default();
    let key = delivery_key::of_record(&tenant, record, timestamp);
    Mapping { fields, id: id(version, record, sender), key, timestamp, errors }
}

fn event(version: Version, record: &Record, status: Option<&str>, errors: &mut Vec<String>) -> Value {
    let mut event = json!({ "outcome": if version.has_ecs_outcome { Some(outcome(status)) } else { status } });
    if version.has_category {
        event["category"] = json!(["email"]);
        event["type"] = json!(["info"]);
    }
    if version.has_query_dates {
        event["start"] = json!(query_date(record, "StartDate", errors));
        event["end"] = json!(query_date(record, "EndDate", errors));
    }
    event
}

fn outcome(status: Option<&str>) -> &'static str {
    let status = status.unwrap_or_default();
    let is_one_of = |names: &[&str]| names.iter().any(|name| equals_ignoring_case(name, status));
    if is_one_of(&["delivered"]) {
        "success"
    } else if is_one_of(&["failed", "quarantined", "filteredAsSpam"]) {
        "failure"
    } else {
        "unknown"
    }
}

/// One of the dates between which the legacy service was asked. Unlike elsewhere, an empty text is not a date.
fn query_date(record: &Record, name: &str, errors: &mut Vec<String>) -> Option<String> {
    let given = record.given(name)?;
    let date = match given {
        Json::Text(text) => parse_date(text),
        _ => None,
    };
    if date.is_none() {
        errors.push(format!("`{name}` is not a date"));
    }
    date.and_then(format_date)
}

fn direction(version: Version, settings: &Settings, source: &Side, destination: &Side) -> Option<&'static str> {
    let local_domains = settings.local_domains.as_ref()?;
    let equals = |left: &str, right: &str| {
        if version.domains_have_case { left == right } else { equals_ignoring_case(left, right) }
    };
    let is_local = |side: &Side| match &side.domain {
        Some(domain) => local_domains.iter().any(|local| match local.strip_prefix("*.") {
            Some(parent) => {
                let labels: Vec<_> = domain.split('.').collect();
                let has_label = |at: usize| at > 1 || !labels[0].is_empty();
                (1..labels.len()).any(|at| has_label(at) && equals(parent, &labels[at..].join(".")))
            }
            None => equals(local, domain),
        }),
        None => false,
    };
    Some(match (is_local(source), is_local(destination)) {
        (true, true) => "internal",
        (true, false) => "outbound",
        (false, true) => "inbound",
        (false, false) => "external",
    })
}

fn related_users(source: &Side, destination: &Side) -> Vec<String> {
    let mut users = Vec::new();
    for user in [&destination.address, &source.address, &destination.local_part, &source.local_part] {
        if !user.is_empty() && !users.contains(user) {
            users.push(user.clone());
        }
    }
    users
}

/// One of the members of `user`: of whichever side is ours. Two different ones make an array, even if one of them is
/// empty and removed from it later.
fn user(direction: Option<&str>, of_recipient: &str, of_sender: &str) -> Value {
    match direction {
        Some("inbound") => json!(of_recipient),
        Some("outbound") => json!(of_sender),
        Some("internal") if of_recipient == of_sender => json!(of_recipient),
        Some("internal") => json!([of_recipient, of_sender]),
        _ => Value::Null,
    }
}

fn id(version: Version, record: &Record, sender: Option<String>) -> Option<String> {
    let copy = |name: &str| record.get(name).cloned();
    // The property itself may be empty.
    let status = if version.empty_status_counts { record.given("Status").cloned() } else { copy("Status") };
    fingerprint::of_values(&[
        copy("Size"),
        sender.map(Json::Text),
        copy("MessageTraceId"),
        copy("MessageId"),
        copy("Subject"),
        copy("RecipientAddress"),
        status,
    ])
}

/// Adds what does not come from the record itself, and takes the empty fields out.
fn finish(version: Version, settings: &Settings, origin: &Origin, line: &str, mapping: Mapping) -> Mapped {
    let Mapping { fields: mut document, id, key, timestamp, errors } = mapping;
    let failed = !errors.is_empty();
    let (tenant, tenant_name) = settings.tenant.clone().unwrap_or_default();
    let key = if failed { key } else { key.or_else(|| Some(delivery_key::of_line(&tenant, line))) };
    let mut tags = tags(settings);
    let keep_original = failed || tags.iter().any(|tag| tag == PRESERVE);
    if failed && version.tags_failures && !tags.iter().any(|tag| tag == PRESERVE) {
        tags.push(PRESERVE.to_owned());
    }

    document["@timestamp"] = json!(timestamp.or(origin.read_at).and_then(format_date));
    document["ecs"] = json!({ "version": "8.11.0" });
    document["organization"] = json!({ "name": tenant_name });
    document["tags"] = json!(tags);
    if version.has_read_time && origin.file.is_none() {
        document["event"]["created"] = json!(origin.read_at.and_then(format_date));
    }
    if let Some((path, offset)) = &origin.file {
        document["log"] = json!({ "file": { "path": path }, "offset": offset });
    }
    if failed {
        document["event"]["kind"] = json!("pipeline_error");
        document["error"] = json!({ "message": errors });
    }
    let mut document = without_empties(document).unwrap_or_default();
    if keep_original {
        // After the removal, for the record of a failed document is kept even if it is empty.
        document["event"]["original"] = json!(line);
    }
    let id = id.filter(|_| !failed).unwrap_or_else(|| fingerprint::of_bytes(line.as_bytes()));
    Mapped::Document {
        document,
        id,
        delivery_id: key.as_ref().map(delivery_key::to_text),
        timestamp,
        failed,
        has_steps: false,
    }
}
