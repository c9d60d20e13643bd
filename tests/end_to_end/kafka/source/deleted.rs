//! Messages that a topic deletes before they are read: as retention does, but when it is told to.

use super::{Mapping, address, metric, records, steps};
use crate::harness::wait_for;

/// What is logged of it.
const DELETED: &str = "messages deleted before they were read";

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn what_the_topic_deleted_unread_is_told_and_the_rest_is_read() {
    let mapping = Mapping::new("deleted", 1);
    let folder = mapping.process();
    mapping.write(&records(0..30));
    let said = folder.exotrace(&["run", "--once"]).ends(0).said();
    assert!(!said.contains(DELETED), "{said}");
    mapping.write(&records(30..60));
    mapping.node.delete_before("deleted-raw", 45);
    let report = folder.exotrace(&["doctor", "--json"]).run();
    assert_eq!(
        steps(&report.json(), "kafka deleted"),
        ["brokers: ok", "topic: ok", "group: warning", "records: ok"],
        "{report}"
    );
    assert!(report.stdout.contains("deleted 15 messages before `deleted` read them"), "{report}");
    let said = folder.exotrace(&["run", "--once"]).ends(0).said();
    for part in [DELETED, "\"topic\":\"deleted-raw\"", "\"partition\":0", "\"messages\":15"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let numbers: Vec<_> = mapping.counts().into_iter().collect();
    assert_eq!(numbers, (0..30).chain(45..60).map(|number| (number, 1)).collect::<Vec<_>>());
    // It is told once, also when nothing else is left to read.
    mapping.write(&records(60..70));
    mapping.node.delete_before("deleted-raw", 70);
    let said = folder.exotrace(&["run", "--once"]).ends(0).said();
    assert!(said.contains(DELETED) && said.contains("\"messages\":10"), "{said}");
    assert_eq!(mapping.node.read_by("deleted"), 70);
    mapping.write(&records(70..75));
    let said = folder.exotrace(&["run", "--once"]).ends(0).said();
    assert!(!said.contains(DELETED), "{said}");
    assert_eq!(mapping.counts().len(), 50);
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_group_that_began_with_the_newest_goes_on_with_the_oldest_that_is_left() {
    let mapping = Mapping::new("newest", 1);
    let folder = mapping.process_with("start = \"latest\"\n");
    folder.change_settings("state_dir", "listen = \"127.0.0.1:0\"\nstate_dir");
    mapping.write(&records(0..10));
    let mut daemon = folder.exotrace(&["run"]).start();
    // What is written before the process has its partition is none of its business.
    let mut written = 10;
    wait_for("the first records", || {
        mapping.write(&records(written..written + 1));
        written += 1;
        !mapping.counts().is_empty()
    });
    wait_for("all offsets", || mapping.node.read_by("newest") >= written);
    daemon.stop();
    let first = *mapping.counts().keys().next().unwrap();
    assert!(first >= 10, "{first}");
    mapping.write(&records(written..written + 20));
    mapping.node.delete_before("newest-raw", written + 8);
    let mut daemon = folder.exotrace(&["run"]).start();
    let address = address(&daemon);
    wait_for("the rest", || mapping.counts().len() as u64 == written - first + 12);
    assert_eq!(metric(&address, "exotrace_messages_missed_total{source=\"kafka\"}"), Some(8));
    assert_eq!(daemon.log().matches(DELETED).count(), 1, "{}", daemon.log());
    daemon.stop();
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn marks_of_transactions_are_not_taken_for_messages() {
    let mapping = Mapping::new("marked", 1);
    let folder = mapping.process();
    let mut daemon = folder.exotrace(&["run"]).start();
    for round in 0..5 {
        mapping.node.write_in_transaction("marked-raw", &records(round * 10..round * 10 + 10));
    }
    wait_for("all records", || mapping.counts().len() >= 50);
    // The last mark is none of a message, so that the group does not stand behind it.
    wait_for("all offsets", || mapping.node.read_by("marked") >= 54);
    daemon.stop();
    mapping.check(50);
    assert!(!daemon.log().contains(DELETED), "{}", daemon.log());
    let said = folder.exotrace(&["run", "--once"]).ends(0).said();
    assert!(!said.contains(DELETED), "{said}");
}
