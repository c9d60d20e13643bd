//! The life-cycle policy: when an index is closed by a new one, and when it is deleted.
//!
//! Elasticsearch has policies in index life-cycle management (ILM), OpenSearch in index state management (ISM).

use serde_json::{Value, json};

use super::{
    options::{Existing, Resource, TemplateOptions},
    retention::Retention,
};
use crate::outputs::elasticsearch::flavor::Flavor;

/// When an index is large enough for a new one.
const ROLLOVER_SIZE: &str = "50gb";

/// New indices now and then; nothing is deleted unless people say so.
///
/// OpenSearch has no policies without a plugin, so it gets one only where one is asked for.
pub(super) fn policy(options: &TemplateOptions<'_>, meta: &Value) -> Option<Resource> {
    let name = options.policy_name();
    match (options.flavor, options.delete_after) {
        (Flavor::Elasticsearch, delete_after) => Some(Resource {
            path: format!("_ilm/policy/{name}"),
            body: json!({ "policy": { "phases": phases(delete_after), "_meta": meta } }),
            existing: if delete_after.is_some() { Existing::Amended } else { Existing::Kept },
        }),
        (Flavor::OpenSearch, None) => None,
        (Flavor::OpenSearch, Some(delete_after)) => Some(Resource {
            path: format!("_plugins/_ism/policies/{name}"),
            body: json!({ "policy": {
                "description": "Exchange Online message trace, mapped to ECS by exotrace",
                "default_state": "hot",
                "states": states(delete_after),
                "ism_template": [{ "index_patterns": [options.pattern()], "priority": options.priority() }],
            } }),
            existing: Existing::Amended,
        }),
    }
}

fn phases(delete_after: Option<Retention>) -> Value {
    let rollover_age = delete_after.map_or(Retention::LONGEST_ROLLOVER, Retention::rollover);
    let rollover = json!({ "max_primary_shard_size": ROLLOVER_SIZE, "max_age": rollover_age.to_string() });
    let mut phases = json!({ "hot": { "actions": { "rollover": rollover } } });
    if let Some(delete_after) = delete_after {
        phases["delete"] = json!({ "min_age": delete_after.to_string(), "actions": { "delete": {} } });
    }
    phases
}

fn states(delete_after: Retention) -> Value {
    let rollover = json!({
        "min_primary_shard_size": ROLLOVER_SIZE,
        "min_index_age": delete_after.rollover().to_string(),
    });
    let conditions = json!({ "min_rollover_age": delete_after.to_string() });
    json!([
        {
            "name": "hot",
            "actions": [{ "rollover": rollover }],
            "transitions": [{ "state_name": "delete", "conditions": conditions }],
        },
        { "name": "delete", "actions": [{ "delete": {} }], "transitions": [] },
    ])
}

/// The path and the body by which a policy that was found gets the deletion of `wanted` and keeps the rest of itself.
pub(in crate::outputs::elasticsearch) fn amended(wanted: &Resource, found: &Value) -> (String, Value) {
    match wanted.path.strip_prefix("_ilm/policy/") {
        Some(name) => (wanted.path.clone(), amended_phases(&wanted.body, &found[name]["policy"])),
        None => {
            // Its states are those that this program has written. OpenSearch takes no change that does not say of what.
            let number = |name: &str| found[name].as_i64().unwrap_or_default();
            let (at, term) = (number("_seq_no"), number("_primary_term"));
            (format!("{}?if_seq_no={at}&if_primary_term={term}", wanted.path), wanted.body.clone())
        }
    }
}

fn amended_phases(wanted: &Value, found: &Value) -> Value {
    let wanted = &wanted["policy"]["phases"];
    let mut phases = found["phases"].clone();
    if !phases["hot"]["actions"]["rollover"].is_object() {
        // Without it no index would ever be complete.
        phases["hot"]["actions"]["rollover"] = wanted["hot"]["actions"]["rollover"].clone();
    }
    phases["hot"]["actions"]["rollover"]["max_age"] = wanted["hot"]["actions"]["rollover"]["max_age"].clone();
    if !phases["delete"]["actions"]["delete"].is_object() {
        phases["delete"]["actions"]["delete"] = json!({});
    }
    phases["delete"]["min_age"] = wanted["delete"]["min_age"].clone();
    let mut policy = json!({ "phases": phases });
    if found["_meta"].is_object() {
        policy["_meta"] = found["_meta"].clone();
    }
    json!({ "policy": policy })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(flavor: Flavor, delete_after: &str) -> TemplateOptions<'static> {
        TemplateOptions {
            flavor,
            namespace: None,
            delete_after: Some(delete_after.parse().unwrap()),
            has_own_policy: false,
        }
    }

    #[test]
    fn documents_are_deleted_only_where_that_was_said() {
        let never = TemplateOptions { delete_after: None, ..options(Flavor::Elasticsearch, "1d") };
        assert_eq!(policy(&never, &Value::Null).unwrap().body["policy"]["phases"].get("delete"), None);
        assert_eq!(policy(&TemplateOptions { flavor: Flavor::OpenSearch, ..never }, &Value::Null), None);
        let ilm = policy(&options(Flavor::Elasticsearch, "21d"), &Value::Null).unwrap();
        let phases = &ilm.body["policy"]["phases"];
        assert_eq!(phases["delete"], json!({ "min_age": "21d", "actions": { "delete": {} } }));
        assert_eq!(phases["hot"]["actions"]["rollover"]["max_age"], "1d");
        let ism = policy(&options(Flavor::OpenSearch, "21d"), &Value::Null).unwrap();
        assert_eq!(ism.body["policy"]["states"][0]["transitions"][0]["conditions"]["min_rollover_age"], "21d");
        assert_eq!(ism.body["policy"]["states"][1]["actions"], json!([{ "delete": {} }]));
    }

    #[test]
    fn a_policy_of_people_keeps_all_but_the_deletion() {
        let wanted = policy(&options(Flavor::Elasticsearch, "21d"), &Value::Null).unwrap();
        let found = json!({ "exotrace-message-trace": { "version": 7, "policy": {
            "phases": {
                "hot": { "min_age": "0ms", "actions": { "rollover": { "max_age": "30d", "max_docs": 5 } } },
                "warm": { "min_age": "2d", "actions": { "forcemerge": { "max_num_segments": 1 } } },
                "delete": { "min_age": "90d", "actions": { "delete": {}, "wait_for_snapshot": { "policy": "ours" } } },
            },
            "_meta": { "by": "us" },
        } } });
        let (path, body) = amended(&wanted, &found);
        assert_eq!(path, wanted.path);
        let expected = json!({ "policy": {
            "phases": {
                "hot": { "min_age": "0ms", "actions": { "rollover": { "max_age": "1d", "max_docs": 5 } } },
                "warm": { "min_age": "2d", "actions": { "forcemerge": { "max_num_segments": 1 } } },
                "delete": { "min_age": "21d", "actions": { "delete": {}, "wait_for_snapshot": { "policy": "ours" } } },
            },
            "_meta": { "by": "us" },
        } });
        assert_eq!(body, expected);
        let (_, of_little) = amended(&wanted, &json!({ "exotrace-message-trace": { "policy": { "phases": {} } } }));
        assert_eq!(of_little["policy"]["phases"], wanted.body["policy"]["phases"]);
    }

    #[test]
    fn a_policy_of_opensearch_is_changed_as_it_was_found() {
        let wanted = policy(&options(Flavor::OpenSearch, "21d"), &Value::Null).unwrap();
        let (path, body) = amended(&wanted, &json!({ "_seq_no": 12, "_primary_term": 3, "policy": {} }));
        assert_eq!(path, "_plugins/_ism/policies/exotrace-message-trace?if_seq_no=12&if_primary_term=3");
        assert_eq!(body, wanted.body);
    }
}
