//! Whether the ingest pipeline of the settings is there.

use http::StatusCode;
use url::form_urlencoded;

use super::question::{get, unexpected};
use crate::{outputs::requests::HostClient, support::finding::Finding};

const STEP: &str = "ingest pipeline";

pub(super) async fn examine(client: &mut HostClient, pipeline: &str) -> Finding {
    let name: String = form_urlencoded::byte_serialize(pipeline.as_bytes()).collect();
    let path = format!("_ingest/pipeline/{name}");
    let reply = match get(client, &path).await {
        Ok(reply) => reply,
        Err(error) => return Finding::error(STEP, &error),
    };
    match reply.status {
        StatusCode::OK if serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok_and(|it| it.is_object()) => {
            Finding::ok(STEP, &format!("`{pipeline}` is there"))
        }
        StatusCode::NOT_FOUND => {
            let hint = "hint: `pipeline` names one; the documents need none, so that it can be left out";
            Finding::failed(STEP, &format!("`{pipeline}` is not there: every document would be refused\n{hint}"))
        }
        StatusCode::FORBIDDEN => {
            let hint = "hint: the cluster privilege `read_pipeline` allows it; delivering does not need it";
            Finding::not_asked(STEP, &format!("who asks may not see `{pipeline}`\n{hint}"))
        }
        _ => unexpected(STEP, &reply, &path),
    }
}
