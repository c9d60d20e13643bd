//! Documents in a real Apache Kafka, and records from one: read and written by Kafka's own clients as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Value, json};

use crate::harness::{Daemon, Ended, Folder, KafkaNode, SimulatedTenant, documents};

mod cluster;
mod cluster_bars;
mod cluster_faults;
mod signing_in;
mod source;
mod troubled;

/// A tenant, a topic of its own in a real broker, and settings that lead from one to the other.
struct TopicDelivery {
    tenant: SimulatedTenant,
    node: Arc<KafkaNode>,
    topic: String,
}

impl TopicDelivery {
    /// A tenant with `rows` rows; `output` is the rest of the output's settings.
    fn new(topic: &str, rows: usize, output: &str) -> Self {
        Self::on(&KafkaNode::shared(), topic, rows, output, json!({}))
    }

    /// The same on that node, with these settings of the topic.
    fn on(node: &Arc<KafkaNode>, topic: &str, rows: usize, output: &str, settings: Value) -> Self {
        node.create(topic, 3, settings);
        let tenant = SimulatedTenant::with_rows(rows);
        tenant.deliver_to(&format!("{}{output}", open_output(node, topic)));
        Self { tenant, node: Arc::clone(node), topic: topic.to_owned() }
    }

    fn run(&self) -> Ended {
        self.tenant.exotrace(&["run", "--once"]).run()
    }

    /// The topic has what the tenant has, each row once, and nothing else.
    #[track_caller]
    fn check_topic(&self) {
        let found = self.node.documents(&self.topic);
        assert_eq!(found.len(), self.tenant.simulator.visible_rows().len());
        self.tenant.check(&found);
    }
}

/// Starts a process that runs until it is stopped.
fn start(folder: &Folder) -> Daemon {
    folder.exotrace(&["run"]).start()
}

/// The documents of a topic by their tenants.
fn by_tenant(node: &KafkaNode, topic: &str) -> BTreeMap<String, Vec<Value>> {
    let mut documents: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for message in node.messages(topic) {
        let tenant = message["headers"]["exotrace-tenant"].as_str().unwrap().to_owned();
        let document = serde_json::from_str(message["value"].as_str().unwrap()).unwrap();
        documents.entry(tenant).or_default().push(document);
    }
    documents
}

/// Settings of an output that needs no sign-in.
fn open_output(node: &KafkaNode, topic: &str) -> String {
    output(&node.open_address(), topic, "tls = false\n")
}

fn output(address: &str, topic: &str, lines: &str) -> String {
    format!("[[output]]\ntype = \"kafka\"\nbrokers = [\"{address}\"]\ntopic = \"{topic}\"\n{lines}")
}

/// What `doctor` says of outputs or sources: `step: result` each.
fn steps(report: &Value, part: &str) -> Vec<String> {
    let text = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    let steps = report["steps"].as_array().unwrap().iter();
    let steps = steps.filter(|step| text(step, "part").starts_with(part));
    steps.map(|step| format!("{}: {}", text(step, "step"), text(step, "result"))).collect()
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn every_row_is_a_message_with_its_key_time_and_headers() {
    let delivery = TopicDelivery::new("messages", 80, "");
    delivery.run().with(0);
    delivery.check_topic();
    let ids = delivery.tenant.visible_ids();
    let messages = delivery.node.messages("messages");
    let mut partitions = BTreeSet::new();
    for message in &messages {
        let document: Value = serde_json::from_str(message["value"].as_str().unwrap()).unwrap();
        let header = |name: &str| message["headers"][name].as_str().unwrap_or_default();
        assert!(ids.contains(header("exotrace-id")), "{message}");
        assert_eq!(header("exotrace-tenant"), delivery.tenant.config.tenant_id);
        assert_eq!(header("content-type"), "application/json");
        assert!(header("exotrace-schema").starts_with("ecs/"), "{message}");
        let (version, digest) = header("exotrace-mapping").split_once("@sha256:").unwrap();
        assert!(version.starts_with("2.2") && digest.len() == 64, "{message}");
        let time = chrono::DateTime::parse_from_rfc3339(document["@timestamp"].as_str().unwrap()).unwrap();
        assert_eq!(message["timestamp"], time.timestamp_millis());
        assert!(!message["key"].as_str().unwrap().is_empty());
        partitions.insert(message["partition"].as_u64());
    }
    assert_eq!(partitions.len(), 3, "the keys spread over the partitions");
    // A second run finds nothing new.
    delivery.run().with(0);
    delivery.check_topic();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn all_statuses_of_a_delivery_have_one_key() {
    let delivery = TopicDelivery::new("keys", 0, "");
    let row = |status: &str| {
        format!(
            "{{\"id\":\"5f8a2c1e-0000-0000-0000-000000000001\",\"receivedDateTime\":\"2026-01-05T10:00:00Z\",\
             \"senderAddress\":\"a@contoso.com\",\"recipientAddress\":\"b@example.com\",\"subject\":\"x\",\
             \"status\":\"{status}\",\"size\":7,\"messageId\":\"<m@contoso.com>\"}}\n"
        )
    };
    delivery.tenant.write("in.ndjson", row("pending") + &row("delivered"));
    let source = "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]\n";
    let mapping = "[mapping]\nversion = \"3.0\"\n";
    delivery.tenant.write_settings(&format!("{source}{}{mapping}", open_output(&delivery.node, "keys")));
    delivery.run().with(0);
    let messages = delivery.node.messages("keys");
    assert_eq!(messages.len(), 2);
    let values = |name: &str| messages.iter().map(|message| message[name].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!((values("key"), values("partition"), values("value")), (1, 1, 2), "{messages:#?}");
    assert_ne!(messages[0]["headers"]["exotrace-id"], messages[1]["headers"]["exotrace-id"]);

    delivery.node.create("no-keys", 1, json!({}));
    delivery.tenant.change_settings("topic = \"keys\"", "topic = \"no-keys\"\nkey = \"none\"\ncompression = \"gzip\"");
    delivery.run().with(0);
    assert!(delivery.node.messages("no-keys").iter().all(|message| message["key"].is_null()));
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn every_tenant_has_a_topic_of_its_own() {
    let delivery = TopicDelivery::new("unused", 30, "");
    let topic = format!("mail.{}", delivery.tenant.config.tenant_id);
    delivery.node.create(&topic, 1, json!({}));
    delivery.tenant.change_settings("topic = \"unused\"", "topic = \"mail.{tenant}\"\ncompression = \"lz4\"");
    delivery.run().with(0);
    delivery.tenant.check(&delivery.node.documents(&topic));
    // A source that does not say its tenant cannot be delivered so.
    let tenant_id = format!("tenant_id = \"{}\"", delivery.tenant.config.tenant_id);
    delivery.tenant.write("in.ndjson", "");
    let file = "[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]\n[[output]]";
    delivery.tenant.change_settings("[[output]]", file);
    let said = delivery.tenant.exotrace(&["check"]).ends(78).said();
    assert!(said.contains("`source[2].tenant_id` is missing") && said.contains("has `{tenant}` in it"), "{said}");
    delivery.tenant.change_settings(&file.replace("[[output]]", ""), &file.replace("[[output]]", &(tenant_id + "\n")));
    delivery.tenant.exotrace(&["check"]).ends(0);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn what_is_too_large_for_the_topic_is_a_dead_letter_and_the_rest_is_there() {
    let node = KafkaNode::shared();
    for (topic, lines) in [("small", ""), ("small-in-transactions", "transactional = true\n")] {
        // Brokers judge messages that come together together: these are more than the limit, each of them is less.
        let settings = json!({ "max.message.bytes": "8000", "compression.type": "uncompressed" });
        let lines = format!("{lines}compression = \"none\"\n");
        let delivery = TopicDelivery::on(&node, topic, 0, &lines, settings);
        let record = |index: usize, subject: &str| {
            format!(
                "{{\"MessageTraceId\":\"{index}\",\"Received\":\"2026-01-05T10:00:00Z\",\"SenderAddress\":\"a@contoso.com\",\
                 \"RecipientAddress\":\"b@example.com\",\"Subject\":\"{subject}\",\"Status\":\"Delivered\",\"Size\":7,\
                 \"MessageId\":\"<{index}@contoso.com>\"}}\n"
            )
        };
        // Nothing that compresses well.
        let long: String = (0..3000_u32).map(|index| char::from(b'a' + (index * index % 23) as u8)).collect();
        let lines: String = (0..60).map(|index| record(index, if index % 20 == 7 { &long } else { "short" })).collect();
        let long_lines = lines.replace(&long, &long.repeat(4));
        delivery.tenant.write("in.ndjson", long_lines);
        let source = "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]\n";
        let settings = delivery.tenant.read("exotrace.toml");
        let output = &settings[settings.find("[[output]]").unwrap()..];
        delivery.tenant.write_settings(&format!("{source}{output}"));
        delivery.run().with(2);
        let found = delivery.node.documents(topic);
        assert_eq!(found.len(), 57, "{topic}");
        let letters = documents(&delivery.tenant.read("state/dead-letter.ndjson"));
        assert_eq!(letters.len(), 3, "{topic}");
        for letter in &letters {
            let reason = letter["reason"].as_str().unwrap();
            assert!(reason.contains("is larger than topic") && !reason.contains(&long[..40]), "{reason}");
        }
        // The same after a person has mended it.
        delivery.run().with(0);
        assert_eq!(delivery.node.documents(topic).len(), 57);
    }
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_batch_in_a_transaction_is_there_as_a_whole() {
    let delivery = TopicDelivery::new("transactions", 120, "transactional = true\n");
    let report = delivery.tenant.exotrace(&["doctor", "--json"]).run().json();
    assert_eq!(
        steps(&report, "output "),
        ["brokers: ok", "topic: ok", "transactions: ok", "write: not_asked"],
        "{report}"
    );
    let report = delivery.tenant.exotrace(&["doctor", "--json", "--post-empty"]).run().json();
    assert_eq!(steps(&report, "output "), ["brokers: ok", "topic: ok", "transactions: ok", "write: ok"], "{report}");
    assert_eq!(delivery.node.messages("transactions").len(), 0, "what doctor writes is undone");
    delivery.run().with(0);
    delivery.check_topic();
    // Each transaction has a marker of its own, in each partition that it wrote to.
    let messages = delivery.node.messages("transactions");
    let last = messages.iter().filter_map(|message| message["offset"].as_u64()).max().unwrap();
    assert!(last as usize > messages.len() / 3, "{last}");
}
