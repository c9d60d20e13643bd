//! Documents as they are, in lines or in an array, and what the answer of a receiver means for them.

use std::borrow::Cow;

use http::StatusCode;

use super::settings::BodyFormat;
use crate::{
    mapper::MappedBatch,
    outputs::requests::{BatchDocument, BatchProgress, PlacedDocument, Protocol, Reply, RequestError},
};

/// Documents as they are.
pub(super) struct PlainDocuments {
    pub(super) format: BodyFormat,
}

impl Protocol for PlainDocuments {
    fn path(&self, _: &MappedBatch) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn content_type(&self) -> &'static str {
        match self.format {
            BodyFormat::Ndjson => "application/x-ndjson",
            BodyFormat::JsonArray => "application/json",
        }
    }

    fn length(&self, document: &BatchDocument<'_>) -> usize {
        document.text.len() + 1
    }

    fn write(&self, documents: &[PlacedDocument<'_>]) -> Vec<u8> {
        let length: usize = documents.iter().map(|(_, document)| self.length(document)).sum();
        let mut body = Vec::with_capacity(length + 2);
        for (_, document) in documents {
            if self.format == BodyFormat::JsonArray {
                body.push(if body.is_empty() { b'[' } else { b',' });
            }
            body.extend_from_slice(document.text.as_bytes());
            if self.format == BodyFormat::Ndjson {
                body.push(b'\n');
            }
        }
        if self.format == BodyFormat::JsonArray {
            body.push(b']');
        }
        body
    }

    fn unfit(&self, _document: &BatchDocument<'_>) -> Option<String> {
        None
    }

    /// A refusal rejects no document: most are for something else, as a wrong token, and would empty the source into
    /// the dead letter.
    fn settle(
        &self,
        reply: &Reply,
        documents: &[PlacedDocument<'_>],
        progress: &mut BatchProgress,
    ) -> Result<(), RequestError> {
        if !reply.status.is_success() {
            return Err(reply.refused(hint(reply.status).to_owned()));
        }
        for (place, _) in documents {
            progress.accept(*place);
        }
        Ok(())
    }
}

/// The way out. What the host says is not shown: it may repeat what it was sent.
pub(super) fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "\nhint: are `bearer_token`, or `username` and `password`, or `headers` right?"
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "\nhint: is the path in `url` right?",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "\nhint: `format = \"json\"` or `compression = \"none\"` may help",
        status if status.is_redirection() => "\nhint: `url` has to lead to the receiver itself",
        StatusCode::BAD_REQUEST => "\nhint: `format` and `compression` have to be what the receiver takes",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::requests::{documents, testing::batch};

    #[track_caller]
    fn check(format: BodyFormat, ids: &[&str], expected: &str) {
        let batch = batch(ids);
        let numbered: Vec<_> = documents(&batch).into_iter().enumerate().collect();
        let body = PlainDocuments { format }.write(&numbered);
        assert_eq!(str::from_utf8(&body).unwrap(), expected);
    }

    #[test]
    fn documents_stand_in_lines_or_in_an_array() {
        check(BodyFormat::Ndjson, &["a", "b"], "{\"n\":\"a\"}\n{\"n\":\"b\"}\n");
        check(BodyFormat::JsonArray, &["a", "b"], "[{\"n\":\"a\"},{\"n\":\"b\"}]");
    }
}
