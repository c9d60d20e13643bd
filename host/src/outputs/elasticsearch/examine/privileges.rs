//! Whether the user may create documents in the data stream, and the data stream itself.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    question::{get, unexpected},
    target::ExamineTarget,
};
use crate::{
    outputs::{
        elasticsearch::{flavor::Flavor, setup::api_key_request},
        requests::{HostClient, Reply},
    },
    support::{finding::Finding, scrub::shown},
};

const STEP: &str = "privileges";

/// What delivering needs on the data stream.
const NEEDED: [&str; 2] = ["auto_configure", "create_doc"];

/// Where Elasticsearch says what a user may do. Every user may ask it of himself.
const HAS_PRIVILEGES: &str = "_security/user/_has_privileges";

/// Where OpenSearch says who asks.
const AUTHINFO: &str = "_plugins/_security/authinfo";

/// The role of OpenSearch that may do everything.
const EVERYTHING: &str = "all_access";

pub(super) async fn examine(client: &mut HostClient, target: &ExamineTarget<'_>) -> Finding {
    let asked = match target.flavor {
        Flavor::Elasticsearch => {
            let index = json!([{ "names": [target.data_stream], "privileges": NEEDED }]);
            let body = json!({ "index": index }).to_string().into_bytes();
            client.ask(Method::POST, HAS_PRIVILEGES, body).await
        }
        Flavor::OpenSearch => get(client, AUTHINFO).await,
    };
    match (asked, target.flavor) {
        (Err(error), _) => Finding::error(STEP, &error),
        (Ok(reply), _) if is_without_security(&reply) => {
            let hint = "hint: right for a test; else turn the security features of the cluster on";
            Finding::warning(
                STEP,
                &format!("security is off in this cluster: everybody may read and delete the documents\n{hint}"),
            )
        }
        (Ok(reply), Flavor::Elasticsearch) => of_elasticsearch(&reply, target),
        (Ok(reply), Flavor::OpenSearch) => of_opensearch(&reply, target),
    }
}

/// Whether the cluster has nobody to ask about privileges.
fn is_without_security(reply: &Reply) -> bool {
    let text = String::from_utf8_lossy(&reply.body);
    let says = |part: &str| text.contains(part);
    !reply.status.is_success()
        && (says("no handler found for uri")
            || says("Incorrect HTTP method for uri")
            || says("Security must be explicitly enabled"))
}

fn of_elasticsearch(reply: &Reply, target: &ExamineTarget<'_>) -> Finding {
    let stream = target.data_stream;
    if reply.status != StatusCode::OK {
        return unexpected(STEP, reply, HAS_PRIVILEGES);
    }
    let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let of_stream = &said["index"][stream];
    if !of_stream.is_object() {
        return unexpected(STEP, reply, HAS_PRIVILEGES);
    }
    let who = said["username"].as_str().map_or_else(|| "who asks".to_owned(), |name| format!("`{}`", shown(name)));
    let missing: Vec<_> = NEEDED.into_iter().filter(|privilege| of_stream[*privilege] != true).collect();
    if missing.is_empty() {
        return Finding::ok(STEP, &format!("{who} has `{}` on `{stream}`", NEEDED.join("` and `")));
    }
    let hint = format!("hint: make an API key that has them: POST /_security/api_key {}", api_key_request(stream));
    Finding::failed(STEP, &format!("{who} lacks `{}` on `{stream}`\n{hint}", missing.join("` and `")))
}

/// OpenSearch tells users their roles, but what a role may do only to administrators.
fn of_opensearch(reply: &Reply, target: &ExamineTarget<'_>) -> Finding {
    let stream = target.data_stream;
    if reply.status != StatusCode::OK {
        return unexpected(STEP, reply, AUTHINFO);
    }
    let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let (Some(user), Some(roles)) = (said["user_name"].as_str(), said["roles"].as_array()) else {
        return unexpected(STEP, reply, AUTHINFO);
    };
    let user = shown(user);
    let roles: Vec<_> = roles.iter().filter_map(Value::as_str).map(shown).collect();
    let needs = format!(
        "hint: map `{user}` to a role with the cluster permission `cluster_composite_ops` and the index permissions \
         `create_index` and `write` on `{stream}` and `.ds-{stream}-*`"
    );
    // Everybody has this one, and it is for nothing but the user's own account.
    if roles.iter().all(|role| role == "own_index") {
        return Finding::failed(STEP, &format!("`{user}` has no role that may write to `{stream}`\n{needs}"));
    }
    if roles.iter().any(|role| role == EVERYTHING) {
        return Finding::ok(STEP, &format!("`{user}` has the role `{EVERYTHING}`, which may do everything"));
    }
    let text = format!("`{user}` has `{}`; OpenSearch does not tell users what their roles may do", roles.join("`, `"));
    Finding::not_asked(STEP, &format!("{text}\n{needs}"))
}
