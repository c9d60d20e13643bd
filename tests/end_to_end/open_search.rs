//! From the simulated tenant through the program to a real OpenSearch: what is stored is what the tenant has, each row
//! once, and what people ask of it is found.

use std::{collections::BTreeSet, fs, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::harness::{Ended, Folder, SimulatedTenant, StoreNode, documents, fixture};

mod assets;
mod searched;
mod troubled;

/// A tenant, a data stream of its own in a real store, and settings that lead from one to the other.
pub(crate) struct Delivery {
    pub(crate) tenant: SimulatedTenant,
    pub(crate) store: Arc<StoreNode>,
    pub(crate) stream: String,
}

fn stream_of(namespace: &str) -> String {
    format!("logs-microsoft_exchange_online_message_trace.log-{namespace}")
}

impl Delivery {
    /// A tenant with `rows` rows; `output` is the rest of the output's settings.
    pub(crate) fn new(store: &Arc<StoreNode>, namespace: &str, rows: usize, output: &str) -> Self {
        let tenant = SimulatedTenant::with_rows(rows);
        let url = store.url();
        tenant.deliver_to(&format!(
            "[[output]]\ntype = \"elasticsearch\"\nurl = \"{url}\"\nnamespace = \"{namespace}\"\n{output}"
        ));
        Self { tenant, store: Arc::clone(store), stream: stream_of(namespace) }
    }

    /// The same on the node that others have as well, with the template in place.
    fn ready(namespace: &str) -> Self {
        let delivery = Self::new(&StoreNode::shared(), namespace, 60, "");
        delivery.apply(&[]).with(0);
        delivery
    }

    fn apply(&self, arguments: &[&str]) -> Ended {
        apply(&self.tenant, arguments)
    }

    pub(crate) fn run(&self) -> Ended {
        self.tenant.exotrace(&["run", "--once"]).run()
    }

    /// The store has what the tenant has, each document once under the `_id` of the mapping, and nothing else.
    #[track_caller]
    pub(crate) fn check_store(&self) {
        let stored = self.store.documents(&self.stream);
        self.tenant.check(&stored.values().cloned().collect::<Vec<_>>());
        assert_eq!(stored.into_keys().collect::<BTreeSet<_>>(), self.tenant.visible_ids());
    }

    /// What `doctor` says of the output: `step result` each, and all that it says.
    #[track_caller]
    fn doctor(&self) -> (Vec<String>, Value) {
        let report = self.tenant.exotrace(&["doctor", "--json"]).run().json();
        let steps = report["steps"].as_array().unwrap().iter();
        let text = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
        let steps = steps.filter(|step| text(step, "part").starts_with("output "));
        (steps.map(|step| format!("{}: {}", text(step, "step"), text(step, "result"))).collect(), report)
    }
}

fn apply(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.exotrace(&[&["elasticsearch", "template", "--opensearch", "--apply"], arguments].concat()).run()
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn the_cluster_takes_what_it_has_to_know_and_doctor_sees_it() {
    // A node of its own: templates of others would match as well.
    let delivery = Delivery::new(&Arc::new(StoreNode::open_search(&[])), "default", 60, "");
    let (steps, report) = delivery.doctor();
    assert_eq!(
        steps[2..],
        ["index template: failed", "data stream: not_asked", "final pipeline: not_asked"],
        "{report}"
    );
    for _ in 0..2 {
        let said = delivery.apply(&[]).with(0).said();
        assert!(said.contains("put  _ingest/pipeline/exotrace-message-trace\n"), "{said}");
    }
    let ready = ["product: ok", "privileges: warning", "index template: ok", "data stream: ok", "final pipeline: ok"];
    let (steps, report) = delivery.doctor();
    assert_eq!(steps, ready, "{report}");
    delivery.run().with(0);
    delivery.check_store();
    let (steps, report) = delivery.doctor();
    assert_eq!(steps, ready, "{report}");
    let state = delivery.store.ask("GET", &format!("_data_stream/{}", delivery.stream), &Value::Null);
    assert_eq!(state["data_streams"][0]["template"], "exotrace-message-trace", "{state}");
    // Without its pipeline an index refuses every document.
    delivery.store.ask("PUT", &format!("{}/_settings", delivery.stream), &json!({ "index.final_pipeline": "_none" }));
    delivery.store.ask("DELETE", "_ingest/pipeline/exotrace-message-trace", &Value::Null);
    let (steps, report) = delivery.doctor();
    assert_eq!(steps[4], "final pipeline: warning", "{report}");
    let mend = json!({ "index.final_pipeline": "exotrace-message-trace" });
    delivery.store.ask("PUT", &format!("{}/_settings", delivery.stream), &mend);
    let (steps, report) = delivery.doctor();
    assert_eq!(steps[4], "final pipeline: failed", "{report}");
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn policies_need_a_plugin_and_that_is_said() {
    let delivery = Delivery::new(&StoreNode::shared(), "policies", 1, "");
    let said = delivery.apply(&["--delete-after", "21d"]).with(1).said();
    assert!(said.contains("could not put `_plugins/_ism/policies/exotrace-message-trace`"), "{said}");
    assert!(said.contains("hint: `--delete-after` needs the plugin `opensearch-index-management`"), "{said}");
    let said = delivery.tenant.exotrace(&["elasticsearch", "template", "--apply"]).ends(1).said();
    assert!(said.contains("hint: is it OpenSearch? Then `--opensearch`"), "{said}");
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn rows_are_stored_once_and_the_cluster_says_when() {
    let delivery = Delivery::ready("once");
    let began = Utc::now();
    delivery.run().with(0);
    delivery.check_store();
    let stored = delivery.store.documents(&delivery.stream);
    for document in stored.values() {
        let ingested = document["event"]["ingested"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        assert!((began..Utc::now()).contains(&ingested), "{ingested}");
    }
    // Everything once more, as after the loss of the ledger.
    fs::remove_dir_all(delivery.tenant.path("state")).unwrap();
    let said = delivery.run().with(0).said();
    assert!(said.contains("60 documents delivered, 60 already there"), "{said}");
    assert_eq!(delivery.store.documents(&delivery.stream), stored, "what is there is not written again");
    // An index after another does not make a second copy of what was delivered, since the ledger knows it.
    delivery.store.ask("POST", &format!("{}/_rollover", delivery.stream), &Value::Null);
    delivery.run().with(0);
    delivery.check_store();
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn without_a_template_it_is_an_ordinary_index_and_doctor_says_so() {
    let delivery = Delivery::new(&Arc::new(StoreNode::open_search(&[])), "plain", 20, "");
    delivery.run().with(0);
    let (steps, report) = delivery.doctor();
    assert_eq!(steps[3], "data stream: failed", "{report}");
    assert!(report.to_string().contains("is an ordinary index or an alias, not a data stream"), "{report}");
}

/// The records of the fixtures by a `file` source, to a data stream of the shared node and to a file.
struct Fixtures {
    folder: Folder,
    store: Arc<StoreNode>,
    stream: String,
}

impl Fixtures {
    fn new(namespace: &str, version: &str, records: &[(&str, String)]) -> Self {
        let store = StoreNode::shared();
        let url = store.url();
        let folder = Folder::with_settings(&format!(
            "state_dir = \"state\"\n[mapping]\nversion = \"{version}\"\npreserve_original_event = true\n\
             [[source]]\ntype = \"file\"\npaths = [\"in/*.ndjson\"]\ndate_order = \"month_first\"\nlocal_domains = [\"contoso.com\"]\n\
             [[output]]\ntype = \"elasticsearch\"\nurl = \"{url}\"\nnamespace = \"{namespace}\"\n\
             [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n"
        ));
        for (name, text) in records {
            folder.write(&format!("in/{name}"), text);
        }
        apply(&folder, &[]).with(0);
        Self { folder, store, stream: stream_of(namespace) }
    }
}

/// Rounds numbers that are not whole: the cluster writes 1e+30 as 1.0E30, which is read as another number.
fn round(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(members) => members.values_mut().for_each(round),
        Value::Number(number) if number.is_f64() => *value = json!(format!("{:.9e}", number.as_f64().unwrap())),
        _ => {}
    }
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn every_document_of_the_fixtures_fits_the_template() {
    for version in ["1.20", "2.2"] {
        let read = |name: &str| fs::read_to_string(fixture("records").join(name)).unwrap();
        let names = ["well-formed.ndjson", "odd.ndjson", "broken.ndjson", "dates.ndjson", "escapes.ndjson"];
        let records: Vec<_> = names.iter().map(|name| (*name, read(name))).collect();
        let fixtures = Fixtures::new(&format!("fixtures_{}", version.replace('.', "_")), version, &records);
        let ended = fixtures.folder.exotrace(&["run", "--once"]).run();
        let dead = fs::read_to_string(fixtures.folder.path("state/dead-letter.ndjson")).unwrap_or_default();
        let refused: Vec<_> = documents(&dead).into_iter().filter(|it| it["stage"] == "output").collect();
        assert!(refused.is_empty(), "{version}: {refused:#?} {ended}");
        // What the cluster has set is all that it has more.
        let written = fixtures.folder.documents("out");
        let has_no_date = written.iter().filter(|it| it.get("@timestamp").is_none()).count();
        assert!(written.len() > 50 && has_no_date > 5, "{ended}");
        let mut left: Vec<_> = fixtures.store.documents(&fixtures.stream).into_values().collect();
        for stored in &mut left {
            let ingested = stored["event"].as_object_mut().unwrap().remove("ingested").unwrap();
            if stored["@timestamp"] == ingested {
                stored.as_object_mut().unwrap().remove("@timestamp");
            }
        }
        // Where it was read: a record that is in two files is stored once.
        let normalize = |document: &mut Value| {
            round(document);
            document.as_object_mut().unwrap().remove("log");
        };
        let mut written = written;
        left.iter_mut().chain(&mut written).for_each(normalize);
        for document in &left {
            assert!(written.contains(document), "{version}: stored in another way: {document}");
        }
        // Odd records may have one `_id`.
        let said = ended.said();
        let (before, _) = said.split_once(" already there").unwrap();
        let repeated: usize = before.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(left.len() + repeated, written.len(), "{version}: {said}");
    }
}
