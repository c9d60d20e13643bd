//! Changes the documents of the mapping inside. `make test` says what a change breaks.

// The types of both sides are the same ones.
wit_bindgen::generate!({ path: "wit", world: "wrapper", merge_structurally_equal_types: true });

use exotrace::mapping::mapper as inside;
use exports::exotrace::mapping::mapper::*;
use serde_json::{Value, json};

struct Wrapper;
export!(Wrapper);

impl Guest for Wrapper {
    type Session = OpenSession;

    /// What the mapping inside is, by another name and version.
    fn describe() -> Description {
        let (name, mapping_version) = (
            env!("CARGO_PKG_NAME").to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        );
        Description {
            name,
            mapping_version,
            ..inside::describe()
        }
    }
}

/// A session of the mapping inside.
struct OpenSession(inside::Session);

impl GuestSession for OpenSession {
    fn open(mut settings: Settings) -> Result<Session, SettingsError> {
        // One status more: Microsoft does not know yet what becomes of the message.
        settings.drop_status.push("gettingStatus".to_owned());
        inside::Session::open(&settings).map(|session| Session::new(Self(session)))
    }

    fn map_batch(&self, records: String, origin: Origin) -> MappedBatch {
        let mut batch = self.0.map_batch(&records, &origin);
        let mut documents = batch.documents.lines();
        let mut changed = String::new();
        for outcome in &mut batch.outcomes {
            let length = match outcome {
                Outcome::Mapped(Mapped { length, .. }) | Outcome::Failed(Failed { length, .. }) => {
                    length
                }
                Outcome::Dropped(_) => continue,
            };
            let document = change(documents.next().unwrap_or_default());
            *length = document.len() as u32;
            changed += &document;
            changed.push('\n');
        }
        MappedBatch {
            documents: changed,
            ..batch
        }
    }
}

/// What is changed of a document.
fn change(document: &str) -> String {
    let mut document: Value = serde_json::from_str(document).unwrap_or_default();
    // Without the subject. It stays in `event.original`, which has all of the record: that of a broken record, and every
    // one with `preserve_original_event`.
    for place in ["/email", "/microsoft/online_message_trace"] {
        if let Some(members) = document.pointer_mut(place).and_then(Value::as_object_mut) {
            members.retain(|name, _| !name.eq_ignore_ascii_case("subject"));
        }
    }
    // With a field of one's own.
    document["labels"]["mapped_by"] = json!(env!("CARGO_PKG_NAME"));
    document.to_string()
}
