//! Delivers a batch in requests: cut to size, cut again when the host says so, and gone on with when it failed halfway.
//!
//! Does not wait and does not ask again.

use std::{
    collections::{HashSet, VecDeque},
    path::PathBuf,
};

use http::StatusCode;
use tracing::warn;

use super::{
    batch_document::{BatchDocument, PlacedDocument, documents},
    batch_progress::{BatchProgress, ProgressMemory},
    host_client::HostClient,
    protocol::Protocol,
    reply::Reply,
    request_error::RequestError,
    suspect_search::{SuspectSearch, is_about_content},
};
use crate::{mapper::MappedBatch, outputs::client_settings::BodyConfig, pipeline::Receipt};

/// A longer request may have been too long for a host that closes the connection without an answer: no limit that people
/// choose is below it.
const SHORTEST_TOO_LONG: usize = 256 * 1024;

/// Number of shorter requests after which a longer one is tried again: the connection may have broken for another reason.
const SUSPICION: u32 = 1000;

/// Number of requests that are sent one at a time after an attempt has failed: the queue of a busy host may have room for one
/// request and not for two.
const CAUTION: u32 = 100;

/// A batch is not cut into shorter requests than this many documents only to have several under way: each has its price.
const WORTH_A_REQUEST: usize = 100;

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
    /// The most requests that are under way for a batch.
    concurrency: usize,
    cut_off: Option<CutOff>,
    /// How many requests more are sent one at a time.
    cautious: u32,
    memory: ProgressMemory,
    /// Whether the host has taken something since it refused all that it was given.
    takes_others: bool,
}

/// How the sending of a batch goes.
struct Sending<'d> {
    search: SuspectSearch<'d>,
    /// Whether the host has closed the connection on a long request before those that are under way.
    was_cut_off: bool,
    is_cut_off: bool,
}

/// What became of a request.
enum RequestEnd {
    /// Its documents need not be sent again.
    Settled,
    /// They are to be sent again, fewer at a time.
    TooLong,
}

impl<P: Protocol> BatchSender<P> {
    /// With a `concurrency` above 1, documents of different ids may be stored in another order than they come in.
    pub(crate) fn new(protocol: P, client: HostClient, limits: BodyConfig, concurrency: usize) -> Self {
        let memory = ProgressMemory::default();
        Self { protocol, client, limits, concurrency, cut_off: None, cautious: 0, memory, takes_others: false }
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
                self.cautious = CAUTION;
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
        let mut rest = VecDeque::from(self.reject_unfit(documents, progress));
        // Of those with the same id the first one is stored, and stays so.
        let in_order = self.concurrency == 1 || has_repeated_ids(documents);
        let mut sending = Sending { search: SuspectSearch::new(), was_cut_off: false, is_cut_off: false };
        while !rest.is_empty() {
            let concurrency = if in_order || self.cautious > 0 { 1 } else { self.concurrency };
            let parts = self.next_parts(&mut rest, concurrency, &sending.search);
            let bodies: Vec<_> = parts.iter().map(|part| self.protocol.write(part)).collect();
            let lengths: Vec<_> = bodies.iter().map(Vec::len).collect();
            let replies = self.client.post_all(path, bodies, self.protocol.content_type()).await;
            let (mut again, mut failure) = (Vec::new(), None);
            for ((part, length), reply) in parts.into_iter().zip(lengths).zip(replies) {
                match self.end_request(reply, &part, length, &mut sending, progress) {
                    Ok(RequestEnd::Settled) => {}
                    Ok(RequestEnd::TooLong) => again.extend(part),
                    // What the others have come to counts all the same.
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            if let Some(error) = failure {
                return Err(error);
            }
            again.into_iter().rev().for_each(|document| rest.push_front(document));
            sending.was_cut_off = sending.is_cut_off;
        }
        sending.search.end(progress, &mut self.takes_others)
    }

    /// What goes into the next requests, which are sent at the same time.
    fn next_parts<'d>(
        &self,
        rest: &mut VecDeque<PlacedDocument<'d>>,
        concurrency: usize,
        search: &SuspectSearch<'d>,
    ) -> Vec<Vec<PlacedDocument<'d>>> {
        let is_searching = search.most < rest.len();
        let concurrency = if is_searching { 1 } else { concurrency };
        let share = rest.len().div_ceil(concurrency).max(WORTH_A_REQUEST).min(search.most);
        let mut parts = Vec::new();
        while parts.len() < concurrency && !rest.is_empty() {
            let count = self.fitting(rest.iter().take(share));
            parts.push(rest.drain(..count).collect());
        }
        parts
    }

    /// Takes what a host has answered to a request.
    fn end_request<'d>(
        &mut self,
        reply: Result<Reply, RequestError>,
        now: &[PlacedDocument<'d>],
        length: usize,
        sending: &mut Sending<'d>,
        progress: &mut BatchProgress,
    ) -> Result<RequestEnd, RequestError> {
        let reply = match reply {
            Err(error) if error.is_cut_off() && now.len() > 1 && length > SHORTEST_TOO_LONG => {
                // Some say in this way that it is too long.
                self.cut_off = Some(CutOff { max_bytes: length / 2, answered: 0 });
                if sending.was_cut_off {
                    return Err(error);
                }
                sending.is_cut_off = true;
                warn!(length, "host closed the connection; sending half as much at a time for a while");
                return Ok(RequestEnd::TooLong);
            }
            reply => reply?,
        };
        self.answered();
        let search = &mut sending.search;
        if is_about_content(reply.status) && now.len() > 1 {
            // One of them may be what the host does not take.
            search.halve(now.len());
            warn!(host = reply.host, status = %reply.status, documents = now.len(), "request is refused; sending half of it");
            return Ok(RequestEnd::TooLong);
        }
        if reply.status != StatusCode::PAYLOAD_TOO_LARGE {
            match (self.protocol.settle(&reply, now, progress), now) {
                (Ok(()), _) => search.accepted(),
                (Err(error), [(place, document)]) if is_about_content(reply.status) => {
                    search.refused(*place, *document, &reply.host, reply.status, error)?;
                }
                (Err(error), _) => return Err(error),
            }
            return Ok(RequestEnd::Settled);
        }
        if let [(place, document)] = now {
            progress.reject(*place, document, format!("{length} bytes are too large for `{}`", reply.host));
            return Ok(RequestEnd::Settled);
        }
        // The limit of a host does not change, so that later batches need not meet it again.
        self.limits.max_bytes = self.limits.max_bytes.min(length / 2);
        warn!(host = reply.host, length, "request is too large; sending half as much at a time from now on");
        Ok(RequestEnd::TooLong)
    }

    /// Rejects the documents that can never be sent; gives the others that are left, each with its place.
    fn reject_unfit<'d>(
        &self,
        documents: &[BatchDocument<'d>],
        progress: &mut BatchProgress,
    ) -> Vec<PlacedDocument<'d>> {
        let mut rest = Vec::new();
        for place in progress.rest() {
            match self.protocol.unfit(&documents[place]) {
                Some(reason) => progress.reject(place, &documents[place], reason),
                None => rest.push((place, documents[place])),
            }
        }
        rest
    }

    /// A host has answered a request; after some, several at a time are sent again, and after many, longer ones.
    fn answered(&mut self) {
        self.cautious = self.cautious.saturating_sub(1);
        if let Some(cut_off) = &mut self.cut_off {
            cut_off.answered += 1;
            if cut_off.answered >= SUSPICION {
                self.cut_off = None;
            }
        }
    }

    /// How many of the documents fit into one request: one at least.
    fn fitting<'d>(&self, documents: impl Iterator<Item = &'d PlacedDocument<'d>>) -> usize {
        let max_bytes =
            self.cut_off.as_ref().map_or(usize::MAX, |cut_off| cut_off.max_bytes).min(self.limits.max_bytes);
        let mut bytes = 0;
        let mut count = 0;
        for (_, document) in documents.take(self.limits.max_documents) {
            bytes += self.protocol.length(document);
            if bytes > max_bytes {
                break;
            }
            count += 1;
        }
        count.max(1)
    }
}

/// Whether documents have the same id.
fn has_repeated_ids(documents: &[BatchDocument<'_>]) -> bool {
    let mut ids = HashSet::with_capacity(documents.len());
    !documents.iter().all(|document| ids.insert(document.id))
}
