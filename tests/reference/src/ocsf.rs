//! From a record to an event of OCSF: Email Activity, activity Trace.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{
    delivery::{Side, direction, message, text, timestamp},
    delivery_key,
    json::Json,
    line::Line,
    record::{Record, graph_name},
    settings::{Geo, Mapped, Origin, Settings},
    status::action_and_outcome,
    tags::{PRESERVE, tags},
    text::{normal_id, without_empties},
};

/// Makes the event of a record, or of a line that is none.
pub(crate) fn map(settings: &Settings, origin: &Origin, geo: Geo<'_>, line: Line<'_>) -> Mapped {
    let mut errors: Vec<_> = line.error_of_steps().into_iter().collect();
    let (tenant, tenant_name) = settings.tenant.clone().unwrap_or_default();
    let (mut event, timestamp, key, action) = match &line.record {
        Ok(record) => {
            let timestamp = timestamp(record, &mut errors);
            let (event, action) = map_record(settings, geo, record, &mut errors);
            (event, timestamp, delivery_key::of_record(&tenant, record, timestamp), action)
        }
        Err(error) => {
            errors.push(error.clone());
            let nothing = json!({
                "direction": "Unknown", "direction_id": 0, "status": "Unknown", "status_id": 0, "unmapped": {},
            });
            (nothing, None, None, String::new())
        }
    };
    let failed = !errors.is_empty();
    let key = if failed { key } else { key.or_else(|| Some(delivery_key::of_line(&tenant, line.text))) };
    let id = match &key {
        Some(key) if !failed => delivery_key::document_id(&tenant, key, &line.action(&action)),
        _ => delivery_key::failed_document_id(&tenant, line.text),
    };
    let delivery_id = key.as_ref().map(delivery_key::to_text);
    let mut labels = tags(settings);
    let keeps_record = failed || labels.iter().any(|label| label == PRESERVE);
    if failed && !labels.iter().any(|label| label == PRESERVE) {
        labels.push(PRESERVE.to_owned());
    }
    add_constants(&mut event);
    event["time"] = json!(timestamp.or(origin.read_at).unwrap_or(0));
    let tenant = normal_id(&tenant);
    let has_account = !tenant.is_empty() || tenant_name.as_deref().is_some_and(|name| !name.is_empty());
    let account = json!({ "uid": tenant, "name": tenant_name, "type_id": 17, "type": "M365 Tenant" });
    event["cloud"] = json!({ "provider": "Microsoft 365", "account": has_account.then_some(account) });
    event["metadata"]["labels"] = json!(labels);
    event["metadata"]["tenant_uid"] = json!(tenant);
    event["metadata"]["processed_time"] = json!(origin.read_at);
    event["metadata"]["uid"] = json!(id);
    event["metadata"]["original_event_uid"] = json!(delivery_id);
    event["unmapped"]["exotrace"] = json!({ "error": { "message": errors } });
    if let Some((path, offset)) = &origin.file {
        event["unmapped"]["exotrace"]["log"] = json!({ "file": { "path": path }, "offset": offset });
    }
    let mut event = without_empties(event).unwrap_or_default();
    if event["email"].get("from").is_none() && event["email"].get("to").is_none() {
        event["email"]["to"] = json!([]);
    }
    if keeps_record {
        event["raw_data"] = json!(line.text);
    }
    Mapped::Document { document: event, id, delivery_id, timestamp, failed, has_steps: line.steps.is_some() }
}

/// Adds what every event has.
fn add_constants(event: &mut Value) {
    for (name, value) in [
        ("activity_id", json!(4)),
        ("activity_name", json!("Trace")),
        ("category_name", json!("Network Activity")),
        ("category_uid", json!(4)),
        ("class_name", json!("Email Activity")),
        ("class_uid", json!(4009)),
        ("severity", json!("Informational")),
        ("severity_id", json!(1)),
        ("timezone_offset", json!(0)),
        ("type_name", json!("Email Activity: Trace")),
        ("type_uid", json!(400_904)),
    ] {
        event[name] = value;
    }
    event["metadata"]["version"] = json!("1.8.0");
    event["metadata"]["product"] =
        json!({ "name": "Exchange Online", "vendor_name": "Microsoft", "feature": { "name": "Message Trace" } });
    event["metadata"]["profiles"] = json!(["cloud", "security_control"]);
    event["metadata"]["log_name"] = json!("messageTraces");
}

fn map_record(settings: &Settings, geo: Geo<'_>, record: &Record, errors: &mut Vec<String>) -> (Value, String) {
    let status = text(record, "Status", errors);
    let (action, outcome) = action_and_outcome(&status);
    let trace_id = text(record, "MessageTraceId", errors);
    let (message_id, subject) = (text(record, "MessageId", errors), text(record, "Subject", errors));
    if !matches!(record.get("Size"), None | Some(Json::Number(_) | Json::Text(_))) {
        errors.push("`Size` is neither a number nor a text".to_owned());
    }
    let sender = text(record, "SenderAddress", errors).to_ascii_lowercase();
    let source = Side::new(if sender == "<>" { "" } else { &sender }, &text(record, "FromIP", errors), errors);
    let recipient = text(record, "RecipientAddress", errors).to_ascii_lowercase();
    let destination = Side::new(&recipient, &text(record, "ToIP", errors), errors);
    let direction = direction(settings, &source, &destination);
    let (direction_id, direction_name) = match direction {
        Some("inbound") => (1, "Inbound"),
        Some("outbound") => (2, "Outbound"),
        Some("internal") => (3, "Internal"),
        Some(_) => (99, "External"),
        None => (0, "Unknown"),
    };
    let (status_id, status_name) = match (action.as_str(), outcome) {
        ("", _) => (0, "Unknown"),
        (_, "success") => (1, "Success"),
        (_, "failure") => (2, "Failure"),
        _ => (99, status.as_str()),
    };
    let (from, to) = (email(&source.address), email(&destination.address));
    let mut event = json!({
        "direction": direction_name,
        "direction_id": direction_id,
        "status": status_name,
        "status_id": status_id,
        "status_detail": action,
        "email": { "from": from, "to": [to], "message_uid": message_id, "subject": subject, "size": size(record) },
        "from": from,
        "to": [to],
        "message": message(&action, &source, &destination, direction, record.get("Size")),
        "message_trace_uid": normal_id(&trace_id),
        "metadata": {
            "event_code": status,
            "log_provider": provider(record),
            "original_time": match record.get("Received") {
                Some(Json::Text(text) | Json::Number(text)) => text,
                _ => "",
            },
        },
        "observables": observables(&source, &destination, from, to),
        "protocol_name": (source.ip.is_some() || destination.ip.is_some()).then_some("SMTP"),
        "src_endpoint": endpoint(&source, geo),
        "dst_endpoint": endpoint(&destination, geo),
        "unmapped": unmapped(record, &source, &destination),
    });
    for (name, value) in measures(&action) {
        event[name] = value;
    }
    (event, action)
}

/// What the service did, by what became of the message.
fn measures(action: &str) -> Vec<(&'static str, Value)> {
    let (action_id, disposition_id) = match action {
        "delivered" => (1, 1),
        "expanded" => (1, 17),
        "quarantined" => (2, 3),
        "filtered-as-spam" => (2, 2),
        "failed" => (2, 25),
        "recalled" => (2, 5),
        "deferred" => (3, 14),
        _ => return Vec::new(),
    };
    let name = match disposition_id {
        1 => "Allowed",
        2 => "Blocked",
        3 => "Quarantined",
        5 => "Deleted",
        14 => "Delayed",
        17 => "Logged",
        _ => "Rejected",
    };
    vec![
        ("action_id", json!(action_id)),
        ("action", json!(["Allowed", "Denied", "Observed"][action_id - 1])),
        ("disposition_id", json!(disposition_id)),
        ("disposition", json!(name)),
    ]
}

/// The service that the names of a record are from.
fn provider(record: &Record) -> Option<&'static str> {
    let is_graph = match (record.written("Received"), record.written("MessageTraceId")) {
        (Some(written), _) => written.eq_ignore_ascii_case("receivedDateTime"),
        (None, Some(written)) => written.eq_ignore_ascii_case("id"),
        (None, None) => return None,
    };
    Some(if is_graph { "Microsoft Graph" } else { "Reporting Web Service" })
}

/// The address, if OCSF takes it for one: nothing but letters and digits of ASCII, some signs, one `@`, and a dot in the
/// domain with something before and after it.
fn email(address: &str) -> Option<&str> {
    let parts: Vec<&str> = address.split('@').collect();
    let [local_part, domain] = parts[..] else { return None };
    let is_sign = |character: char| "!#$%&'*+,-./=?^_`{|}~".contains(character);
    let dot = domain.find('.')?;
    let is_right = !local_part.is_empty()
        && local_part.chars().all(|it| it.is_ascii_alphanumeric() || is_sign(it))
        && domain.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '.')
        && dot > 0
        && dot + 1 < domain.len();
    is_right.then_some(address)
}

/// The size, if it is written with digits and a 64-bit number with a sign has room for it.
fn size(record: &Record) -> Option<i64> {
    match record.get("Size") {
        Some(Json::Number(text) | Json::Text(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()
        }
        _ => None,
    }
}

fn observables(source: &Side, destination: &Side, from: Option<&str>, to: Option<&str>) -> Vec<Value> {
    let (source_ip, destination_ip) = (ip(source), ip(destination));
    let all = [
        ("src_endpoint.ip", 2, "IP Address", source_ip.as_deref()),
        ("dst_endpoint.ip", 2, "IP Address", destination_ip.as_deref()),
        ("from", 5, "Email Address", from),
        ("to", 5, "Email Address", to),
        ("src_endpoint.domain", 1, "Hostname", Some(source.domain.as_str())),
        ("dst_endpoint.domain", 1, "Hostname", Some(destination.domain.as_str())),
    ];
    let known = all.into_iter().filter(|(_, _, _, value)| value.is_some_and(|value| !value.is_empty()));
    known
        .map(|(name, type_id, kind, value)| json!({ "name": name, "type_id": type_id, "type": kind, "value": value }))
        .collect()
}

/// The IP address as everybody writes it.
fn ip(side: &Side) -> Option<String> {
    let address: IpAddr = side.ip.as_ref()?.parse().ok()?;
    Some(address.to_string())
}

fn endpoint(side: &Side, geo: Geo<'_>) -> Value {
    let ip = ip(side);
    if ip.is_none() && side.domain.is_empty() {
        return Value::Null;
    }
    let known = json!(side.ip.as_deref().and_then(geo).unwrap_or_default());
    let (system, place) = (&known["as"], &known["geo"]);
    let region = [&place["region_iso_code"], &place["region_name"]].into_iter().find(|region| !region.is_null());
    let mut location = json!({
        "city": place["city_name"],
        "country": place["country_iso_code"],
        "region": region,
    });
    if without_empties(location.clone()).is_some() {
        location["continent"] = place["continent_name"].clone();
        location["lat"] = place["location"]["lat"].clone();
        location["long"] = place["location"]["lon"].clone();
    }
    json!({
        "ip": ip,
        "domain": side.domain,
        "autonomous_system": { "number": system["number"], "name": system["organization"]["name"] },
        "location": location,
    })
}

/// What stands nowhere else in the event.
fn unmapped(record: &Record, source: &Side, destination: &Side) -> Value {
    let Value::Object(properties) = record.to_value() else { return Value::Null };
    let is_mapped = |name: &str, value: &Value| match name {
        "exotrace" => true,
        "Received" => value.is_string() || value.is_number(),
        "Status" | "MessageTraceId" | "MessageId" | "Subject" => value.is_string(),
        "Size" => size(record).is_some(),
        "FromIP" => source.ip.is_some(),
        "ToIP" => destination.ip.is_some(),
        "SenderAddress" => email(&source.address).is_some(),
        "RecipientAddress" => email(&destination.address).is_some(),
        _ => false,
    };
    let rest = properties.into_iter().filter(|(name, value)| !is_mapped(name, value));
    Value::Object(rest.map(|(name, value)| (graph_name(&name).to_owned(), value)).collect())
}
