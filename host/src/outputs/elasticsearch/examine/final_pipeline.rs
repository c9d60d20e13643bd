//! Whether the cluster sets `event.ingested`, by which detection rules find rows that came late.

use http::StatusCode;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    index_template::{IndexTemplate, apply},
    question::{get, unexpected},
    stream::StreamState,
    target::{ExamineTarget, NO_PIPELINE},
};
use crate::{
    outputs::{elasticsearch::resources::INGESTED, requests::HostClient},
    support::{finding::Finding, scrub::shown},
};

const STEP: &str = "final pipeline";

/// The setting of an index that names its final pipeline.
const SETTING: &str = "index.final_pipeline";

/// Looks at the index that takes documents, or at the template that would make it.
pub(super) async fn examine(
    client: &mut HostClient,
    target: &ExamineTarget<'_>,
    template: Option<&IndexTemplate>,
    stream: &StreamState,
) -> Finding {
    let named = match (stream, template) {
        (StreamState::There { write_index }, _) => of_index(client, write_index).await,
        (StreamState::Missing, Some(template)) => of_template(client, template).await,
        (StreamState::Missing, None) | (StreamState::Unknown, _) => {
            return Finding::not_asked(
                STEP,
                "the index that would take documents is not known\nhint: see the steps above",
            );
        }
    };
    match named {
        Ok(Some(name)) => of_pipeline(client, target, &name).await,
        Ok(None) => nothing_sets_it(target, stream),
        Err(finding) => finding,
    }
}

fn nothing_sets_it(target: &ExamineTarget<'_>, stream: &StreamState) -> Finding {
    let text = format!("nothing sets `{INGESTED}`: detection rules that go by it miss rows that come late");
    let hint = match stream {
        StreamState::There { .. } => format!("{}, then `POST /{}/_rollover`", apply(target), target.data_stream),
        _ => apply(target),
    };
    Finding::warning(STEP, &format!("{text}\nhint: {hint}"))
}

/// The final pipeline of an index.
async fn of_index(client: &mut HostClient, index: &str) -> Result<Option<String>, Finding> {
    let path = format!("{index}/_settings/{SETTING}?flat_settings=true");
    let said = ask(client, &path, "the index privilege `view_index_metadata`").await?;
    Ok(name(&said[index]["settings"][SETTING]))
}

/// The final pipeline of an index that a template would make.
async fn of_template(client: &mut HostClient, template: &IndexTemplate) -> Result<Option<String>, Finding> {
    let of = |settings: &Value| name(&settings["index"]["final_pipeline"]).or_else(|| name(&settings[SETTING]));
    if let Some(own) = of(template.settings()) {
        return Ok(Some(own));
    }
    for component in template.components().iter().rev() {
        let path = format!("_component_template/{}", encoded(component));
        let said = ask(client, &path, "the cluster privilege `monitor`").await?;
        if let Some(found) = of(&said["component_templates"][0]["component_template"]["template"]["settings"]) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A name of a pipeline; `_none` is the name of none.
fn name(value: &Value) -> Option<String> {
    value.as_str().filter(|name| *name != NO_PIPELINE).map(str::to_owned)
}

/// Asks for something that need not be there.
async fn ask(client: &mut HostClient, path: &str, privilege: &str) -> Result<Value, Finding> {
    let reply = get(client, path).await.map_err(|error| Finding::error(STEP, &error))?;
    match reply.status {
        StatusCode::OK => serde_json::from_slice(&reply.body).map_err(|_| unexpected(STEP, &reply, path)),
        StatusCode::NOT_FOUND => Ok(Value::Null),
        StatusCode::FORBIDDEN => {
            let hint = format!("hint: {privilege} lets `doctor` see it; delivering does not need it");
            Err(Finding::not_asked(STEP, &format!("who asks may not see `{path}`\n{hint}")))
        }
        _ => Err(unexpected(STEP, &reply, path)),
    }
}

async fn of_pipeline(client: &mut HostClient, target: &ExamineTarget<'_>, name: &str) -> Finding {
    let path = format!("_ingest/pipeline/{}", encoded(name));
    let found = match ask(client, &path, "the cluster privilege `read_pipeline`").await {
        Ok(said) => said[name].clone(),
        Err(finding) => return finding,
    };
    let shown = shown(name);
    if found.is_null() {
        let text = format!("`{shown}` is not there: every document would be refused");
        return Finding::failed(STEP, &format!("{text}\nhint: {}", apply(target)));
    }
    // A pipeline of others may set it in any way.
    if found.to_string().contains(INGESTED) {
        return Finding::ok(STEP, &format!("`{shown}` sets `{INGESTED}`"));
    }
    let text = format!("`{shown}` does not set `{INGESTED}`: detection rules that go by it miss rows that come late");
    Finding::warning(STEP, &format!("{text}\nhint: add a processor `set` to it, or {}", apply(target)))
}

fn encoded(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect()
}
