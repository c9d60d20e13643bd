//! Documents in requests to any HTTP receiver: Vector, Fluent Bit, Logstash, Cribl, Splunk.

use std::path::PathBuf;

use async_trait::async_trait;

use super::{
    client_settings::{self, host},
    requests::{BatchSender, Credentials, HostClient, RequestError},
};
use crate::{
    mapper::MappedBatch,
    pipeline::{ExamineOptions, Output, OutputError, OutputSettings, Receipt, SettingProblem},
    support::finding::Finding,
};

mod examine;
mod plain_documents;
mod settings;
mod setup;

pub(crate) use settings::HttpConfig;

use plain_documents::PlainDocuments;

/// Posts documents.
pub(crate) struct HttpOutput {
    sender: BatchSender<PlainDocuments>,
}

impl HttpOutput {
    /// Makes an output; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a certificate cannot be used, or this machine cannot do HTTP.
    pub(crate) fn new(config: &HttpConfig) -> Result<Self, RequestError> {
        let credentials = Credentials::new(&config.authentication, &config.headers)?;
        let client =
            HostClient::new(vec![config.url.clone()], &config.connection, config.body.compression, credentials)?;
        // A receiver may keep the order in which it gets documents.
        let concurrency = 1;
        Ok(Self {
            sender: BatchSender::new(PlainDocuments { format: config.format }, client, config.body, concurrency),
        })
    }
}

impl OutputSettings for HttpConfig {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn build(&self) -> Result<Box<dyn Output>, OutputError> {
        Ok(Box::new(HttpOutput::new(self)?))
    }

    fn default_name(&self) -> String {
        format!("http {}", host(&self.url))
    }

    fn check(&self) -> Vec<SettingProblem> {
        client_settings::check(self.build().err(), &self.connection, &self.authentication)
    }
}

#[async_trait]
impl Output for HttpOutput {
    async fn examine(&mut self, options: &ExamineOptions<'_>) -> Vec<Finding> {
        examine::examine(&mut self.sender, options.may_post).await
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        Ok(self.sender.deliver(batch).await?)
    }

    fn secret_files(&self) -> Vec<PathBuf> {
        self.sender.files()
    }
}

#[cfg(test)]
mod tests;
