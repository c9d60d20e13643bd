//! One record in, one document out, in a buffer that is used again and again; or many lines at once.

use std::borrow::Cow;

use exotrace_geo::{Databases, MaxMindDbError};
use exotrace_mapping::{MappedBatch, Origin, Outcome, Session, SettingsError};
use serde_json::json;

use crate::{
    embedded::{ASN, CITY, SETTINGS},
    geo::OwnGeo,
    mapped::Mapped,
    parameters::{self, ParameterError},
    settings::Settings,
};

/// What every document with a time begins with; the value is ASCII without escapes.
const TIMESTAMP: &[u8] = br#"{"@timestamp":""#;

/// Why there is no transform.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    /// The settings are not those of a module.
    #[error("settings are not usable: {0}")]
    Malformed(serde_json::Error),
    /// A setting that the pipeline gives cannot be used.
    #[error(transparent)]
    Parameter(ParameterError),
    /// The mapping refuses the settings.
    #[error("mapping refuses its settings: {0}")]
    Settings(SettingsError),
    /// A geo database is none.
    #[error("geo database inside is not one in MaxMind format: {0}")]
    Geo(MaxMindDbError),
}

/// The mapping with its settings and geo databases.
pub struct Transform {
    session: Session,
    geo: OwnGeo,
    id_key: Option<String>,
    record_key: Option<String>,
    keeps_timestamp: bool,
    /// Whether a record that is not text may be shown.
    shows_originals: bool,
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

    /// The transform with what was put in when it was built, and the settings that the pipeline gives, which win: a text
    /// for each name of [`parameter_names`](crate::parameter_names).
    ///
    /// # Errors
    ///
    /// When one of them cannot be used; the error is for people, and says which and how to mend it.
    pub fn with_parameters(parameters: impl IntoIterator<Item = (String, String)>) -> Result<Self, TransformError> {
        let settings = parameters::settings(SETTINGS, parameters).map_err(TransformError::Parameter)?;
        Self::open(settings, CITY, ASN)
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
        Self::open(settings, city, asn)
    }

    fn open(settings: Settings, city: &'static [u8], asn: &'static [u8]) -> Result<Self, TransformError> {
        let session = Session::open(settings.mapping, &settings.of_session()).map_err(TransformError::Settings)?;
        let mut databases = Databases::default();
        if !city.is_empty() {
            databases = databases.with_city(city).map_err(TransformError::Geo)?;
        }
        if !asn.is_empty() {
            databases = databases.with_asn(asn).map_err(TransformError::Geo)?;
        }
        // The bytes of a record that is not text would show the people in it.
        let shows_originals = !settings.options.as_ref().is_some_and(|options| options.contains_key("privacy"));
        let Settings { id_key, record_key, timestamp: keeps_timestamp, .. } = settings;
        let (document, id) = (Vec::new(), String::new());
        let geo = OwnGeo(databases);
        Ok(Self { session, geo, id_key, record_key, keeps_timestamp, shows_originals, document, id })
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

    /// Maps records, one a line, and hands over what became of each, in order. Lines with nothing in them are no records.
    pub fn map_lines(&mut self, records: &[u8], mut take: impl FnMut(Mapped<'_>)) {
        let records = records.strip_prefix(b"\xef\xbb\xbf").unwrap_or(records);
        if let Ok(text) = str::from_utf8(records) {
            return self.map_text_lines(text, &mut take);
        }
        let mut readable = String::new();
        for line in records.split_inclusive(|byte| *byte == b'\n') {
            match str::from_utf8(line) {
                Ok(line) => readable.push_str(line),
                Err(error) => {
                    self.map_text_lines(&readable, &mut take);
                    readable.clear();
                    self.document.clear();
                    self.push_unreadable(line.trim_ascii_end(), error.valid_up_to());
                    take(Mapped::Document { is_whole: false, id: "", delivery_id: None, document: &self.document });
                }
            }
        }
        self.map_text_lines(&readable, &mut take);
    }

    fn map_text_lines(&mut self, lines: &str, take: &mut impl FnMut(Mapped<'_>)) {
        let lines = match &self.record_key {
            Some(key) => Cow::Owned(lines.split_inclusive('\n').map(|line| unwrapped(line, key)).collect()),
            None => Cow::Borrowed(lines),
        };
        let MappedBatch { documents, outcomes } = self.session.map_batch(&lines, &Origin::default(), &mut self.geo);
        let mut documents = documents.split(|byte| *byte == b'\n');
        for outcome in outcomes {
            let (is_whole, id, delivery_id) = match outcome {
                Outcome::Mapped { id, delivery_id, .. } => (true, id, Some(delivery_id)),
                Outcome::Failed { id, delivery_id, .. } => (false, id, delivery_id),
                Outcome::Dropped(reason) => {
                    take(Mapped::Dropped(reason));
                    continue;
                }
            };
            self.document.clear();
            self.id = id;
            self.push_document(documents.next().unwrap_or_default());
            let delivery_id = delivery_id.as_deref();
            take(Mapped::Document { is_whole, id: &self.id, delivery_id, document: &self.document });
        }
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
        let mut document = json!({ "error": { "message": [message] }, "event": { "kind": "pipeline_error" } });
        if self.shows_originals {
            document["event"]["original"] = String::from_utf8_lossy(record).into();
        }
        self.document.extend_from_slice(document.to_string().as_bytes());
    }
}

/// The text under a key of a line as a line, or the line itself where there is none.
fn unwrapped<'a>(line: &'a str, key: &str) -> Cow<'a, str> {
    match exotrace_mapping::text_under(line, key) {
        Some(text) => Cow::Owned(text.replace(['\r', '\n'], " ") + "\n"),
        None => Cow::Borrowed(line),
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

    /// What becomes of lines, each as the text of an array: what it is, the id, the document.
    fn map_lines(transform: &mut Transform, lines: &[u8]) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        transform.map_lines(lines, |mapped| {
            found.push(match mapped {
                Mapped::Document { is_whole, id, document, .. } => {
                    (format!("{is_whole}"), id.to_owned(), String::from_utf8(document.to_vec()).unwrap())
                }
                Mapped::Dropped(reason) => (format!("{reason:?}"), String::new(), String::new()),
            });
        });
        found
    }

    #[test]
    fn lines_give_what_each_gives_alone() {
        let record = RECORD.replace('\n', "");
        for settings in ["", r#"{"id_key":"x","timestamp":false}"#, r#"{"record_key":"log"}"#] {
            let wrapped = json!({ "log": record }).to_string();
            let lines: [&[u8]; 6] = [
                record.as_bytes(),
                b"not JSON",
                b"\"\xff\"",
                wrapped.as_bytes(),
                br#"{"value":[]}"#,
                record.as_bytes(),
            ];
            let mut transform = transform(settings);
            let mut found = map_lines(&mut transform, &[b"\xef\xbb\xbf".as_slice(), &lines.join(&b"\n"[..])].concat());
            assert_eq!(found, map_lines(&mut transform, &lines.join(&b"\r\n\r\n"[..])), "{settings}");
            assert_eq!(found.remove(4), ("EmptyPage".to_owned(), String::new(), String::new()));
            for (line, (is_whole, id, document)) in lines.iter().filter(|line| **line != lines[4]).zip(found) {
                assert_eq!(transform.map(line), document.as_bytes());
                assert_eq!(
                    (transform.id(), is_whole == "true"),
                    (&*id, !document.contains("pipeline_error")),
                    "{document}"
                );
            }
        }
        let mut transform = transform("");
        assert_eq!(map_lines(&mut transform, b""), []);
        assert_eq!(map_lines(&mut transform, b"\n \n"), []);
    }

    #[test]
    fn a_record_that_is_no_text_is_not_shown_where_people_are_hidden() {
        let settings = json!({
            "mapping": "3.0",
            "options": { "privacy": { "key_id": "1" } },
            "privacy_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        });
        let mut transform = transform(&settings.to_string());
        let document = map(&mut transform, b"{\"senderAddress\":\"ann@contoso.com\xff\"}");
        assert_eq!(document["event"], json!({ "kind": "pipeline_error" }));
        assert!(!map(&mut transform, RECORD.as_bytes()).to_string().contains("ann@"));
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
