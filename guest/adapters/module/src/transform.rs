//! One record in, one document out, in a buffer that is used again and again.

use exotrace_geo::{Databases, MaxMindDbError};
use exotrace_mapping::{MappedBatch, Origin, Outcome, Session, SettingsError};
use serde_json::json;

use crate::{
    embedded::{ASN, CITY, SETTINGS},
    geo::OwnGeo,
    settings::Settings,
};

/// What every document with a time begins with; the value is ASCII without escapes.
const TIMESTAMP: &[u8] = br#"{"@timestamp":""#;

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
    record_key: Option<String>,
    keeps_timestamp: bool,
    document: Vec<u8>,
    id: String,
}

impl Transform {
    /// The transform with what was put in when it was built, which was checked then.
    ///
    /// # Errors
    ///
    /// When what was put in cannot be used after all.
    pub fn built_in() -> Result<Self, TransformError> {
        Self::new(SETTINGS, CITY, ASN)
    }

    /// A transform with these settings (JSON) and databases; each may be empty.
    ///
    /// # Errors
    ///
    /// When one of them cannot be used.
    pub fn new(settings: &[u8], city: &'static [u8], asn: &'static [u8]) -> Result<Self, TransformError> {
        let settings: Settings = match settings {
            [] => Settings::default(),
            text => serde_json::from_slice(text).map_err(TransformError::Malformed)?,
        };
        let session = Session::open(settings.mapping, &settings.of_session()).map_err(TransformError::Settings)?;
        let mut databases = Databases::default();
        if !city.is_empty() {
            databases = databases.with_city(city).map_err(TransformError::Geo)?;
        }
        if !asn.is_empty() {
            databases = databases.with_asn(asn).map_err(TransformError::Geo)?;
        }
        let Settings { id_key, record_key, timestamp: keeps_timestamp, .. } = settings;
        let (document, id) = (Vec::new(), String::new());
        Ok(Self { session, geo: OwnGeo(databases), id_key, record_key, keeps_timestamp, document, id })
    }

    /// Maps one record. The document has no line feed and no NUL in it; it is empty when the record is dropped.
    ///
    /// A record that is not text is never lost: its document says so, and has it as far as it is text.
    pub fn map(&mut self, record: &[u8]) -> &[u8] {
        self.document.clear();
        self.id.clear();
        match str::from_utf8(record) {
            Ok(text) => {
                let wrapped = self.record_key.as_deref().and_then(|key| exotrace_mapping::text_under(text, key));
                self.map_text(wrapped.as_deref().unwrap_or(text));
            }
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
        if !self.keeps_timestamp
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
        Transform::new(settings.as_bytes(), &[], &[]).unwrap()
    }

    fn map(transform: &mut Transform, record: &[u8]) -> Value {
        serde_json::from_slice(transform.map(record)).unwrap()
    }

    #[test]
    fn a_document_has_its_time_unless_the_pipeline_writes_it() {
        let document = map(&mut transform(""), RECORD.as_bytes());
        assert_eq!(document["@timestamp"], "2026-03-04T05:06:07.890Z");
        let document = map(&mut transform(r#"{"timestamp":false}"#), RECORD.as_bytes());
        assert_eq!(document["email"]["delivery_timestamp"], "2026-03-04T05:06:07.890Z");
        assert_eq!(document.get("@timestamp"), None);
    }

    #[test]
    fn a_record_is_taken_from_the_text_under_a_key() {
        let mut wrapped = transform(r#"{"record_key":"log","preserve_original_event":true}"#);
        let mut plain = transform(r#"{"preserve_original_event":true}"#);
        for line in [
            RECORD,
            "not JSON",
            r#"{"receivedDateTime":"2026-03-04","subject":"\"\u00fc\ud83d \\ \/","size":123456789012345678901234567890}"#,
            r#"{"log":"\u0000","log":"x"}"#,
        ] {
            let record = json!({ "file": "trace.ndjson", "log": line }).to_string();
            assert_eq!(wrapped.map(record.as_bytes()), plain.map(line.as_bytes()), "{record}");
            assert_eq!(wrapped.id(), plain.id());
        }
        assert_eq!(map(&mut wrapped, br#"{"l\u006fg":"not JSON"}"#)["event"]["original"], "not JSON");
        // What has no text there is the record itself.
        for record in
            [RECORD, r#"{"log":null}"#, r#"{"log":{"a":1}}"#, r#"{"a":{"log":"x"}}"#, r#"["log"]"#, r#"{"log""#]
        {
            assert_eq!(wrapped.map(record.as_bytes()), plain.map(record.as_bytes()), "{record}");
        }
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
    fn the_tenant_reaches_the_mapping() {
        let document = map(&mut transform(r#"{"tenant_id":"contoso.com","tenant_name":"Contoso"}"#), RECORD.as_bytes());
        assert_eq!(document["organization"], json!({ "name": "Contoso" }));
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
        let error = Transform::new(br#"{"local_domain":[]}"#, &[], &[]);
        assert!(matches!(error, Err(TransformError::Malformed(_))));
        let error = Transform::new(br#"{"mapping":"1.20","drop_status":["x"]}"#, &[], &[]);
        assert!(matches!(error, Err(TransformError::Settings(_))));
        let error = Transform::new(br#"{"mapping":"2.2","options":{}}"#, &[], &[]);
        assert!(matches!(error, Err(TransformError::Settings(SettingsError::Unsupported(name))) if name == "options"));
        assert!(matches!(Transform::new(b"", b"x", &[]), Err(TransformError::Geo(_))));
    }
}
