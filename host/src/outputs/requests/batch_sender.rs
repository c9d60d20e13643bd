//! Delivers a batch in requests: cut to size, cut again when the host says so, and gone on with when it failed halfway.
//!
//! Does not wait and does not ask again.

use std::path::PathBuf;

use http::StatusCode;
use tracing::warn;

use super::{
    batch_document::{BatchDocument, documents},
    batch_progress::{BatchProgress, ProgressMemory},
    host_client::HostClient,
    protocol::Protocol,
    request_error::RequestError,
    suspect_search::{SuspectSearch, is_about_content},
};
use crate::{mapper::MappedBatch, outputs::client_settings::BodyConfig, pipeline::Receipt};

/// A longer request may have been too long for a host that closes the connection without an answer: no limit that people
/// choose is below it.
const SHORTEST_TOO_LONG: usize = 256 * 1024;

/// Number of shorter requests after which a longer one is tried again: the connection may have broken for another reason.
const SUSPICION: u32 = 1000;

/// A host has closed the connection on a long request.
struct CutOff {
    /// How long requests are from then on.
    max_bytes: usize,
    /// How many of those it has answered.
    answered: u32,
}

/// Delivers batches in requests.
pub(crate) struct BatchSender<P> {
    protocol: P,
    client: HostClient,
    limits: BodyConfig,
    cut_off: Option<CutOff>,
    memory: ProgressMemory,
    /// Whether the host has taken something since it refused all that it was given.
    takes_others: bool,
}

impl<P: Protocol> BatchSender<P> {
    pub(crate) fn new(protocol: P, client: HostClient, limits: BodyConfig) -> Self {
        Self { protocol, client, limits, cut_off: None, memory: ProgressMemory::default(), takes_others: false }
    }

    /// What requests go through.
    pub(crate) fn client(&mut self) -> &mut HostClient {
        &mut self.client
    }

    /// The files that it reads again when they change.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.client.files()
    }

    /// What a request says it is.
    pub(crate) fn content_type(&self) -> &'static str {
        self.protocol.content_type()
    }

    /// Delivers what is left of a batch.
    pub(crate) async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, RequestError> {
        let documents = documents(batch);
        let mut progress = self.memory.recall(&documents);
        let path = self.protocol.path(batch).into_owned();
        let sent = self.send_rest(&path, &documents, &mut progress).await;
        match sent {
            Ok(()) => Ok(progress.into_receipt()),
            Err(error) => {
                self.memory.keep(&documents, progress);
                Err(error)
            }
        }
    }

    async fn send_rest(
        &mut self,
        path: &str,
        documents: &[BatchDocument<'_>],
        progress: &mut BatchProgress,
    ) -> Result<(), RequestError> {
        let rest = self.reject_unfit(documents, progress);
        let mut rest = rest.as_slice();
        let mut was_cut_off = false;
        let mut search = SuspectSearch::new();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.fitting(rest).min(search.most));
            let texts: Vec<_> = now.iter().map(|(_, document)| *document).collect();
            let body = self.protocol.write(&texts);
            let length = body.len();
            let reply = match self.client.post(path, body, self.protocol.content_type()).await {
                Err(error) if error.is_cut_off() && now.len() > 1 && length > SHORTEST_TOO_LONG => {
                    // Some say in this way that it is too long.
                    self.cut_off = Some(CutOff { max_bytes: length / 2, answered: 0 });
                    if std::mem::replace(&mut was_cut_off, true) {
                        return Err(error);
                    }
                    warn!(length, "host closed the connection; sending half as much at a time for a while");
                    continue;
                }
                reply => reply?,
            };
            self.answered();
            if is_about_content(reply.status) && now.len() > 1 {
                // One of them may be what the host does not take.
                search.halve(now.len());
                warn!(host = reply.host, status = %reply.status, documents = now.len(), "request is refused; sending half of it");
            } else if reply.status != StatusCode::PAYLOAD_TOO_LARGE {
                match (self.protocol.settle(&reply, now, progress), now) {
                    (Ok(()), _) => search.accepted(),
                    (Err(error), [(place, document)]) if is_about_content(reply.status) => {
                        search.refused(*place, *document, &reply.host, reply.status, error)?;
                    }
                    (Err(error), _) => return Err(error),
                }
                rest = later;
            } else if let [(place, document)] = now {
                progress.reject(*place, document, format!("{length} bytes are too large for `{}`", reply.host));
                rest = later;
            } else {
                // The limit of a host does not change, so that later batches need not meet it again.
                self.limits.max_bytes = length / 2;
                warn!(host = reply.host, length, "request is too large; sending half as much at a time from now on");
            }
        }
        search.end(progress, &mut self.takes_others)
    }

    /// Rejects the documents that can never be sent; gives the others that are left, each with its place.
    fn reject_unfit<'d>(
        &self,
        documents: &[BatchDocument<'d>],
        progress: &mut BatchProgress,
    ) -> Vec<(usize, BatchDocument<'d>)> {
        let mut rest = Vec::new();
        for place in progress.rest() {
            match self.protocol.unfit(&documents[place]) {
                Some(reason) => progress.reject(place, &documents[place], reason),
                None => rest.push((place, documents[place])),
            }
        }
        rest
    }

    /// A host has answered a request; after many, longer ones are tried again.
    fn answered(&mut self) {
        if let Some(cut_off) = &mut self.cut_off {
            cut_off.answered += 1;
            if cut_off.answered >= SUSPICION {
                self.cut_off = None;
            }
        }
    }

    /// How many of the documents fit into one request: one at least.
    fn fitting(&self, documents: &[(usize, BatchDocument<'_>)]) -> usize {
        let max_bytes =
            self.cut_off.as_ref().map_or(usize::MAX, |cut_off| cut_off.max_bytes).min(self.limits.max_bytes);
        let mut bytes = 0;
        let mut count = 0;
        for (_, document) in documents.iter().take(self.limits.max_documents) {
            bytes += self.protocol.length(document);
            if bytes > max_bytes {
                break;
            }
            count += 1;
        }
        count.max(1)
    }
}
