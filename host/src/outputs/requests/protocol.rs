//! What one protocol over HTTP has of its own: how a request is written, and what its answer says of documents.

use std::borrow::Cow;

use super::{
    batch_document::{BatchDocument, PlacedDocument},
    batch_progress::BatchProgress,
    reply::Reply,
    request_error::RequestError,
};
use crate::mapper::MappedBatch;

/// How documents stand in a request, and what its answer means.
pub(crate) trait Protocol {
    /// Where requests go, below the address of a host.
    fn path(&self, batch: &MappedBatch) -> Cow<'_, str>;

    /// What a request says it is.
    fn content_type(&self) -> &'static str;

    /// The bytes that a document takes in a request.
    fn length(&self, document: &BatchDocument<'_>) -> usize;

    /// Writes the body of a request.
    fn write(&self, documents: &[PlacedDocument<'_>]) -> Vec<u8>;

    /// Why a document cannot be sent, ever.
    fn unfit(&self, document: &BatchDocument<'_>) -> Option<String>;

    /// What an answer says of documents, each with its place in the batch.
    fn settle(
        &self,
        reply: &Reply,
        documents: &[PlacedDocument<'_>],
        progress: &mut BatchProgress,
    ) -> Result<(), RequestError>;
}
