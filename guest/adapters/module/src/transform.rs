//! One record in, one document out, in a buffer that is used again and again.

use exotrace_geo::{Databases, MaxMindDbError};
use exotrace_mapping::{MappedBatch, Origin, Outcome, Session, SettingsError};
use serde_json::json;

use crate::{ASN, CITY, SETTINGS, Settings, geo::OwnGeo};

/// What every document with a time begins with; the value is ASCII without escapes.
const TIMESTAMP: &[u8] = br#"{"@timestamp":""#;

/// Whether `@timestamp` stays in a document, unless the settings say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timestamp {
    /// It stays.
    Kept,
    /// The pipeline writes its own.
    LeftOut,
}

/// Why there is no transform.
#[derive(Debug)]
pub enum TransformError {
    /// The settings are not those of a module.
    Malformed(serde_json::Error),
    /// The mapping refuses the settings.
    Settings(SettingsError),
    /// A geo database is none.
    Geo(MaxMindDbError),
}

/// The mapping with its settings and geo databases.
pub struct Transform {
    session: Session,
    geo: OwnGeo,
    id_key: Option<String>,
    timestamp: Timestamp,
    document: Vec<u8>,
    id: String,
}

impl Transform {
    /// The transform with what was put in when it was built, which was checked then.
    ///
    /// # Errors
    ///
    /// When what was put in cannot be used after all.
    pub fn built_in(timestamp: Timestamp) -> Result<Self, TransformError> {
        Self::new(SETTINGS, CITY, ASN, timestamp)
    }

    /// A transform with these settings (JSON) and databases; each may be empty.
    ///
    /// # Errors
    ///
    /// When one of them cannot be used.
    pub fn new(
        settings: &[u8],
        city: &'static [u8],
        asn: &'static [u8],
        timestamp: Timestamp,
    ) -> Result<Self, TransformError> {
        let settings: Settings = match settings {
            [] => Settings::default(),
            text => serde_json::from_slice(text).map_err(TransformError::Malformed)?,
        };
        let session = Session::open(settings.version(), &settings.mapping()).map_err(TransformError::Settings)?;
        let mut databases = Databases::default();
        if !city.is_empty() {
            databases = databases.with_city(city).map_err(TransformError::Geo)?;
        }
        if !asn.is_empty() {
            databases = databases.with_asn(asn).map_err(TransformError::Geo)?;
        }
        let timestamp = match settings.timestamp {
            Some(true) => Timestamp::Kept,
            Some(false) => Timestamp::LeftOut,
            None => timestamp,
        };
        let (document, id) = (Vec::new(), String::new());
        Ok(Self { session, geo: OwnGeo(databases), id_key: settings.id_key, timestamp, document, id })
    }

    /// Maps one record. The document has no line feed and no NUL in it; it is empty when the record is dropped.
    ///
    /// A record that is no text is never lost: its document says so, and has it as far as it is text.
    pub fn map(&mut self, record: &[u8]) -> &[u8] {
        self.document.clear();
        self.id.clear();
        match str::from_utf8(record) {
            Ok(text) => self.map_text(text),
            Err(error) => self.push_unreadable(record, error.valid_up_to()),
        }
        &self.document
    }

    /// The last document.
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// The `_id` of the last document; empty when it has none.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn map_text(&mut self, text: &str) {
        // A line feed can only stand between the parts of a record, where a blank does as well.
        let one_line = text.contains(['\r', '\n']).then(|| text.replace(['\r', '\n'], " "));
        let text = one_line.as_deref().unwrap_or(text);
        let MappedBatch { documents, outcomes } = self.session.map_batch(text, &Origin::default(), &mut self.geo);
        if let Some(Outcome::Mapped { id, .. } | Outcome::Failed { id, .. }) = outcomes.into_iter().next() {
            self.id = id;
            self.push_document(documents.strip_suffix(b"\n").unwrap_or(&documents));
        }
    }

    fn push_document(&mut self, mut document: &[u8]) {
        if self.timestamp == Timestamp::LeftOut
            && let Some(rest) = document.strip_prefix(TIMESTAMP)
            && let Some(end) = rest.windows(2).position(|pair| pair == b"\",")
        {
            self.document.push(b'{');
            document = rest.get(end + 2..).unwrap_or_default();
        }
        self.document.extend_from_slice(document);
        let Some(key) = &self.id_key else { return };
        let member = json!({ key: self.id }).to_string();
        // The document is never empty: it says at least which ECS it follows.
        if self.document.pop_if(|last| *last == b'}').is_some() {
            self.document.push(b',');
            self.document.extend_from_slice(member.strip_prefix('{').unwrap_or_default().as_bytes());
        }
    }

    fn push_unreadable(&mut self, record: &[u8], byte: usize) {
        let message = format!("record is not UTF-8 at byte {byte}");
        let document = json!({
            "error": { "message": [message] },
            "event": { "kind": "pipeline_error", "original": String::from_utf8_lossy(record) },
        });
        self.document.extend_from_slice(document.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const RECORD: &str = r#"{"receivedDateTime":"2026-03-04T05:06:07.890Z","senderAddress":"ann@contoso.com",
        "recipientAddress":"bob@fabrikam.com","id":"1","status":"delivered"}"#;

    fn transform(settings: &str) -> Transform {
        Transform::new(settings.as_bytes(), &[], &[], Timestamp::LeftOut).unwrap()
    }

    fn map(transform: &mut Transform, record: &[u8]) -> Value {
        serde_json::from_slice(transform.map(record)).unwrap()
    }

    #[test]
    fn a_record_becomes_a_document_without_the_time_that_the_pipeline_writes() {
        let document = map(&mut transform(""), RECORD.as_bytes());
        assert_eq!(document["email"]["delivery_timestamp"], "2026-03-04T05:06:07.890Z");
        assert_eq!(document.get("@timestamp"), None);
        let document = map(&mut transform(r#"{"timestamp":true}"#), RECORD.as_bytes());
        assert_eq!(document["@timestamp"], "2026-03-04T05:06:07.890Z");
    }

    #[test]
    fn the_settings_inside_count() {
        let settings = r#"{"local_domains":["contoso.com"],"id_key":"exotrace_id","tags":["x"]}"#;
        let mut transform = transform(settings);
        let document = map(&mut transform, RECORD.as_bytes());
        assert_eq!((&document["email"]["direction"], &document["tags"][0]), (&json!("outbound"), &json!("x")));
        assert_eq!(document["exotrace_id"], transform.id());
        assert_eq!(transform.id().len(), 28);
    }

    #[test]
    fn what_is_dropped_leaves_nothing() {
        let mut transform = transform(r#"{"drop_status":["Delivered"]}"#);
        assert!(transform.map(RECORD.as_bytes()).is_empty());
        assert!(transform.map(br#"{"value":[]}"#).is_empty());
        assert_eq!(transform.id(), "");
    }

    #[test]
    fn nothing_is_lost_for_being_broken() {
        let mut transform = transform("");
        let document = map(&mut transform, b"not JSON");
        assert_eq!(
            (&document["event"]["kind"], &document["event"]["original"]),
            (&json!("pipeline_error"), &json!("not JSON"))
        );
        let document = map(&mut transform, b"{\"a\":\"\xff\"}");
        assert_eq!(document["error"]["message"][0], "record is not UTF-8 at byte 6");
        assert_eq!(document["event"]["original"], "{\"a\":\"\u{fffd}\"}");
        assert!(!transform.map(b"{\"a\":\"\0\"}").contains(&0));
    }

    #[test]
    fn wrong_settings_are_refused() {
        let error = Transform::new(br#"{"local_domain":[]}"#, &[], &[], Timestamp::Kept);
        assert!(matches!(error, Err(TransformError::Malformed(_))));
        let error = Transform::new(br#"{"mapping":"1.20","drop_status":["x"]}"#, &[], &[], Timestamp::Kept);
        assert!(matches!(error, Err(TransformError::Settings(_))));
        assert!(matches!(Transform::new(b"", b"x", &[], Timestamp::Kept), Err(TransformError::Geo(_))));
    }
}
