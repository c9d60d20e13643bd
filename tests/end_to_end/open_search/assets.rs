//! What `exotrace assets` prints is run against a real OpenSearch: every saved search finds what it should, every panel
//! shows something, and both programs show the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use exotrace_mapping::Origin;
use serde_json::{Value, json};

use super::{apply, stream_of};
use crate::harness::{Folder, Settings, StoreNode, documents, exotrace, fixture, geo, map};

mod drawn;
mod kql;
mod saved_objects;

use drawn::{Drawn, lens_panels, visualizations};
use kql::query;

/// What a record is made for, what is other in it, and the slugs of the searches that are to find it.
type Hunted = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const HUNTED: &[Hunted] = &[
    ("plain", &[], &[]),
    ("spoofed", &[("senderAddress", "boss@contoso.com"), ("fromIP", "203.0.113.9")], &["hunt-own-domain-from-outside"]),
    ("colleague", &[("senderAddress", "boss@contoso.com"), ("fromIP", "10.1.2.3")], &[]),
    ("colleague-6", &[("senderAddress", "boss@contoso.com"), ("fromIP", "fd00::7")], &[]),
    (
        "callback",
        &[("senderAddress", "azure-noreply@microsoft.com"), ("subject", "Fired: Sev0 Azure Monitor alert, call us")],
        &["hunt-callback-phishing"],
    ),
    (
        "callback-refused",
        &[("senderAddress", "azure-noreply@microsoft.com"), ("subject", "Azure Monitor alert"), ("status", "failed")],
        &["not-delivered"],
    ),
    ("payment", &[("subject", "Your overdue Invoice 4711")], &["hunt-payment-subjects"]),
    ("payment-words-apart", &[("subject", "wire the transfer of goods")], &[]),
    ("payment-two-words", &[("subject", "Urgent: WIRE TRANSFER today")], &["hunt-payment-subjects"]),
    ("payment-refused", &[("subject", "invoice"), ("status", "quarantined")], &["not-delivered", "filtered"]),
    ("idn", &[("senderAddress", "a@xn--exmple-cua.com")], &["hunt-idn-senders"]),
    ("idn-below", &[("senderAddress", "a@mail.xn--exmple-cua.com")], &["hunt-idn-senders"]),
    ("idn-not", &[("senderAddress", "a@axn--b.com")], &[]),
    ("cheap", &[("senderAddress", "a@prizes.top")], &["hunt-cheap-domains"]),
    (
        "cheap-refused",
        &[("senderAddress", "a@prizes.top"), ("status", "filteredAsSpam")],
        &["not-delivered", "filtered"],
    ),
    (
        "leak",
        &[("senderAddress", "ann@contoso.com"), ("recipientAddress", "me@gmail.com"), ("size", "9000000")],
        &["hunt-large-to-free-mail"],
    ),
    (
        "no-leak",
        &[("senderAddress", "ann@contoso.com"), ("recipientAddress", "me@gmail.com"), ("size", "4000000")],
        &[],
    ),
    ("waiting", &[("status", "pending")], &["waiting"]),
    ("waiting-status", &[("status", "gettingStatus")], &["waiting"]),
    ("broken", &[("receivedDateTime", "yesterday")], &["not-mapped"]),
];

fn hunted_records() -> String {
    let record = |(name, changes, _): &(&str, &[(&str, &str)], &[&str])| {
        let mut record = json!({
            "id": format!("hunted-{name}"), "messageId": format!("<{name}@x.example>"), "size": 1000, "status": "delivered",
            "receivedDateTime": "2026-03-04T05:06:07Z", "senderAddress": "news@fabrikam.com",
            "recipientAddress": "ann@contoso.com", "subject": "Hello", "fromIP": "81.2.69.142",
        });
        for (key, value) in *changes {
            record[*key] = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
        }
        format!("{record}\n")
    };
    HUNTED.iter().map(record).collect()
}

/// A record with details of a delivery whose connection is outdated.
fn outdated_record() -> String {
    let records = fs::read_to_string(fixture("records/details.ndjson")).unwrap();
    let record = records.lines().find(|line| line.contains("TLS1_2")).unwrap();
    record.replace("TLS1_2", "TLS1_0").replace("08de00000001", "08deffffffff") + "\n"
}

/// Documents of one version in a data stream of their own: those of the fixtures, and what is hunted for.
struct Filled {
    store: Arc<StoreNode>,
    namespace: String,
    documents: BTreeMap<String, Value>,
}

impl Filled {
    fn new(version: &str) -> Self {
        let (store, namespace) = (StoreNode::shared(), format!("assets_{}", version.replace('.', "_")));
        let folder = Folder::with_settings(&format!(
            "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
             [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\nnamespace = \"{namespace}\"\n",
            store.url()
        ));
        apply(&folder, &[]).with(0);
        let geo = geo(&fixture("geo/City.mmdb"), &fixture("geo/ASN.mmdb"));
        let tenant = ("aaaaaaaa-1111-2222-3333-444444444444".to_owned(), "Contoso".to_owned());
        let settings = Settings { tenant: Some(tenant), ..Settings::new(&["contoso.com"], &[]) };
        let mut lines = map(version, &settings, &geo, &(hunted_records() + &outdated_record()), &Origin::default());
        for name in ["records/well-formed", "records/details", "records/odd-details", "records/broken", "records/odd"] {
            let path = fixture(&format!("{name}-{version}-expected.json"));
            let golden: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            lines.extend(golden);
        }
        let bulk: String = lines
            .iter()
            .filter(|line| line.get("document").is_some())
            .map(|line| format!("{{\"create\":{{\"_id\":{}}}}}\n{}\n", line["_id"], line["document"]))
            .collect();
        let stream = stream_of(&namespace);
        let (status, answer) = store.try_ask("POST", &format!("{stream}/_bulk"), &bulk).unwrap();
        assert_eq!(status, 200, "{answer}");
        let documents = store.documents(&stream);
        assert!(documents.len() > 60, "{}: {answer}", documents.len());
        Self { store, namespace, documents }
    }

    fn search(&self, body: &Value) -> Value {
        self.store.search(&stream_of(&self.namespace), body)
    }

    /// The objects that are printed for it.
    fn objects(&self, kind: &str) -> Vec<Value> {
        documents(&exotrace(&["assets", kind, "--namespace", &self.namespace], "").with(0).stdout)
    }

    /// The ids of what a query finds.
    fn found(&self, kql: &str) -> BTreeSet<String> {
        let found = self.search(&json!({ "size": 1000, "_source": false, "query": query(kql) }));
        let hits = found["hits"]["hits"].as_array().unwrap().iter();
        hits.map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect()
    }

    /// The names of hunted records among documents with these ids.
    fn hunted(&self, ids: &BTreeSet<String>) -> BTreeSet<String> {
        // What cannot be mapped has its id in the record alone.
        let name = |id: &String| {
            let (document, text) = (&self.documents[id], |value: &Value| value.as_str().unwrap_or_default().to_owned());
            let text = text(&document["email"]["local_id"]) + "\"" + &text(&document["event"]["original"]);
            Some(text.split_once("hunted-")?.1.split('"').next().unwrap().to_owned())
        };
        ids.iter().filter_map(name).collect()
    }
}

/// What a saved object searches for.
fn kql_of(object: &Value) -> String {
    let source = object["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"].as_str().unwrap();
    let source: Value = serde_json::from_str(source).unwrap();
    assert_eq!(source["query"]["language"], "kuery", "{source}");
    source["query"]["query"].as_str().unwrap().to_owned()
}

fn slug(object: &Value, filled: &Filled) -> String {
    let prefix = format!("exotrace-message-trace-in-{}-", filled.namespace);
    object["id"].as_str().unwrap().strip_prefix(&prefix).unwrap().to_owned()
}

fn needs_3_0(about: &Value) -> bool {
    about.as_str().unwrap().contains("Mapping 3.0")
}

fn has(document: &Value, pointer: &str) -> bool {
    document.pointer(pointer).is_some()
}

/// A condition on documents of the fixtures with details, and the search that has it.
type OfDetails = (&'static str, fn(&Value) -> bool);

const OF_DETAILS: [OfDetails; 3] = [
    ("why-not-delivered", |document| has(document, "/microsoft/online_message_trace/details/cause")),
    ("hunt-blocked-by-rule", |document| has(document, "/rule/category")),
    ("hunt-old-tls", |document| matches!(document["tls"]["version"].as_str(), Some("1.0" | "1.1"))),
];

fn check_searches(filled: &Filled, is_3_0: bool) {
    let mut searches = 0;
    for object in filled.objects("opensearch").iter().filter(|object| object["type"] == "search") {
        let slug = slug(object, filled).strip_prefix("search-").unwrap().to_owned();
        let found = filled.found(&kql_of(object));
        searches += 1;
        if let Some((_, is_meant)) = OF_DETAILS.iter().find(|(name, _)| *name == slug) {
            let expected: BTreeSet<_> =
                filled.documents.iter().filter(|(_, it)| is_meant(it)).map(|(id, _)| id.clone()).collect();
            assert_eq!(found, expected, "{slug}");
            assert_eq!(!found.is_empty(), is_3_0, "{slug}: {found:?}");
            continue;
        }
        let expected: BTreeSet<_> = HUNTED
            .iter()
            .filter(|(_, _, slugs)| slugs.contains(&slug.as_str()))
            .map(|(name, ..)| (*name).to_owned())
            .collect();
        assert!(!expected.is_empty(), "{slug}: nothing is made for it");
        assert_eq!(filled.hunted(&found), expected, "{slug}: {}", kql_of(object));
        // Columns are there to be read.
        for column in object["attributes"]["columns"].as_array().unwrap() {
            let exists = filled.found(&format!("{}: *", column.as_str().unwrap()));
            assert!(!exists.is_empty() || column == "event.original", "{slug}: no document has {column}");
        }
    }
    assert!(searches > 10, "{searches}");
}

/// Every panel shows something, and Kibana the same as OpenSearch Dashboards.
fn check_panels(filled: &Filled, is_3_0: bool) {
    let answers = |panels: Vec<Drawn>| -> BTreeMap<String, Value> {
        let answer = |panel: &Drawn| {
            let found = filled.search(&json!({ "size": 0, "query": query(&panel.kql), "aggs": panel.aggregations() }));
            if is_3_0 || !needs_3_0(&panel.about) {
                panel.assert_shows_something(&found);
            }
            (panel.title.clone(), found["aggregations"].clone())
        };
        panels.iter().map(answer).collect()
    };
    let by_open_search = answers(visualizations(&filled.objects("opensearch")));
    assert!(by_open_search.len() > 20, "{by_open_search:?}");
    for kind in ["kibana", "kibana-8"] {
        assert_eq!(answers(lens_panels(&filled.objects(kind))), by_open_search, "{kind}");
    }
    // And that is what is in the documents.
    let statuses = &by_open_search["Statuses"]["2"]["buckets"];
    let delivered = statuses.as_array().unwrap().iter().find(|bucket| bucket["key"] == "delivered").unwrap();
    let is_delivered = |it: &&Value| it["microsoft"]["online_message_trace"]["Status"] == "delivered";
    assert_eq!(delivered["doc_count"], filled.documents.values().filter(is_delivered).count() as u64, "{statuses}");
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn saved_searches_and_panels_show_documents_of_mapping_3_0() {
    let filled = Filled::new("3.0");
    check_searches(&filled, true);
    check_panels(&filled, true);
    saved_objects::check(&filled.store, &filled.objects("opensearch"));
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn saved_searches_and_panels_show_documents_of_mapping_2_2() {
    let filled = Filled::new("2.2");
    check_searches(&filled, false);
    check_panels(&filled, false);
}
