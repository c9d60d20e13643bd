//! What outputs over HTTP share: a batch goes out in requests, cut to size, and only what was not taken goes out again.

mod batch_document;
mod batch_progress;
mod batch_sender;
mod credentials;
mod gzip;
mod host_client;
mod protocol;
mod reply;
mod request_error;
mod suspect_search;

pub(super) use batch_document::{BatchDocument, PlacedDocument};
#[cfg(test)]
pub(super) use batch_document::{documents, testing};
pub(super) use batch_progress::BatchProgress;
#[cfg(test)]
pub(super) use batch_progress::ProgressMemory;
pub(super) use batch_sender::BatchSender;
pub(crate) use credentials::Credentials;
pub(crate) use host_client::HostClient;
pub(super) use protocol::Protocol;
pub(crate) use reply::Reply;
pub(crate) use request_error::RequestError;
pub(super) use request_error::is_transient;
