//! Records from a topic: shared by processes, exactly once where the documents go to the same brokers.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::{open_output, start, steps};
use crate::harness::{Daemon, Folder, KafkaNode, documents, graph_records, sized_record, wait_for, wait_for_some};

mod deleted;

/// A topic with raw records, a topic for documents, and settings that lead from one to the other.
struct Mapping {
    node: Arc<KafkaNode>,
    name: &'static str,
}

impl Mapping {
    fn new(name: &'static str, partitions: u32) -> Self {
        let node = KafkaNode::shared();
        node.create(&format!("{name}-raw"), partitions, json!({}));
        node.create(name, 3, json!({}));
        Self { node, name }
    }

    /// Settings of the source, with more lines.
    fn source(&self, lines: &str) -> String {
        let (address, name) = (self.node.open_address(), self.name);
        format!(
            "state_dir = \"state\"\n[[source]]\ntype = \"kafka\"\nbrokers = [\"{address}\"]\ntls = false\ntopic = \
             \"{name}-raw\"\ngroup = \"{name}\"\n{lines}"
        )
    }

    /// A folder for a process, which delivers in transactions.
    fn process(&self) -> Folder {
        self.process_with("batch_size = 20\n")
    }

    fn process_with(&self, lines: &str) -> Folder {
        let output = open_output(&self.node, self.name) + "transactional = true\n";
        Folder::with_settings(&(self.source(lines) + &output))
    }

    fn write(&self, messages: &[impl AsRef<[u8]>]) {
        self.node.write(&format!("{}-raw", self.name), messages);
    }

    /// How often there is a document of each record: its number and the count.
    fn counts(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for document in self.node.documents(self.name) {
            let address = document["email"]["to"]["address"].to_string();
            let number = address.split(|it: char| !it.is_ascii_digit()).find(|part| !part.is_empty()).unwrap().parse();
            *counts.entry(number.unwrap()).or_default() += 1;
        }
        counts
    }

    /// Every record up to `count` has one document.
    #[track_caller]
    fn check(&self, count: u64) {
        let counts = self.counts();
        let missing: Vec<_> = (0..count).filter(|number| !counts.contains_key(number)).take(5).collect();
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).take(5).collect();
        assert!(missing.is_empty() && twice.is_empty(), "missing {missing:?}, twice {twice:?}");
        assert_eq!(counts.len() as u64, count);
    }
}

/// Records of Graph with these numbers, one a message.
fn records(numbers: std::ops::Range<u64>) -> Vec<String> {
    graph_records(numbers).lines().map(str::to_owned).collect()
}

/// Where a process shows its metrics.
#[track_caller]
pub(super) fn address(daemon: &Daemon) -> String {
    wait_for_some("an address", || {
        let log = daemon.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut addresses = lines.filter_map(|line| Some(line["fields"]["address"].as_str()?.to_owned()));
        addresses.next()
    })
}

/// The value of a metric with these labels, if it is there.
pub(super) fn metric(address: &str, name: &str) -> Option<i64> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().find(|line| line.starts_with(name))?.rsplit(' ').next()?.parse().ok()
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn processes_share_a_topic_and_are_killed_and_each_record_is_there_once() {
    let mapping = Mapping::new("shared", 4);
    let folders = [(); 3].map(|()| mapping.process());
    let mut daemons: Vec<Daemon> = folders.iter().map(start).collect();
    let mut written = 0;
    for round in 0..6 {
        mapping.write(&records(written..written + 500));
        written += 500;
        thread::sleep(Duration::from_millis(700));
        // Killed in the middle of something, most times; and one with a folder that is gone, as a machine with its disk.
        let victim = round % daemons.len();
        daemons[victim].kill();
        if round == 3 {
            std::fs::remove_dir_all(folders[victim].path("state")).unwrap();
        }
        daemons[victim] = start(&folders[victim]);
    }
    wait_for("all records", || mapping.counts().len() as u64 >= written);
    wait_for("all offsets", || mapping.node.read_by("shared") >= written);
    for daemon in &mut daemons {
        daemon.stop();
    }
    mapping.check(written);
    // Nothing is left to do, and nobody does it again.
    folders[0].exotrace(&["run", "--once"]).ends(0);
    mapping.check(written);
    // Each did some of the work: the group shared the partitions.
    let logs: Vec<_> = daemons.iter().filter(|daemon| daemon.log().contains("partitions assigned")).collect();
    assert_eq!(logs.len(), 3);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_process_that_stops_gives_its_partitions_away_and_nothing_comes_twice() {
    let mapping = Mapping::new("given-away", 4);
    let (first, second) = (mapping.process(), mapping.process());
    let mut staying = first.exotrace(&["run"]).start();
    mapping.write(&records(0..400));
    wait_for("the first records", || mapping.counts().len() >= 100);
    let mut leaving = second.exotrace(&["run"]).start();
    leaving.wait_for_log("partitions assigned");
    mapping.write(&records(400..800));
    wait_for("more records", || mapping.counts().len() >= 600);
    leaving.stop();
    mapping.write(&records(800..1000));
    wait_for("all records", || mapping.counts().len() >= 1000);
    staying.stop();
    mapping.check(1000);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn what_is_no_record_is_a_dead_letter_that_says_where_it_was() {
    let mapping = Mapping::new("odd", 1);
    let folder = mapping.process();
    let lines = graph_records(0..3);
    let pretty = "{\n \"id\": \"9\",\n \"receivedDateTime\": \"2026-01-02T03:04:05Z\",\n \"recipientAddress\": \"bob3@fabrikam.com\"\n}";
    let messages: [&[u8]; 8] = [
        lines.as_bytes(),
        b"not json at all",
        pretty.as_bytes(),
        b"",
        b"\xff\xfe\xfd",
        b"[{\"id\":\"x4\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"recipientAddress\":\"bob4@fabrikam.com\"},7]",
        b"{\"id\":\"x5\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"recipientAddress\":\"bob5@fabrikam.com\"}\n{\"cut",
        b"null",
    ];
    mapping.write(&messages);
    let report = folder.exotrace(&["doctor", "--json"]).run();
    assert_eq!(
        steps(&report.json(), "kafka odd"),
        ["brokers: ok", "topic: ok", "group: ok", "records: warning"],
        "{report}"
    );
    folder.exotrace(&["run", "--once"]).ends(2);
    mapping.check(6);
    assert_eq!(mapping.node.read_by("odd"), 8);
    let letters = documents(&folder.read("state/dead-letter.ndjson"));
    let told: Vec<_> = letters
        .iter()
        .map(|letter| {
            (letter["reason"].as_str().unwrap().split('\n').next().unwrap(), letter["record"].as_str().unwrap())
        })
        .collect();
    let at = "message of topic `odd-raw`, partition 0, offset";
    assert_eq!(
        told,
        [
            (&*format!("{at} 1: is not JSON"), "not json at all"),
            (&*format!("{at} 4: is not UTF-8; its bytes follow in Base64"), "//79"),
            (&*format!("{at} 5, record 2: is not a record: a JSON object"), "7"),
            (&*format!("{at} 6, record 2: is not JSON"), "{\"cut"),
            (&*format!("{at} 7: is not a record: a JSON object"), "null"),
        ]
    );
    assert_eq!(letters[0]["stage"], "source");
    // Nothing of it comes again.
    folder.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(documents(&folder.read("state/dead-letter.ndjson")).len(), 5);
}

/// Messages without a document move the offset as well: by the output, and not by the consumer, which would say so later.
#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn offsets_never_go_back_where_an_output_moves_them() {
    let mapping = Mapping::new("forward", 1);
    let folder = mapping.process();
    let mut daemon = start(&folder);
    for number in 0..3 {
        mapping.write(&["{ no JSON"]);
        // Soon enough that the client has not committed it by itself.
        thread::sleep(Duration::from_millis(300));
        mapping.write(&records(number..number + 1));
        wait_for("a document", || mapping.counts().len() as u64 == number + 1);
    }
    // By then the client has committed what it commits by itself.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(mapping.node.read_by("forward"), 6);
    daemon.stop();
    folder.exotrace(&["run", "--once"]).ends(0);
    mapping.check(3);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn with_another_output_offsets_move_when_it_has_accepted() {
    let mapping = Mapping::new("outside", 2);
    let settings = mapping.source("records = \"legacy\"\nbatch_size = 10\n")
        + "[[output]]\ntype = \"file\"\npath = \"missing/out.ndjson\"\n";
    let folder = Folder::with_settings(&settings);
    let messages: Vec<_> = (0..100).map(sized_record).collect();
    mapping.write(&messages);
    // The folder of the output cannot be made: a file is in its place.
    folder.write("missing", "");
    let mut daemon = folder.exotrace(&["run"]).start();
    daemon.wait_for_log("could not deliver; trying again");
    thread::sleep(Duration::from_secs(2));
    assert_eq!(mapping.node.read_by("outside"), 0);
    daemon.kill();
    std::fs::remove_file(folder.path("missing")).unwrap();
    let mut daemon = folder.exotrace(&["run"]).start();
    wait_for("all offsets", || mapping.node.read_by("outside") == 100);
    daemon.stop();
    let sizes: BTreeSet<_> =
        documents(&folder.read("missing/out.ndjson")).iter().map(|it| it["event"].to_string()).collect();
    assert!(!sizes.is_empty());
    assert_eq!(documents(&folder.read("missing/out.ndjson")).len(), 100);
    let status = folder.exotrace(&["status", "--json"]).run().json();
    assert_eq!(status["sources"][0]["group"], "outside", "{status}");
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_mapping_is_replaced_while_records_flow_and_each_is_mapped_once() {
    let mapping = Mapping::new("replaced", 2);
    let folder = mapping.process();
    let mut daemon = folder.exotrace(&["run"]).start();
    mapping.write(&records(0..200));
    wait_for("the first records", || mapping.counts().len() >= 100);
    folder.exotrace(&["mapping", "replace", "3.0", "--accept-new-ids"]).ends(0);
    mapping.write(&records(200..400));
    wait_for("all records", || mapping.counts().len() >= 400);
    daemon.stop();
    mapping.check(400);
    let versions: BTreeSet<_> = mapping
        .node
        .messages("replaced")
        .iter()
        .map(|message| message["headers"]["exotrace-mapping"].as_str().unwrap().split('@').next().unwrap().to_owned())
        .collect();
    assert_eq!(versions.len(), 2, "{versions:?}");
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn the_lag_is_a_metric() {
    let mapping = Mapping::new("lagging", 2);
    let settings = mapping.source("batch_size = 10\n").replace("state_dir", "listen = \"127.0.0.1:0\"\nstate_dir");
    let folder = Folder::with_settings(&(settings + "[[output]]\ntype = \"file\"\npath = \"missing/out.ndjson\"\n"));
    folder.write("missing", "");
    mapping.write(&records(0..60));
    let mut daemon = folder.exotrace(&["run"]).start();
    let address = address(&daemon);
    let lag = || metric(&address, "exotrace_lag_messages{source=\"kafka\"}");
    wait_for("a lag", || lag() == Some(60));
    std::fs::remove_file(folder.path("missing")).unwrap();
    wait_for("no lag", || lag() == Some(0));
    daemon.stop();
}
