//! Compares the mapping with the reference mapper.
//!
//! Both get the same record, settings and geo answers. Documents have to be equal as JSON, ids to the byte. What
//! `error.message` says is not compared, only that there is one.

mod geo;

use exotrace_mapping as fast;
use exotrace_reference as reference;
use serde_json::Value;

pub use exotrace_reference::{VERSIONS, Version};
pub use geo::network;

/// How a record is mapped.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The mapping.
    pub version: Version,
    /// The tenant's id and its name.
    pub tenant: Option<(String, Option<String>)>,
    /// Domains of the tenant.
    pub local_domains: Option<Vec<String>>,
    /// Keep every record's own bytes.
    pub preserve_original_event: bool,
    /// Tags of every document.
    pub tags: Vec<String>,
    /// Statuses whose records are dropped, by a version that drops any.
    pub drop_status: Vec<String>,
    /// When the records were read, in milliseconds since 1970-01-01T00:00:00Z.
    pub read_at: Option<i64>,
    /// The file that they are from, and where in it they begin.
    pub file: Option<(String, u64)>,
}

impl Setup {
    /// A version with no settings.
    pub fn of(version: Version) -> Self {
        Self {
            version,
            tenant: None,
            local_domains: None,
            preserve_original_event: false,
            tags: Vec::new(),
            drop_status: Vec::new(),
            read_at: None,
            file: None,
        }
    }
}

/// Both mappers, for one setup.
pub struct Comparison {
    setup: Setup,
    session: fast::Session,
}

impl Comparison {
    /// Opens the mapping.
    pub fn new(setup: Setup) -> Self {
        let settings = fast::Settings {
            tenant: setup.tenant.clone().map(|(id, name)| fast::Tenant { id, name }),
            local_domains: setup.local_domains.clone(),
            preserve_original_event: setup.preserve_original_event,
            tags: setup.tags.clone(),
            drop_status: if setup.version.drops_statuses { setup.drop_status.clone() } else { Vec::new() },
            ..fast::Settings::default()
        };
        let version = fast::versions::find(setup.version.number).expect("the mapping has the version");
        let session = fast::Session::open(version, &settings).expect("the settings are right");
        Self { setup, session }
    }

    /// Maps lines with both, and compares them one by one: twice, the second time with all that the first one cached.
    ///
    /// # Panics
    ///
    /// When anything differs, or a document is not one JSON object on one line.
    pub fn check(&mut self, lines: &[&str]) {
        self.check_once(lines);
        self.check_once(lines);
    }

    fn check_once(&mut self, lines: &[&str]) {
        let Self { setup, session } = self;
        let records = lines.join("\n");
        let file = setup.file.clone().map(|(path, offset)| fast::FilePosition { path, offset });
        let batch = session.map_batch(&records, &fast::Origin { read_at: setup.read_at, file }, &mut geo::Answers);
        let text = String::from_utf8(batch.documents).expect("documents are UTF-8");
        let mut documents = text.as_str();
        let mut outcomes = batch.outcomes.into_iter();
        let mut offset = 0;
        for line in lines {
            let start = offset;
            offset += line.len() + 1;
            let record = line.strip_suffix('\r').unwrap_or(line);
            if record.chars().all(|it| it.is_whitespace() || it.is_control() || it == '\u{feff}') {
                continue;
            }
            let outcome = outcomes.next().expect("every record has an outcome");
            let document = length(&outcome).map(|length| {
                let (document, rest) = documents.split_at(length);
                documents = rest.strip_prefix('\n').expect("a line feed follows every document");
                assert!(!document.contains('\n'), "{document}");
                document
            });
            check(record, &outcome, document, expected(setup, record, start as u64));
        }
        assert_eq!((outcomes.next(), documents), (None, ""));
    }
}

fn length(outcome: &fast::Outcome) -> Option<usize> {
    match outcome {
        fast::Outcome::Mapped { length, .. } | fast::Outcome::Failed { length, .. } => Some(*length),
        fast::Outcome::Dropped(_) => None,
    }
}

fn expected(setup: &Setup, record: &str, offset: u64) -> reference::Mapped {
    let settings = reference::Settings {
        tenant: setup.tenant.clone(),
        local_domains: setup.local_domains.clone(),
        preserve_original_event: setup.preserve_original_event,
        tags: setup.tags.clone(),
        drop_status: setup.drop_status.clone(),
    };
    let file = setup.file.clone().map(|(path, begin)| (path, begin + offset));
    let origin = reference::Origin { read_at: setup.read_at, file };
    reference::map(setup.version, &settings, &origin, &network, record)
}

/// What the steps of a delivery say: the reference mapper knows the row of it alone.
/// `guest/mapping/tests/details.rs` and `ocsf_details.rs` look at these.
const OF_STEPS: [&str; 26] = [
    "/action",
    "/action_id",
    "/destination",
    "/disposition",
    "/disposition_id",
    "/dst_endpoint",
    "/duration",
    "/end_time",
    "/event/action",
    "/event/code",
    "/event/duration",
    "/event/end",
    "/event/reason",
    "/event/reference",
    "/event/start",
    "/metadata/log_name",
    "/microsoft/online_message_trace/details",
    "/observables",
    "/policy",
    "/related",
    "/rule",
    "/start_time",
    "/status_code",
    "/status_detail",
    "/tls",
    "/unmapped/details",
];

/// Takes what the steps of a delivery say out of a document, and objects that have nothing else.
fn take_steps(document: &mut Value) {
    for field in OF_STEPS.iter().chain(&["/unmapped/toIP", "/message"]) {
        let (parent, name) = field.rsplit_once('/').expect("a pointer");
        if let Some(members) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
            members.remove(name);
        }
    }
    for (parent, name) in [("/microsoft", "online_message_trace"), ("", "microsoft"), ("", "unmapped")] {
        if let Some(members) = document.pointer_mut(parent).and_then(Value::as_object_mut)
            && members.get(name).is_some_and(|value| value.as_object().is_some_and(serde_json::Map::is_empty))
        {
            members.remove(name);
        }
    }
}

/// Takes what is wrong out of a document: `error`, which OCSF has no name for.
fn take_error(document: &mut Value) -> Option<Value> {
    let members = if document.get("class_uid").is_some() {
        document.pointer_mut("/unmapped/exotrace").and_then(Value::as_object_mut)
    } else {
        document.as_object_mut()
    };
    members?.remove("error")
}

fn check(record: &str, outcome: &fast::Outcome, document: Option<&str>, expected: reference::Mapped) {
    let reference::Mapped::Document {
        document: wanted,
        id: wanted_id,
        delivery_id,
        timestamp: wanted_timestamp,
        failed,
        has_steps,
    } = expected
    else {
        assert!(document.is_none(), "should be dropped: {record}");
        return;
    };
    let document = document.unwrap_or_else(|| panic!("should not be dropped: {record}"));
    let mut document: Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {document}"));
    let messages = take_error(&mut document);
    let has_messages = messages.is_some_and(|error| error["message"].as_array().is_some_and(|all| !all.is_empty()));
    let mut wanted = wanted;
    take_error(&mut wanted);
    if has_steps {
        let [message, of_row] = [&document["message"], &wanted["message"]].map(|it| it.as_str().unwrap_or_default());
        assert!(message.starts_with(&format!("{of_row}: ")), "message of {record}: {message}");
        take_steps(&mut document);
        take_steps(&mut wanted);
    }
    let (id, found_delivery_id, timestamp, has_failed) = match outcome {
        fast::Outcome::Mapped { id, delivery_id, timestamp, .. } => (id, Some(delivery_id), Some(*timestamp), false),
        fast::Outcome::Failed { id, delivery_id, timestamp, .. } => (id, delivery_id.as_ref(), *timestamp, true),
        fast::Outcome::Dropped(_) => unreachable!("there is a document"),
    };
    assert_eq!(document, wanted, "document of {record}");
    assert_eq!((has_failed, has_messages), (failed, failed), "failure of {record}");
    assert_eq!(timestamp, wanted_timestamp, "timestamp of {record}");
    assert_eq!(*id, wanted_id, "id of {record}");
    assert_eq!(found_delivery_id, delivery_id.as_ref(), "delivery id of {record}");
}
