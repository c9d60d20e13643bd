//! Documents in a data stream of Elasticsearch or OpenSearch, through `_bulk`.
//!
//! Every document is created by its `_id`, so one that is there already is not written again.

use std::path::PathBuf;

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    client_settings::{self, Authentication, host},
    requests::{BatchSender, Credentials, HostClient, Reply, RequestError},
};
use crate::{
    mapper::MappedBatch,
    pipeline::{ExamineOptions, Inventory, Output, OutputError, OutputSettings, Receipt, SettingProblem},
    support::{finding::Finding, http_response::Malformed},
};

mod bulk;
mod bulk_answer;
mod examine;
mod explain;
mod flavor;
mod inventory;
mod resources;
mod settings;
mod setup;

pub(crate) use flavor::Flavor;
pub(crate) use resources::{Resource, Retention, TemplateOptions, resources};
pub(crate) use settings::ElasticsearchConfig;

use bulk::Bulk;
use explain::explain_put;
use resources::{Existing, amended};

/// Writes documents to a data stream.
pub(crate) struct ElasticsearchOutput {
    sender: BatchSender<Bulk>,
    data_stream: String,
    pipeline: String,
    has_credentials: bool,
}

impl ElasticsearchOutput {
    /// Makes an output; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a certificate cannot be used, or this machine cannot do HTTP.
    pub(crate) fn new(config: &ElasticsearchConfig) -> Result<Self, RequestError> {
        let client = HostClient::new(
            config.urls.clone(),
            &config.connection,
            config.body.compression,
            Credentials::new(&config.authentication, &[])?,
        )?;
        let bulk = Bulk::new(&config.data_stream, &config.pipeline);
        let has_credentials = config.authentication != Authentication::None || config.connection.certificate.is_some();
        Ok(Self {
            sender: BatchSender::new(bulk, client, config.body, config.concurrency),
            data_stream: config.data_stream.clone(),
            pipeline: config.pipeline.clone(),
            has_credentials,
        })
    }

    /// Puts something where it belongs.
    ///
    /// # Errors
    ///
    /// When the cluster cannot be reached or refuses.
    pub(crate) async fn put(&mut self, resource: &Resource) -> Result<PutOutcome, RequestError> {
        let found = match resource.existing {
            Existing::Replaced => None,
            Existing::Kept | Existing::Amended => self.find(&resource.path).await?,
        };
        let (path, body, outcome) = match (found, resource.existing) {
            (None, _) => (resource.path.clone(), resource.body.clone(), PutOutcome::Put),
            (Some(found), Existing::Amended) => {
                let (path, body) = amended(resource, &found);
                (path, body, PutOutcome::Changed)
            }
            (Some(_), _) => return Ok(PutOutcome::Kept),
        };
        let reply = self.sender.client().ask(Method::PUT, &path, body.to_string().into_bytes()).await?;
        if reply.status.is_success() { Ok(outcome) } else { Err(refused(&reply)) }
    }

    /// What is at a path of the cluster, if anything.
    ///
    /// # Errors
    ///
    /// When the cluster cannot be reached or refuses.
    pub(crate) async fn find(&mut self, path: &str) -> Result<Option<Value>, RequestError> {
        let found = self.sender.client().ask(Method::GET, path, Vec::new()).await?;
        match found.status {
            StatusCode::OK => match serde_json::from_slice(&found.body) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(RequestError::Malformed { host: found.host, source: Malformed::from(error) }),
            },
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refused(&found)),
        }
    }
}

/// What was done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutOutcome {
    /// It is there now, in place of any other.
    Put,
    /// One was there already, and was changed in part.
    Changed,
    /// One was there already, and is left alone.
    Kept,
}

impl OutputSettings for ElasticsearchConfig {
    fn kind(&self) -> &'static str {
        "elasticsearch"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(ElasticsearchOutput::new(self)?))
    }

    fn default_name(&self) -> String {
        format!("elasticsearch {}", self.urls.first().map_or("", host))
    }

    fn advise(&self) -> Vec<SettingProblem> {
        if self.authentication != Authentication::None || self.connection.certificate.is_some() {
            return Vec::new();
        }
        vec![SettingProblem::warning(
            "api_key",
            " is missing, and so is any other credential\nhint: `api_key`, `api_key_file`, or `username` and `password`; \
             right only for a cluster without security",
        )]
    }

    fn refuses(&self, schema: &str) -> Option<&'static str> {
        let has_pipeline = self.pipeline != settings::NO_PIPELINE;
        (schema != "ecs" && !has_pipeline).then_some(
            "is a data stream, which takes no document without `@timestamp`\nhint: `pipeline` of the output names an \
             ingest pipeline that makes it of the time of the document (guest/docs/ocsf.md has one for OCSF); outputs of \
             type `http`, `file` and `stdout` take every document",
        )
    }

    fn check(&self) -> Vec<SettingProblem> {
        client_settings::check(self.build().err(), &self.connection, &self.authentication)
    }
}

#[async_trait]
impl Output for ElasticsearchOutput {
    async fn examine(&mut self, options: &ExamineOptions<'_>) -> Vec<Finding> {
        let settings = options.settings.display().to_string();
        examine::examine(self.sender.client(), &self.data_stream, &self.pipeline, self.has_credentials, &settings).await
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        Ok(self.sender.deliver(batch).await?)
    }

    fn inventory(&mut self) -> Option<&mut dyn Inventory> {
        Some(self)
    }

    fn secret_files(&self) -> Vec<PathBuf> {
        self.sender.files()
    }
}

fn refused(reply: &Reply) -> RequestError {
    reply.refused(explain_put(reply.status, &reply.body))
}

#[cfg(test)]
mod tests;
