//! `_bulk`: what is sent, and what becomes of each document.

use std::borrow::Cow;

use http::StatusCode;
use tracing::warn;
use url::form_urlencoded;

use super::{
    bulk_answer::{BulkAnswer, DocumentRefusal},
    explain::explain,
};
use crate::{
    config::data_stream,
    mapper::MappedBatch,
    outputs::requests::{BatchDocument, BatchProgress, PlacedDocument, Protocol, Reply, RequestError, is_transient},
    support::http_response::Malformed,
};

/// The longest `_id` in bytes. With a longer one Elasticsearch refuses the whole request.
const LONGEST_ID: usize = 512;

/// What is needed of an answer. It may be large: an answer has an item per document.
const FILTER: &str = "errors,error,status,items.*.status,items.*.error,items.*.failure_store";

const ACTION: (&str, &str) = ("{\"create\":{\"_id\":", "}}\n");

/// Creates documents in a data stream.
pub(super) struct Bulk {
    /// The data stream of documents that have no namespace of their own.
    data_stream: String,
    query: String,
}

/// What became of one document.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Duplicate,
    /// Later it may be taken.
    Later,
    /// It is not to blame.
    Blocked,
    Rejected,
}

impl Bulk {
    pub(super) fn new(data_stream: &str, pipeline: &str) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("pipeline", pipeline).append_pair("filter_path", FILTER);
        Self { data_stream: data_stream.to_owned(), query: query.finish() }
    }
}

impl Protocol for Bulk {
    fn path(&self, batch: &MappedBatch) -> Cow<'_, str> {
        let own = batch.namespace.as_deref().map(data_stream);
        Cow::Owned(format!("{}/_bulk?{}", own.as_ref().unwrap_or(&self.data_stream), self.query))
    }

    fn content_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn length(&self, document: &BatchDocument<'_>) -> usize {
        // Two quotes and a line feed. Ids need no escapes, or next to none.
        ACTION.0.len() + document.id.len() + 2 + ACTION.1.len() + document.text.len() + 1
    }

    fn write(&self, documents: &[PlacedDocument<'_>]) -> Vec<u8> {
        let mut body = Vec::with_capacity(documents.iter().map(|(_, document)| self.length(document)).sum());
        for (_, document) in documents {
            body.extend_from_slice(ACTION.0.as_bytes());
            body.extend_from_slice(serde_json::Value::from(document.id).to_string().as_bytes());
            body.extend_from_slice(ACTION.1.as_bytes());
            body.extend_from_slice(document.text.as_bytes());
            body.push(b'\n');
        }
        body
    }

    fn unfit(&self, document: &BatchDocument<'_>) -> Option<String> {
        match document.id.len() {
            0 => Some("its `_id` is empty".to_owned()),
            length if length > LONGEST_ID => {
                Some(format!("its `_id` has {length} bytes, and Elasticsearch takes {LONGEST_ID} at most"))
            }
            _ => None,
        }
    }

    fn settle(
        &self,
        reply: &Reply,
        documents: &[PlacedDocument<'_>],
        progress: &mut BatchProgress,
    ) -> Result<(), RequestError> {
        let host = &reply.host;
        if reply.status != StatusCode::OK {
            return Err(reply.refused(explain(reply.status, &reply.body)));
        }
        let answer: BulkAnswer = match serde_json::from_slice(&reply.body) {
            Ok(answer) => answer,
            Err(error) => return Err(RequestError::Malformed { host: host.clone(), source: Malformed::from(error) }),
        };
        let (answered, sent) = (answer.items.len(), documents.len());
        if answered != sent {
            return Err(RequestError::Count { host: host.clone(), answered, sent });
        }
        let (mut later, mut blocked, mut failure_store) = (Vec::new(), Vec::new(), 0_u64);
        for ((place, document), item) in documents.iter().zip(&answer.items) {
            let refusal = item.refusal();
            match fate(item.status(), &refusal) {
                Fate::Stored => {
                    failure_store += u64::from(item.is_in_failure_store());
                    progress.accept(*place);
                }
                Fate::Duplicate => progress.accept_duplicate(*place),
                Fate::Later => later.push((item.status(), refusal)),
                Fate::Blocked => blocked.push((item.status(), refusal)),
                Fate::Rejected => progress.reject(*place, document, refusal.to_string()),
            }
        }
        if failure_store > 0 {
            warn!(host, count = failure_store, "documents went to the failure store of the data stream");
        }
        if let Some((status, refusal)) = blocked.first() {
            let (host, count, kind) = (host.clone(), blocked.len(), refusal.kind());
            return Err(RequestError::Blocked { host, count, sent, status: *status, kind });
        }
        if let Some((status, refusal)) = later.first() {
            let (host, count, kind) = (host.clone(), later.len(), refusal.kind());
            return Err(RequestError::Busy { host, count, sent, status: *status, kind });
        }
        Ok(())
    }
}

/// Refusals that say nothing of a document: they would be the same for every other one.
const NOT_OF_THE_DOCUMENT: [&str; 8] = [
    "cluster_block_exception",
    "index_closed_exception",
    "index_not_found_exception",
    "invalid_index_name_exception",
    "security_exception",
    "data_stream_missing_exception",
    // As when the cluster has as many shards as it may have.
    "validation_exception",
    "unavailable_shards_exception",
];

fn fate(status: u16, refusal: &DocumentRefusal) -> Fate {
    match status {
        200..=299 => Fate::Stored,
        409 => Fate::Duplicate,
        status if StatusCode::from_u16(status).is_ok_and(is_transient) => Fate::Later,
        401 | 403 | 404 => Fate::Blocked,
        _ if refusal.is_of_the_pipeline() || NOT_OF_THE_DOCUMENT.contains(&refusal.kind().as_str()) => Fate::Blocked,
        _ => Fate::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::requests::{ProgressMemory, documents, testing::batch};

    const BULK: fn() -> Bulk = || Bulk::new("logs-x-default", "_none");

    /// Settles three documents; gives the places that are left, and the receipt with the error.
    fn settle(body: &str) -> (Vec<usize>, String) {
        let batch = batch(&["a", "b", "c"]);
        let documents = documents(&batch);
        let mut progress = ProgressMemory::default().recall(&documents);
        let numbered: Vec<_> = documents.iter().copied().enumerate().collect();
        let settled = BULK().settle(&Reply::of(200, body), &numbered, &mut progress);
        let rest = progress.rest();
        let receipt = progress.into_receipt();
        let rejected: Vec<_> = receipt.rejected.iter().map(|it| format!("{} {}", it.outcome, it.reason)).collect();
        let error = settled.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        (rest, format!("{error}; duplicates {}; rejected {rejected:?}", receipt.duplicates))
    }

    #[test]
    fn a_request_has_two_lines_a_document() {
        let batch = batch(&["a", "b\"c"]);
        let documents = documents(&batch);
        let numbered: Vec<_> = documents.iter().copied().enumerate().collect();
        let body = BULK().write(&numbered);
        let expected =
            "{\"create\":{\"_id\":\"a\"}}\n{\"n\":\"a\"}\n{\"create\":{\"_id\":\"b\\\"c\"}}\n{\"n\":\"b\"c\"}\n";
        assert_eq!(str::from_utf8(&body).unwrap(), expected);
        assert_eq!(BULK().write(&numbered[..1]).len(), BULK().length(&documents[0]));
    }

    #[test]
    fn the_path_has_the_data_stream_and_no_pipeline() {
        let path = |namespace: Option<&str>| {
            let namespace = namespace.map(Into::into);
            BULK().path(&MappedBatch { namespace, ..MappedBatch::default() }).into_owned()
        };
        assert!(path(None).starts_with("logs-x-default/_bulk?pipeline=_none&filter_path=errors%2Cerror%2C"));
        let own = "logs-microsoft_exchange_online_message_trace.log-contoso/_bulk?pipeline=_none&";
        assert!(path(Some("contoso")).starts_with(own));
    }

    #[test]
    fn stored_and_repeated_documents_are_done() {
        let (rest, said) =
            settle(r#"{"items":[{"create":{"status":201}},{"create":{"status":409}},{"create":{"status":200}}]}"#);
        assert_eq!((rest, said.as_str()), (vec![], "done; duplicates 1; rejected []"));
    }

    #[test]
    fn busy_documents_are_left_and_the_others_are_not() {
        let (rest, said) = settle(
            r#"{"items":[{"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"x"}}},
            {"create":{"status":201}},{"create":{"status":503}}]}"#,
        );
        assert_eq!(rest, [0, 2]);
        let expected = "`http://host` could not take 2 of 3 documents yet: 429: es_rejected_execution_exception";
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn documents_that_do_not_fit_the_mapping_are_rejected_with_the_reason() {
        let (rest, said) = settle(
            r#"{"items":[{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse",
            "caused_by":{"type":"x","reason":"not an IP"}}}},{"create":{"status":400,"error":"old"}},{"create":{"status":201}}]}"#,
        );
        assert_eq!(rest, [0_usize; 0]);
        let expected = r#"done; duplicates 0; rejected ["0 400: document_parsing_exception: failed to parse: not an IP", "1 400: old"]"#;
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_not_the_documents_fault_rejects_none() {
        for (status, kind, reason) in [
            (403, "cluster_block_exception", "secret"),
            (404, "x", "secret"),
            (400, "validation_exception", "secret"),
            (400, "illegal_argument_exception", "pipeline with id [secret] does not exist"),
        ] {
            let item = format!(r#"{{"create":{{"status":{status},"error":{{"type":"{kind}","reason":"{reason}"}}}}}}"#);
            let (rest, said) = settle(&format!(r#"{{"items":[{item},{{"create":{{"status":201}}}},{item}]}}"#));
            assert_eq!(rest, [0, 2]);
            assert!(said.contains(&format!("2 of 3 documents be stored: {status}: {kind}\nhint: ")), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn an_answer_that_is_none_settles_nothing() {
        for body in [
            "",
            "<html>",
            "{}",
            "{\"items\":{}}",
            "{\"items\":[{\"create\":{}},{},{}]}",
            "{\"items\":[{\"create\":{\"status\":201}}",
        ] {
            let (rest, said) = settle(body);
            assert_eq!(rest, [0, 1, 2], "{body}: {said}");
        }
        let (rest, said) = settle(r#"{"items":[{"create":{"status":201}}]}"#);
        assert_eq!(rest, [0, 1, 2], "{said}");
    }

    #[test]
    fn ids_that_would_spoil_the_request_are_not_sent() {
        let batch = batch(&["", &"x".repeat(512), &"x".repeat(513)]);
        let unfit: Vec<_> = documents(&batch).iter().map(|document| BULK().unfit(document).is_some()).collect();
        assert_eq!(unfit, [true, false, true]);
    }
}
