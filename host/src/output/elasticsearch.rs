//! Documents in a data stream of Elasticsearch or OpenSearch, through `_bulk`.
//!
//! Every document is created by its `_id`, so one that is there already is not written again.

use super::{
    Receipt, RequestError,
    requests::Requests,
    sender::{Sender, authorization},
};
use crate::{config::ElasticsearchConfig, mapper::MappedBatch};

mod answer;
mod bulk;

use bulk::Bulk;

/// Writes documents to a data stream.
pub struct Elasticsearch {
    requests: Requests<Bulk>,
}

impl Elasticsearch {
    /// Makes an output; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When a certificate cannot be used, or this machine cannot do HTTP.
    pub fn new(config: &ElasticsearchConfig) -> Result<Self, RequestError> {
        let sender = Sender::new(
            config.urls.clone(),
            &config.connection,
            config.body.compression,
            authorization(&config.authentication)?,
        )?;
        let bulk = Bulk::new(&config.data_stream, &config.pipeline);
        Ok(Self { requests: Requests::new(bulk, sender, config.body) })
    }

    pub(super) async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, RequestError> {
        self.requests.deliver(batch).await
    }
}
