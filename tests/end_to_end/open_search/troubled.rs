//! An OpenSearch that refuses, is busy, is blocked or crashes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::{Delivery, Fixtures, apply};
use crate::harness::{Daemon, StoreNode, documents, graph_records, wait_for};

/// Number of writers that keep the only thread for writing and its queue busy.
const WRITERS: usize = 8;

/// Lets the writers end, also where the test fails.
struct Ending<'e>(&'e AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn what_does_not_fit_is_rejected_alone_and_comes_when_it_does() {
    let records = graph_records(0..20)
        .replace("\"<7@contoso.com>\"", "\"not a number\"")
        .replace("<", "")
        .replace("@contoso.com>", "");
    let fixtures = Fixtures::new("rejected", "2.2", &[("a.ndjson", records)]);
    // Somebody's own template, with a field type that one document does not fit.
    let wrong = |pattern: &str| {
        let types = json!({ "email": { "properties": { "message_id": { "type": "long" } } } });
        let template = json!({
            "index_patterns": [pattern], "priority": 900, "data_stream": {},
            "template": { "mappings": { "properties": types } },
        });
        fixtures.store.ask("PUT", "_index_template/wrong", &template);
    };
    wrong(&fixtures.stream);
    let said = fixtures.folder.exotrace(&["run", "--once"]).ends(2).said();
    assert!(said.contains("19 documents delivered, 1 to the dead letter"), "{said}");
    assert!(!said.contains("not a number"), "{said}");
    let letters = documents(&fixtures.folder.read("state/dead-letter.ndjson"));
    assert_eq!(letters.len(), 1, "{letters:?}");
    let reason = letters[0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("400: mapper_parsing_exception: failed to parse field [email.message_id]"), "{reason}");
    assert_eq!(fixtures.store.documents(&fixtures.stream).len(), 19);
    assert_eq!(fixtures.folder.documents("out").len(), 20, "the other output has it");
    // With the right types from the next index on, it is taken.
    wrong("of-others-*");
    apply(&fixtures.folder, &[]).with(0);
    fixtures.store.ask("POST", &format!("{}/_rollover", fixtures.stream), &Value::Null);
    fixtures.folder.exotrace(&["replay"]).ends(0);
    assert_eq!(fixtures.store.documents(&fixtures.stream).len(), 20);
    assert_eq!(fixtures.folder.documents("out").len(), 20);
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn a_blocked_index_loses_nothing() {
    let delivery = Delivery::ready("blocked");
    // The first page makes the data stream.
    delivery.tenant.simulator.hold_pages();
    let mut daemon = delivery.tenant.exotrace(&["run"]).start();
    delivery.tenant.simulator.let_pass(1);
    wait_for("a page", || delivery.store.documents(&delivery.stream).len() == 20);
    daemon.signal("TERM");
    // Otherwise pages may be faster.
    daemon.wait_for_log("stopping");
    delivery.tenant.simulator.let_pass(1000);
    assert!(daemon.end().success());
    let block = |block: Value| delivery.store.ask("PUT", &format!("{}/_settings", delivery.stream), &block);
    for (setting, said) in [
        ("index.blocks.write", "did not let"),
        // As a full disk does it.
        ("index.blocks.read_only_allow_delete", "cluster_block_exception"),
    ] {
        block(json!({ setting: true }));
        let ended = delivery.run().with(1);
        assert!(ended.said().contains(said) && ended.said().contains("cluster_block_exception"), "{ended}");
        block(json!({ setting: null }));
    }
    delivery.run().with(0);
    delivery.check_store();
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn a_full_queue_loses_nothing_and_stores_nothing_twice() {
    let store =
        StoreNode::open_search(&["node.processors=1", "thread_pool.write.size=1", "thread_pool.write.queue_size=1"]);
    let delivery = Delivery::new(&Arc::new(store), "busy", 60, "max_documents = 3\n");
    delivery.apply(&[]).with(0);
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let body = "{\"index\":{}}\n{\"text\":\"some words that others write, again and again\"}\n".repeat(2000);
    thread::scope(|scope| {
        let ending = Ending(&is_over);
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = delivery.store.try_ask("POST", "others/_bulk", &body);
                    let is_refused = answer.is_ok_and(|(_, answer)| answer["items"][0]["index"]["status"] == 429);
                    refused.fetch_add(usize::from(is_refused), Ordering::Relaxed);
                }
            });
        }
        wait_for("a full queue", || refused.load(Ordering::Relaxed) > WRITERS);
        let mut daemon = delivery.tenant.exotrace(&["run"]).start();
        // Of single documents, or of a whole request that did not get into the queue of the final pipeline.
        wait_for("a refusal", || daemon.log().contains(" 429 ") || daemon.log().contains(": 429: "));
        drop(ending);
        wait_for("all rows", || delivery.store.documents(&delivery.stream).len() == 60);
        daemon.stop();
    });
    delivery.check_store();
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn a_node_that_is_killed_in_the_middle_has_each_row_once_in_the_end() {
    let mut delivery =
        Delivery::new(&Arc::new(StoreNode::open_search(&[])), "killed", 1500, "request_timeout = \"10s\"\n");
    delivery.apply(&[]).with(0);
    // There are more pages each time, so that it is the middle however late the node is killed.
    delivery.tenant.simulator.hold_pages();
    let mut daemon = delivery.tenant.exotrace(&["run"]).start();
    let failure = format!("could not reach `{}", delivery.store.url());
    let failures = |daemon: &Daemon| daemon.log().matches(&failure).count();
    for at_least in [100, 600] {
        delivery.tenant.simulator.let_pass(25);
        wait_for("some rows", || delivery.store.documents(&delivery.stream).len() >= at_least);
        let before = failures(&daemon);
        let store = Arc::get_mut(&mut delivery.store).unwrap();
        store.kill();
        delivery.tenant.simulator.let_pass(5);
        wait_for("a request that fails", || failures(&daemon) > before);
        store.start_again();
        wait_for("the index", || {
            let health = format!("_cluster/health/{}?wait_for_status=yellow&timeout=1s", delivery.stream);
            delivery.store.try_ask("GET", &health, "").is_ok_and(|(status, _)| status == 200)
        });
    }
    delivery.tenant.simulator.let_pass(1000);
    wait_for("all rows", || delivery.store.documents(&delivery.stream).len() == 1500);
    daemon.stop();
    delivery.check_store();
}
