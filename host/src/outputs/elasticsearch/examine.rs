//! Whether documents would be stored, and as what: asked without storing any.
//!
//! Every question gets a finding of its own; one that could not be asked says so, and is never good.

use std::path::Path;

use http::{Method, StatusCode};

use super::{ElasticsearchOutput, Flavor};
use crate::{
    outputs::{
        RequestError,
        sender::{Reply, Sender},
    },
    support::finding::Finding,
};

mod pipeline;
mod privileges;
mod product;
mod stream;
mod templates;

use product::Cluster;

/// The pipeline that is none.
const NO_PIPELINE: &str = "_none";

/// What the questions are about.
struct Target<'a> {
    flavor: Flavor,
    data_stream: &'a str,
    /// How hints name the settings file.
    settings: &'a str,
}

impl ElasticsearchOutput {
    /// Asks what delivering needs; stores nothing and changes nothing.
    pub(super) async fn ask(&mut self, settings: &Path) -> Vec<Finding> {
        let has_credentials = self.has_credentials;
        let (data_stream, pipeline) = (self.data_stream.clone(), self.pipeline.clone());
        let sender = self.requests.sender();
        let (mut findings, cluster) = product::examine(sender, has_credentials).await;
        let Some(Cluster { flavor }) = cluster else {
            for step in ["privileges", "index template", "data stream"] {
                findings.push(Finding::not_asked(step, "no host answers as Elasticsearch or OpenSearch does"));
            }
            return findings;
        };
        let settings = settings.display().to_string();
        let target = Target { flavor, data_stream: &data_stream, settings: &settings };
        findings.push(privileges::examine(sender, &target).await);
        let (template, in_use) = templates::examine(sender, &target).await;
        findings.push(template);
        findings.push(stream::examine(sender, &target, in_use.as_ref()).await);
        if pipeline != NO_PIPELINE {
            findings.push(pipeline::examine(sender, &pipeline).await);
        }
        findings
    }
}

/// Asks one host for something.
async fn get(sender: &mut Sender, path: &str) -> Result<Reply, RequestError> {
    sender.ask(Method::GET, path, Vec::new()).await
}

/// The answer to a question was none of those that it has.
fn unexpected(step: &str, reply: &Reply, path: &str) -> Finding {
    let said = super::answer::explain_answer(&reply.body);
    let text = format!("`{}` answers {} to `{path}`{said}", reply.host, reply.status);
    match reply.status {
        StatusCode::UNAUTHORIZED => Finding::failed(step, &(text + super::answer::WRONG_SECRET)),
        status if status.is_success() => {
            let hint = "hint: `url` has to lead to Elasticsearch or OpenSearch itself";
            Finding::failed(step, &format!("`{}` does not answer `{path}` as it should\n{hint}", reply.host))
        }
        _ => Finding::failed(step, &text),
    }
}
