//! Maps message trace to documents of the Elastic Common Schema (ECS). `make test` says what a change breaks.

use contract::exports::exotrace::mapping::mapper::*;
use serde_json::{Map, Value, json};

mod contract;
mod record;
use record::{Record, is_blank, merge};

const ECS_VERSION: &str = "9.4.0";

struct Mapping;
contract::export!(Mapping with_types_in contract);

impl Guest for Mapping {
    type Session = OpenSession;

    fn describe() -> Description {
        Description {
            name: env!("CARGO_PKG_NAME").to_owned(),
            mapping_version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: Schema {
                name: "ecs".to_owned(),
                version: ECS_VERSION.to_owned(),
            },
            record_kinds: vec![RecordKind::Graph, RecordKind::Legacy],
            options_schema: None,
        }
    }
}

/// What is known before the first record.
struct OpenSession {
    /// `agent`, `data_stream`, `input` and what the operator adds: every document needs them.
    fields: Map<String, Value>,
    tags: Vec<String>,
    keeps_original: bool,
    tenant: String,
}

impl GuestSession for OpenSession {
    /// Refuses what this mapping has no rule for: what is ignored, nobody notices.
    fn open(settings: Settings) -> Result<Session, SettingsError> {
        let unsupported = [
            ("drop_status", !settings.drop_status.is_empty()),
            ("options", settings.options.is_some()),
            ("pseudonym_key", settings.pseudonym_key.is_some()),
        ];
        if let Some((name, _)) = unsupported.into_iter().find(|(_, is_given)| *is_given) {
            return Err(SettingsError::Unsupported(name.to_owned()));
        }
        let fields = serde_json::from_str(settings.fields.as_deref().unwrap_or("{}"));
        let fields = fields.map_err(|error| SettingsError::InvalidFields(error.to_string()))?;
        let tenant = settings.tenant.map(|tenant| tenant.id).unwrap_or_default();
        let (tags, keeps_original) = (settings.tags, settings.preserve_original_event);
        Ok(Session::new(Self {
            fields,
            tags,
            keeps_original,
            tenant,
        }))
    }

    fn map_batch(&self, records: String, origin: Origin) -> MappedBatch {
        let mut batch = MappedBatch {
            documents: String::new(),
            outcomes: Vec::new(),
        };
        let mut offset = 0;
        for line in records.split_inclusive('\n') {
            if !is_blank(line) {
                let record = Record::read(line.trim_end_matches(['\r', '\n']), &self.tenant);
                let mut document = self.document(&record);
                if let Some(file) = &origin.file {
                    document["log"] =
                        json!({ "file": { "path": file.path }, "offset": file.offset + offset });
                }
                let document = document.to_string();
                batch.outcomes.push(record.outcome(document.len() as u32));
                batch.documents += &document;
                batch.documents.push('\n');
            }
            offset += line.len() as u64;
        }
        batch
    }
}

impl OpenSession {
    /// One record as a document: the rules of this mapping.
    fn document(&self, record: &Record<'_>) -> Value {
        let mut document = json!({
            "@timestamp": record.received(),
            "ecs": { "version": ECS_VERSION },
            "event": { "kind": "event", "category": ["email"], "action": record.text("status").to_lowercase() },
            "email": {
                "from": { "address": [record.text("senderAddress")] },
                "to": { "address": [record.text("recipientAddress")] },
                "subject": record.text("subject"),
                "message_id": record.text("messageId"),
                "local_id": record.text("id"),
            },
            "source": { "ip": record.text("fromIP") },
        });
        if let Some(reason) = record.failure() {
            document["event"]["kind"] = json!("pipeline_error");
            document["error"] = json!({ "message": format!("{reason:?}") });
        }
        if self.keeps_original || record.failure().is_some() {
            document["event"]["original"] = json!(record.line());
        }
        record::remove_empty(&mut document);
        if !self.tags.is_empty() {
            document["tags"] = json!(self.tags);
        }
        merge(&mut document, &self.fields);
        document
    }
}
