//! From a record to a document of version 3.0.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{
    date::{format_date, parse_date},
    delivery_key,
    json::Json,
    line::Line,
    record::Record,
    settings::{Geo, Mapped, Origin, Settings},
    status::action_and_outcome,
    suffix::{Split, split_domain},
    tags::{PRESERVE, tags},
    text::{equals_ignoring_case, guid_digits, normal_id, without_empties},
};

/// Makes the document of a record, or of a line that is none.
pub(crate) fn map(settings: &Settings, origin: &Origin, geo: Geo<'_>, line: Line<'_>) -> Mapped {
    let mut errors: Vec<_> = line.error_of_steps().into_iter().collect();
    let (tenant, tenant_name) = settings.tenant.clone().unwrap_or_default();
    let (mut document, timestamp, key, action) = match &line.record {
        Ok(record) => {
            let timestamp = timestamp(record, &mut errors);
            let (document, action) = map_record(settings, geo, record, timestamp, &mut errors);
            let key = delivery_key::of_record(&tenant, record, timestamp);
            (document, timestamp, key, action)
        }
        Err(error) => {
            errors.push(error.clone());
            (json!({}), None, None, String::new())
        }
    };
    let failed = !errors.is_empty();
    let key = if failed { key } else { key.or_else(|| Some(delivery_key::of_line(&tenant, line.text))) };
    let mut tags = tags(settings);
    let keep_original = failed || tags.iter().any(|tag| tag == PRESERVE);
    if failed && !tags.iter().any(|tag| tag == PRESERVE) {
        tags.push(PRESERVE.to_owned());
    }

    document["@timestamp"] = json!(timestamp.or(origin.read_at).and_then(format_date));
    document["ecs"] = json!({ "version": "9.4.0" });
    document["error"] = json!({ "message": errors });
    document["event"]["created"] = json!(origin.read_at.and_then(format_date));
    document["event"]["id"] = json!(key.as_ref().map(delivery_key::to_text));
    document["event"]["kind"] = json!(if failed { "pipeline_error" } else { "event" });
    document["event"]["provider"] = json!("Microsoft Exchange Online");
    document["observer"] = json!({ "vendor": "Microsoft", "product": "Exchange Online", "type": "mail-gateway" });
    document["organization"] = json!({ "id": normal_id(&tenant), "name": tenant_name });
    document["tags"] = json!(tags);
    if let Some((path, offset)) = &origin.file {
        document["log"] = json!({ "file": { "path": path }, "offset": offset });
    }
    let mut document = without_empties(document).unwrap_or_default();
    if keep_original {
        document["event"]["original"] = json!(line.text);
    }
    let id = match &key {
        Some(key) if !failed => delivery_key::document_id(&tenant, key, &line.action(&action)),
        _ => delivery_key::failed_document_id(&tenant, line.text),
    };
    Mapped::Document {
        document,
        id,
        delivery_id: key.as_ref().map(delivery_key::to_text),
        timestamp,
        failed,
        has_steps: line.steps.is_some(),
    }
}

/// A text of the record; a value of another type is an error.
pub(crate) fn text(record: &Record, name: &str, errors: &mut Vec<String>) -> String {
    record
        .text(name)
        .unwrap_or_else(|error| {
            errors.push(error.clone());
            None
        })
        .unwrap_or_default()
        .to_owned()
}

pub(crate) fn timestamp(record: &Record, errors: &mut Vec<String>) -> Option<i64> {
    // A number is read as its digits are.
    let received = match record.get("Received") {
        Some(Json::Number(text)) => text.clone(),
        _ => text(record, "Received", errors),
    };
    let timestamp = parse_date(&received);
    if timestamp.is_none() {
        errors.push("`Received` is not a date".to_owned());
    }
    timestamp
}

fn map_record(
    settings: &Settings,
    geo: Geo<'_>,
    record: &Record,
    timestamp: Option<i64>,
    errors: &mut Vec<String>,
) -> (Value, String) {
    let status = text(record, "Status", errors);
    let (action, outcome) = action_and_outcome(&status);
    let (local_id, message_id) = (text(record, "MessageTraceId", errors), text(record, "MessageId", errors));
    let subject = text(record, "Subject", errors);
    if !matches!(record.get("Size"), None | Some(Json::Number(_) | Json::Text(_))) {
        errors.push("`Size` is neither a number nor a text".to_owned());
    }
    let sender = text(record, "SenderAddress", errors).to_ascii_lowercase();
    let source = Side::new(if sender == "<>" { "" } else { &sender }, &text(record, "FromIP", errors), errors);
    let recipient = text(record, "RecipientAddress", errors).to_ascii_lowercase();
    let destination = Side::new(&recipient, &text(record, "ToIP", errors), errors);
    let direction = direction(settings, &source, &destination);
    let has_ip = source.ip.is_some() || destination.ip.is_some();
    let crosses_border = matches!(direction, Some("inbound" | "outbound" | "external"));
    let user = match direction {
        Some("inbound") => destination.user(),
        Some("outbound" | "internal") => source.user(),
        _ => Value::Null,
    };
    let document = json!({
        "event": {
            "action": action,
            "category": ["email"],
            "type": ["info"],
            "outcome": outcome,
            "url": url(settings, &local_id),
        },
        "email": {
            "delivery_timestamp": timestamp.and_then(format_date),
            "direction": direction,
            "from": { "address": [source.address] },
            "sender": { "address": source.address },
            "to": { "address": [destination.address] },
            "subject": subject,
            "message_id": message_id,
            "local_id": normal_id(&local_id),
        },
        "message": message(&action, &source, &destination, direction, record.get("Size")),
        "microsoft": { "online_message_trace": record.to_value() },
        "network": {
            "direction": direction,
            "protocol": (has_ip && crosses_border).then_some("smtp"),
        },
        "source": source.to_value(geo),
        "destination": destination.to_value(geo),
        "related": {
            "hosts": distinct(&[
                &destination.domain, &source.domain, &destination.registered_domain(), &source.registered_domain(),
            ]),
            "ip": distinct(&[destination.ip.as_deref().unwrap_or_default(), source.ip.as_deref().unwrap_or_default()]),
            "user": distinct(&[
                &destination.address, &source.address, &destination.local_part, &source.local_part,
            ]),
        },
        "user": user,
    });
    (document, action)
}

/// Texts without those that are empty or were there before.
fn distinct(texts: &[&str]) -> Vec<String> {
    let mut result: Vec<String> = Vec::new();
    for text in texts {
        if !text.is_empty() && !result.iter().any(|known| known == text) {
            result.push((*text).to_owned());
        }
    }
    result
}

fn url(settings: &Settings, id: &str) -> Option<String> {
    let (tenant, _) = settings.tenant.as_ref()?;
    guid_digits(tenant)?;
    guid_digits(id)?;
    Some(format!(
        "https://security.microsoft.com/realtimereportsv3?tid={}&dltarget=Explorer&dlstorage=Url&viewid=allemail&query-NetworkMessageId={}",
        normal_id(tenant),
        normal_id(id),
    ))
}

pub(crate) fn direction(settings: &Settings, source: &Side, destination: &Side) -> Option<&'static str> {
    let local_domains = settings.local_domains.as_ref()?;
    let is_local = |side: &Side| {
        side.has_at
            && local_domains.iter().any(|local| {
                let (domain, with_itself) = match local.strip_prefix("*.") {
                    Some(parent) => (parent, false),
                    None => (local.as_str(), true),
                };
                (with_itself && equals_ignoring_case(domain, &side.domain)) || is_below(&side.domain, domain)
            })
    };
    Some(match (is_local(source), is_local(destination)) {
        (true, true) => "internal",
        (true, false) => "outbound",
        (false, true) => "inbound",
        (false, false) => "external",
    })
}

/// Whether a domain is another one with anything before it.
fn is_below(domain: &str, parent: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    (1..labels.len()).any(|at| {
        let before = labels[..at].join(".");
        !before.is_empty() && equals_ignoring_case(&labels[at..].join("."), parent)
    })
}

pub(crate) fn message(
    action: &str,
    source: &Side,
    destination: &Side,
    direction: Option<&str>,
    size: Option<&Json>,
) -> String {
    let action = if action.is_empty() { "no status" } else { action };
    let sender = if source.address.is_empty() { "<>" } else { &source.address };
    let mut message = format!("{action}: {sender}");
    if !destination.address.is_empty() {
        message += &format!(" to {}", destination.address);
    }
    let size = match size {
        Some(Json::Number(text) | Json::Text(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse::<u64>().ok().map(size_text)
        }
        _ => None,
    };
    let facts: Vec<String> = direction.map(str::to_owned).into_iter().chain(size).collect();
    if !facts.is_empty() {
        message += &format!(" ({})", facts.join(", "));
    }
    message
}

fn size_text(bytes: u64) -> String {
    let bytes = u128::from(bytes);
    let rounded = |unit: u128| (2 * bytes + unit) / (2 * unit);
    let tenths = |tenths: u128, unit: &str| format!("{}.{} {unit}", tenths / 10, tenths % 10);
    if bytes < 1000 {
        format!("{bytes} B")
    } else if rounded(1000) < 1000 {
        format!("{} kB", rounded(1000))
    } else if rounded(100_000) < 10_000 {
        tenths(rounded(100_000), "MB")
    } else {
        tenths(rounded(100_000_000), "GB")
    }
}

/// The sender or the recipient of a message.
#[derive(Default)]
pub(crate) struct Side {
    /// In lower case; empty without one.
    pub(crate) address: String,
    has_at: bool,
    local_part: String,
    pub(crate) domain: String,
    pub(crate) ip: Option<String>,
}

impl Side {
    pub(crate) fn new(address: &str, ip: &str, errors: &mut Vec<String>) -> Self {
        let mut side = Self { address: address.to_owned(), ..Self::default() };
        if let Some((local_part, domain)) = address.rsplit_once('@') {
            side.has_at = true;
            side.local_part = local_part.to_owned();
            side.domain = domain.strip_suffix('.').unwrap_or(domain).to_owned();
        } else if !address.is_empty() {
            errors.push(format!("address without `@`: [{address}]"));
        }
        match ip.parse::<IpAddr>() {
            Ok(address) => {
                let is_none = ["0.0.0.0", "255.255.255.255", "::"].contains(&address.to_string().as_str());
                side.ip = (!is_none).then(|| ip.to_owned());
            }
            Err(_) if ip.is_empty() => {}
            Err(_) => errors.push(format!("not an IP address: [{ip}]")),
        }
        side
    }

    fn split(&self) -> Split {
        if self.has_at { split_domain(&self.domain).unwrap_or_default() } else { Split::default() }
    }

    fn registered_domain(&self) -> String {
        self.split().registered_domain.unwrap_or_default()
    }

    fn user(&self) -> Value {
        json!({ "email": self.address, "name": self.local_part, "domain": self.domain })
    }

    fn to_value(&self, geo: Geo<'_>) -> Value {
        let split = self.split();
        let mut value = json!({
            "address": if self.domain.is_empty() { self.ip.as_ref() } else { Some(&self.domain) },
            "ip": self.ip,
            "domain": self.domain,
            "registered_domain": split.registered_domain,
            "top_level_domain": split.top_level_domain,
            "subdomain": split.subdomain,
            "user": self.user(),
        });
        for (name, known) in self.ip.as_deref().and_then(geo).unwrap_or_default() {
            value[name] = known;
        }
        value
    }
}
