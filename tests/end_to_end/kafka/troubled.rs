//! Brokers that refuse, go away and come back, and two processes that write as one.

use std::sync::Arc;

use serde_json::json;

use super::{TopicDelivery, open_output, output, steps};
use crate::harness::{KafkaNode, PLAIN_PASSWORD, SimulatedTenant, fixture, wait_for};

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn what_a_user_may_not_do_is_named_with_what_to_grant() {
    let delivery = TopicDelivery::new("guarded", 20, "");
    let (node, tenant) = (&delivery.node, &delivery.tenant);
    let lines = format!(
        "ca_file = \"{}\"\nsasl = {{ mechanism = \"PLAIN\", username = \"guest\", password = \"{PLAIN_PASSWORD}\" }}\n",
        fixture("certificates/ca.pem").display()
    );
    tenant.deliver_to(&output(&node.sign_in_address(), "guarded", &lines));
    let report = tenant.exotrace(&["doctor", "--json"]).run();
    assert_eq!(steps(&report.json(), "output ")[1], "topic: failed", "{report}");
    let said = tenant.exotrace(&["run", "--once"]).ends(1).said();
    assert!(said.contains("grant the user the topic"), "{said}");
    // It may look now, and not write.
    node.allow("guest", "describe", "topic", "guarded");
    let said = tenant.exotrace(&["run", "--once"]).ends(1).said();
    assert!(said.contains("grant the user the topic"), "{said}");
    node.allow("guest", "write", "topic", "guarded");
    tenant.exotrace(&["run", "--once"]).ends(0);
    delivery.check_topic();
    // Transactions need more.
    tenant.change_settings(
        "topic = \"guarded\"",
        "topic = \"guarded\"\ntransactional = true\ntransactional_id = \"exotrace-guest\"",
    );
    let report = tenant.exotrace(&["doctor", "--json"]).run();
    assert_eq!(steps(&report.json(), "output ")[2], "transactions: failed", "{report}");
    assert!(report.stdout.contains("transactional ids that begin with"), "{report}");
    std::fs::remove_dir_all(tenant.path("state")).unwrap();
    let said = tenant.exotrace(&["run", "--once"]).ends(1).said();
    assert!(said.contains("transactional ids that begin with"), "{said}");
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_missing_topic_needs_a_person_and_delivery_goes_on_when_it_is_there() {
    let delivery = TopicDelivery::new("there", 20, "");
    delivery.tenant.change_settings("topic = \"there\"", "topic = \"not-there\"");
    let mut daemon = delivery.tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("create the topic, or correct `topic`");
    delivery.node.create("not-there", 1, json!({}));
    wait_for("all rows", || delivery.node.messages("not-there").len() >= 20);
    daemon.stop();
    delivery.tenant.check(&delivery.node.documents("not-there"));
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn a_broker_that_is_killed_in_the_middle_has_each_row_once_in_the_end() {
    let node = Arc::new(KafkaNode::new());
    for (topic, lines) in [("killed", ""), ("killed-in-transactions", "transactional = true\n")] {
        let delivery = TopicDelivery::on(&node, topic, 1500, lines, json!({}));
        let mut daemon = delivery.tenant.exotrace(&["run"]).start();
        wait_for("some rows", || node.messages(topic).len() >= 200);
        node.kill();
        node.start_again();
        wait_for("all rows", || node.messages(topic).len() >= 1500);
        daemon.stop();
        delivery.check_topic();
    }
}

#[test]
#[ignore = "needs Kafka, which `make test` installs"]
fn of_two_processes_with_one_transactional_id_the_first_stops_and_says_so() {
    let node = KafkaNode::shared();
    node.create("fenced", 1, json!({}));
    let lines = "transactional = true\ntransactional_id = \"exotrace-one\"\n";
    // A run that has more to deliver all the time.
    let busy = SimulatedTenant::new(exotrace_simulator::TenantConfig {
        rows: 40,
        rows_per_hour: 3_600_000,
        ..exotrace_simulator::TenantConfig::default()
    });
    busy.deliver_to(&(open_output(&node, "fenced") + lines));
    let mut first = busy.exotrace(&["run"]).start();
    wait_for("the first rows", || !node.messages("fenced").is_empty());
    let second = SimulatedTenant::with_rows(40);
    second.deliver_to(&(open_output(&node, "fenced") + lines));
    second.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(first.end().code(), Some(1), "{}", first.log());
    assert!(first.log().contains("another process writes with `transactional_id` `exotrace-one`"), "{}", first.log());
}
