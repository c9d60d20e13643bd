//! What `exotrace elasticsearch template` prints and puts.

use exotrace_fake_elasticsearch::Setup;
use serde_json::json;

use super::Delivery;
use crate::harness::exotrace;

#[test]
fn templates_are_put_and_the_policy_of_people_stays() {
    let delivery = Delivery::elasticsearch(Setup::default());
    delivery.apply_template().with(0);
    let put = delivery.fake.resources();
    let printed = exotrace(&["elasticsearch", "template"], "").json();
    assert_eq!(serde_json::to_value(&put).unwrap(), printed);
    assert_eq!(put.len(), 4);
    let again = delivery.apply_template().said();
    assert!(again.contains("kept _ilm/policy/exotrace-message-trace\n"), "{again}");
    assert!(again.contains("put  _index_template/exotrace-message-trace\n"), "{again}");
}

#[test]
fn templates_are_for_a_namespace_that_can_be() {
    let refused = exotrace(&["elasticsearch", "template", "--namespace", "A"], "").with(2);
    assert!(refused.stderr.contains("a namespace has no capital letters"), "{refused}");
    let printed = exotrace(&["elasticsearch", "template", "--opensearch", "--namespace", "it"], "").json();
    assert_eq!(printed.as_object().unwrap().len(), 3);
}

#[test]
fn documents_are_deleted_when_that_is_said() {
    let delivery = Delivery::elasticsearch(Setup::default());
    let policy = "_ilm/policy/exotrace-message-trace";
    let phases = |path: &str| delivery.fake.resources()[path]["policy"]["phases"].clone();
    delivery.apply_template().with(0);
    assert!(phases(policy).get("delete").is_none());
    let said = delivery.apply_template_with(&["--delete-after", "21d"]).with(0).said();
    assert!(said.contains(&format!("changed {policy}\n")), "{said}");
    let expected = json!({
        "hot": { "actions": { "rollover": { "max_age": "1d", "max_primary_shard_size": "50gb" } } },
        "delete": { "min_age": "21d", "actions": { "delete": {} } },
    });
    assert_eq!(phases(policy), expected);
    delivery.apply_template().with(0);
    assert_eq!(phases(policy), expected, "it stays");
    // One namespace has another time, also when nobody says so again.
    let (own, template) = (format!("{policy}-it"), "_component_template/exotrace-message-trace-it");
    for (arguments, done) in [(&["--delete-after", "7d"][..], "put  "), (&[], "kept ")] {
        let said = delivery.apply_template_with(&[&["--namespace", "it"], arguments].concat()).with(0).said();
        assert!(said.contains(&format!("{done}{own}\n")), "{said}");
        assert_eq!(phases(&own)["delete"]["min_age"], "7d");
        let lifecycle = &delivery.fake.resources()[template]["template"]["settings"]["index"]["lifecycle"];
        assert_eq!(lifecycle, &json!({ "name": "exotrace-message-trace-it" }));
    }
    assert_eq!(phases(policy), expected);
    // OpenSearch changes a policy only as it was seen.
    for done in ["put  ", "changed "] {
        let said = delivery.apply_template_with(&["--opensearch", "--delete-after", "21d"]).with(0).said();
        assert!(said.contains(&format!("{done}_plugins/_ism/policies/exotrace-message-trace\n")), "{said}");
    }
    for refused in ["90s", "0d", "21"] {
        let ended = exotrace(&["elasticsearch", "template", "--delete-after", refused], "").with(2);
        assert!(ended.stderr.contains("--delete-after"), "{ended}");
    }
}

#[test]
fn templates_are_printed_for_those_who_put_them_by_hand() {
    let printed = exotrace(&["elasticsearch", "template"], "").json();
    let check = |format: &str, begin: &str, path_end: &str, end: &str| {
        let ended = exotrace(&["elasticsearch", "template", "--format", format], "").with(0);
        let mut found = serde_json::Map::new();
        for request in ended.stdout.split(begin).skip(1) {
            let (head, body) = request.split_once('\n').unwrap();
            let path = head.split_once(path_end).map_or(head, |(path, _)| path);
            let body = body.split_once(end).map_or(body, |(body, _)| body);
            found.insert(path.to_owned(), serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}")));
        }
        assert_eq!(printed, serde_json::Value::Object(found), "{ended}");
    };
    check("console", "PUT ", "\n", "\n\n");
    check("curl", "\"$ELASTICSEARCH_URL/", "\"", "\nJSON\n");
    exotrace(&["elasticsearch", "template", "--format", "curl", "--apply"], "").with(2);
}
