//! Whether documents would be stored, and as what: asked without storing any.
//!
//! Every question gets a finding of its own; one that could not be asked says so, and is never good.

use crate::{outputs::requests::HostClient, support::finding::Finding};

mod final_pipeline;
mod index_template;
mod pipeline;
mod privileges;
mod product;
mod question;
mod stream;
mod target;

use product::Cluster;
use target::{ExamineTarget, NO_PIPELINE};

/// Asks what delivering needs; stores nothing and changes nothing.
pub(super) async fn examine(
    client: &mut HostClient,
    data_stream: &str,
    pipeline: &str,
    has_credentials: bool,
    settings: &str,
) -> Vec<Finding> {
    let (mut findings, cluster) = product::examine(client, has_credentials).await;
    let Some(Cluster { flavor }) = cluster else {
        for step in ["privileges", "index template", "data stream", "final pipeline"] {
            findings.push(Finding::not_asked(step, "no host answers as Elasticsearch or OpenSearch does"));
        }
        return findings;
    };
    let target = ExamineTarget { flavor, data_stream, settings };
    findings.push(privileges::examine(client, &target).await);
    let (template, in_use) = index_template::examine(client, &target).await;
    findings.push(template);
    let (stream, state) = stream::examine(client, &target, in_use.as_ref()).await;
    findings.push(stream);
    findings.push(final_pipeline::examine(client, &target, in_use.as_ref(), &state).await);
    if pipeline != NO_PIPELINE {
        findings.push(pipeline::examine(client, pipeline).await);
    }
    findings
}
