//! Whether documents go to a data stream.

use http::StatusCode;
use serde_json::Value;

use super::{
    index_template::{IndexTemplate, apply},
    question::{get, unexpected},
    target::ExamineTarget,
};
use crate::{
    outputs::requests::HostClient,
    support::{finding::Finding, scrub::shown},
};

const STEP: &str = "data stream";

const HIDDEN: &str =
    "\nhint: the index privilege `view_index_metadata` lets `doctor` see it; delivering does not need it";

/// What is known of the data stream.
pub(super) enum StreamState {
    /// It is there, and this index takes documents.
    There { write_index: String },
    /// It is not there.
    Missing,
    /// Who asks may not see it.
    Unknown,
}

/// `template` is what a new one would be made with, if that is known.
pub(super) async fn examine(
    client: &mut HostClient,
    target: &ExamineTarget<'_>,
    template: Option<&IndexTemplate>,
) -> (Finding, StreamState) {
    let stream = target.data_stream;
    let path = format!("_data_stream/{stream}");
    let reply = match get(client, &path).await {
        Ok(reply) => reply,
        Err(error) => return (Finding::error(STEP, &error), StreamState::Unknown),
    };
    let finding = match reply.status {
        StatusCode::OK => {
            let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            match said["data_streams"].as_array().map(Vec::as_slice) {
                Some([found, ..]) if found["name"] == stream => {
                    return (existing(found, target, template), state(found));
                }
                Some([]) => return (missing(client, target, template).await, StreamState::Missing),
                _ => unexpected(STEP, &reply, &path),
            }
        }
        StatusCode::NOT_FOUND => return (missing(client, target, template).await, StreamState::Missing),
        StatusCode::FORBIDDEN => Finding::not_asked(STEP, &format!("who asks may not see `{stream}`{HIDDEN}")),
        _ => unexpected(STEP, &reply, &path),
    };
    (finding, StreamState::Unknown)
}

/// The last index takes documents.
fn state(found: &Value) -> StreamState {
    let last = found["indices"].as_array().and_then(|indices| indices.last());
    match last.and_then(|index| index["index_name"].as_str()) {
        Some(name) => StreamState::There { write_index: name.to_owned() },
        None => StreamState::Unknown,
    }
}

fn existing(found: &Value, target: &ExamineTarget<'_>, in_use: Option<&IndexTemplate>) -> Finding {
    let stream = target.data_stream;
    let indices = found["indices"].as_array().map_or(0, Vec::len);
    if found["status"].as_str().is_some_and(|status| status.eq_ignore_ascii_case("red")) {
        let hint = "hint: `GET /_cluster/allocation/explain` tells why";
        return Finding::failed(STEP, &format!("`{stream}` has shards that are not there: its status is red\n{hint}"));
    }
    let made_with = found["template"].as_str().map(shown);
    match (made_with, in_use) {
        (Some(made_with), Some(in_use)) if made_with != in_use.name => {
            let text =
                format!("`{stream}` was made with the template `{made_with}`, not with `{}`", shown(&in_use.name));
            Finding::warning(
                STEP,
                &format!("{text}\nhint: `POST /{stream}/_rollover` begins an index that has its field types"),
            )
        }
        _ => Finding::ok(
            STEP,
            &format!("`{stream}` is one, of {indices} {}", if indices == 1 { "index" } else { "indices" }),
        ),
    }
}

/// There is no data stream: is something else of its name there?
async fn missing(client: &mut HostClient, target: &ExamineTarget<'_>, template: Option<&IndexTemplate>) -> Finding {
    let stream = target.data_stream;
    // Whether there is an index or an alias; what is in it is not needed.
    let path = format!("{stream}?filter_path=*.aliases");
    let reply = match get(client, &path).await {
        Ok(reply) => reply,
        Err(error) => return Finding::error(STEP, &error),
    };
    match (reply.status, template) {
        (StatusCode::OK, _) => {
            let text = format!("`{stream}` is an ordinary index or an alias, not a data stream");
            let hint = "hint: reindex what is in it under another name, delete it, and put the template first";
            Finding::failed(STEP, &format!("{text}\n{hint}: {}", apply(target)))
        }
        (StatusCode::NOT_FOUND, Some(template)) if template.makes_data_stream() => {
            Finding::ok(STEP, &format!("`{stream}` is not there yet, and the first document makes it"))
        }
        (StatusCode::NOT_FOUND, _) => {
            let text = format!("`{stream}` is not there yet, and it is unknown whether it becomes a data stream");
            Finding::not_asked(STEP, &format!("{text}\nhint: see the step `index template`"))
        }
        (StatusCode::FORBIDDEN, _) => Finding::not_asked(STEP, &format!("who asks may not see `{stream}`{HIDDEN}")),
        _ => unexpected(STEP, &reply, stream),
    }
}
