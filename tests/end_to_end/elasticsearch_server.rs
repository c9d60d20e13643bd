//! The server of Elasticsearch itself: a data stream and `_bulk` as it has them, with the field types that it knows
//! without its modules.

use std::{fs, sync::Arc};

use serde_json::{Value, json};

use crate::{
    harness::{StoreNode, documents, exotrace, wait_for},
    open_search::Delivery,
};

/// Puts what the server can take of the template of OpenSearch: it has no processors.
fn put_template(store: &StoreNode) {
    let mut printed = exotrace(&["elasticsearch", "template", "--opensearch"], "").json();
    let component = &mut printed["_component_template/exotrace-message-trace"];
    component["template"]["settings"]["index"].as_object_mut().unwrap().remove("final_pipeline").unwrap();
    for path in ["_component_template/exotrace-message-trace", "_index_template/exotrace-message-trace"] {
        store.ask("PUT", path, &printed[path]);
    }
}

#[test]
#[ignore = "needs the server of Elasticsearch, which `make test` installs"]
fn bulk_is_answered_as_the_output_reads_it() {
    let delivery = Delivery::new(&Arc::new(StoreNode::elasticsearch()), "default", 60, "");
    put_template(&delivery.store);
    delivery.run().with(0);
    delivery.check_store();
    let indices = delivery.store.ask("GET", &delivery.stream, &Value::Null);
    let index = indices.as_object().unwrap().keys().next().unwrap();
    assert!(index.starts_with(&format!(".ds-{}-", delivery.stream)), "{index}");

    // Repeats.
    fs::remove_dir_all(delivery.tenant.path("state")).unwrap();
    let said = delivery.run().with(0).said();
    assert!(said.contains("60 documents delivered, 60 already there"), "{said}");
    delivery.check_store();

    // Blocks, of a person and of a full disk. It takes the latter away by itself when there is room.
    fs::remove_dir_all(delivery.tenant.path("state")).unwrap();
    for (setting, codes) in
        [("index.blocks.write", &[Some(1)][..]), ("index.blocks.read_only_allow_delete", &[Some(0), Some(1)])]
    {
        let block = |value: Value| {
            delivery.store.ask("PUT", &format!("{}/_settings", delivery.stream), &json!({ setting: value }))
        };
        block(json!(true));
        let ended = delivery.run();
        assert!(codes.contains(&ended.code()) && ended.said().contains("cluster_block_exception"), "{ended}");
        block(Value::Null);
    }
    delivery.run().with(0);
    delivery.check_store();
}

#[test]
#[ignore = "needs the server of Elasticsearch, which `make test` installs"]
fn what_does_not_fit_is_rejected_alone() {
    let file = "[[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n";
    let delivery = Delivery::new(&Arc::new(StoreNode::elasticsearch()), "default", 60, file);
    // Somebody's own template, with a field type that some documents do not fit.
    let types = json!({ "@timestamp": { "type": "date" }, "source": { "properties": { "ip": { "type": "long" } } } });
    let template = json!({
        "index_patterns": ["logs-*"], "priority": 900, "data_stream": {},
        "template": { "mappings": { "properties": types } },
    });
    delivery.store.ask("PUT", "_index_template/wrong", &template);
    delivery.run().with(2);
    let (refused, taken): (Vec<_>, Vec<_>) =
        delivery.tenant.documents("out").into_iter().partition(|document| document["source"]["ip"].is_string());
    assert!(!refused.is_empty() && !taken.is_empty(), "{} and {}", refused.len(), taken.len());
    assert_eq!(delivery.store.documents(&delivery.stream).len(), taken.len());
    let letters = documents(&delivery.tenant.read("state/dead-letter.ndjson"));
    assert_eq!(letters.len(), refused.len());
    let is_told = |letter: &Value| {
        let reason = letter["reason"].as_str().unwrap();
        reason.starts_with("400: document_parsing_exception: ") && reason.contains("failed to parse field [source.ip]")
    };
    assert!(letters.iter().all(is_told), "{letters:#?}");
}

#[test]
#[ignore = "needs the server of Elasticsearch, which `make test` installs"]
fn a_server_that_is_killed_in_the_middle_has_each_row_once_in_the_end() {
    let mut delivery =
        Delivery::new(&Arc::new(StoreNode::elasticsearch()), "killed", 1500, "request_timeout = \"10s\"\n");
    put_template(&delivery.store);
    // There are more pages afterwards, so that it is the middle however late the server is killed.
    delivery.tenant.simulator.hold_pages();
    let mut daemon = delivery.tenant.exotrace(&["run"]).start();
    delivery.tenant.simulator.let_pass(30);
    wait_for("some rows", || delivery.store.documents(&delivery.stream).len() >= 300);
    let store = Arc::get_mut(&mut delivery.store).unwrap();
    store.kill();
    delivery.tenant.simulator.let_pass(1000);
    daemon.wait_for_log(&format!("could not reach `{}", store.url()));
    store.start_again();
    let is_there = |path: &str| delivery.store.try_ask("GET", path, "").is_ok_and(|(status, _)| status == 200);
    let health = format!("_cluster/health/{}?wait_for_status=yellow&timeout=1s", delivery.stream);
    wait_for("the index", || is_there(&health));
    wait_for("all rows", || delivery.store.documents(&delivery.stream).len() == 1500);
    daemon.stop();
    delivery.check_store();
}
