//! Why a host did not take documents. Says nothing of what is in them.

use std::{io, path::PathBuf, time::Duration};

use http::StatusCode;

use crate::{
    pipeline::{Outlook, OutputError},
    support::{
        counted::counted,
        error_text::chain,
        http_client::HttpClientError,
        http_response::{AnswerError, Malformed},
    },
};

/// Why a host did not take documents.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// No client can be made on this machine.
    #[error("could not set up HTTP")]
    Client(#[source] reqwest::Error),
    /// A file with certificates or a key cannot be read.
    #[error("could not read `{}`", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file has no certificate or no key in it.
    #[error("`{}` is not as needed\nhint: {hint}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What it should be.
        hint: &'static str,
    },
    /// A file has no secret in it, or cannot be read.
    #[error("could not read secret `{}`", path.display())]
    SecretFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A secret has characters that no header can have.
    #[error("`{setting}` has characters that cannot be sent")]
    Secret {
        /// Which setting.
        setting: &'static str,
    },
    /// A request could not be compressed.
    #[error("could not compress a request")]
    Compress(#[source] io::Error),
    /// The host could not be reached, or did not answer in time.
    #[error("could not reach `{host}`")]
    Unreachable {
        /// Which host.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The host has a certificate that is not trusted.
    #[error(
        "could not reach `{host}`: {reason}\nhint: `ca_file` names certificates to trust besides those of the system"
    )]
    Untrusted {
        /// Which host.
        host: String,
        /// What is wrong with its certificate.
        reason: String,
    },
    /// The host wants to see a certificate, or another one.
    #[error(
        "could not reach `{host}`: {reason}\nhint: are `certificate_file` and `private_key_file` what it wants to see?"
    )]
    NoCertificate {
        /// Which host.
        host: String,
        /// What it said.
        reason: String,
    },
    /// The answer could not be read to its end.
    #[error("could not read the answer of `{host}`")]
    Answer {
        /// Which host.
        host: String,
        /// Why.
        #[source]
        source: AnswerError,
    },
    /// The host answered, but not as Elasticsearch does.
    #[error("answer of `{host}` is not what Elasticsearch answers\nhint: `url` has to lead to Elasticsearch itself")]
    Malformed {
        /// Which host.
        host: String,
        /// Where it is wrong.
        #[source]
        source: Malformed,
    },
    /// The host answered for another number of documents than were sent.
    #[error("`{host}` answered for {}, not for {sent}", counted(*answered as u64, "document", "documents"))]
    Count {
        /// Which host.
        host: String,
        /// Documents in the answer.
        answered: usize,
        /// Documents in the request.
        sent: usize,
    },
    /// The host refused the request as a whole.
    #[error("`{host}` answered {status}{explanation}")]
    Status {
        /// Which host.
        host: String,
        /// The status.
        status: StatusCode,
        /// What it said, and a hint, for people.
        explanation: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The host could not take some documents yet.
    #[error("`{host}` could not take {count} of {sent} documents yet: {status}: {kind}")]
    Busy {
        /// Which host.
        host: String,
        /// Number of documents to send again.
        count: usize,
        /// Documents in the request.
        sent: usize,
        /// The first status.
        status: u16,
        /// The first reason: a word of Elasticsearch.
        kind: String,
    },
    /// Documents were refused for something that is not in them.
    #[error(
        "`{host}` did not let {count} of {sent} documents be stored: {status}: {kind}\nhint: the user or API key needs the \
         privileges `create_doc` and `auto_configure` on the data stream, which must not be closed or blocked"
    )]
    Blocked {
        /// Which host.
        host: String,
        /// Number of documents to send again.
        count: usize,
        /// Documents in the request.
        sent: usize,
        /// The first status.
        status: u16,
        /// The first reason: a word of Elasticsearch.
        kind: String,
    },
}

impl RequestError {
    /// What it means that no answer came.
    pub(crate) fn unanswered(host: String, source: reqwest::Error) -> Self {
        let reason = chain(&source);
        if reason.contains("invalid peer certificate") {
            Self::Untrusted { host, reason }
        } else if reason.contains("received fatal alert") && reason.contains("ertificate") {
            Self::NoCertificate { host, reason }
        } else {
            Self::Unreachable { host, source }
        }
    }

    /// Whether the host took the connection, and closed it without an answer.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self, Self::Unreachable { source, .. } if !source.is_connect() && !source.is_timeout())
    }

    /// Whether sending the same again may succeed without anybody doing something.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Answer { source: AnswerError::Broken(_), .. }
            | Self::Malformed { .. }
            | Self::Count { .. }
            | Self::Busy { .. } => true,
            Self::Status { status, .. } => is_transient(*status),
            Self::Client(_)
            | Self::File { .. }
            | Self::SecretFile { .. }
            | Self::Certificate { .. }
            | Self::Secret { .. }
            | Self::Untrusted { .. }
            | Self::NoCertificate { .. }
            | Self::Compress(_)
            | Self::Answer { source: AnswerError::TooLong(_), .. }
            | Self::Blocked { .. } => false,
        }
    }

    /// When the host wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<HttpClientError> for RequestError {
    fn from(error: HttpClientError) -> Self {
        match error {
            HttpClientError::Client(source) | HttpClientError::Proxy(source) => Self::Client(source),
            HttpClientError::File { path, source } => Self::File { path, source },
            HttpClientError::NoCertificates(path) => {
                Self::Certificate { path, hint: "`ca_file` has to have certificates in PEM" }
            }
            HttpClientError::NoIdentity(path) => Self::Certificate {
                path,
                hint: "a certificate and its private key in PEM, the key without a password; the key in this file or \
                       in `private_key_file`",
            },
        }
    }
}

impl From<RequestError> for OutputError {
    fn from(error: RequestError) -> Self {
        let outlook = if error.is_transient() { Outlook::Transient } else { Outlook::Permanent };
        let retry_after = error.retry_after();
        Self::new(error, outlook).with_retry_after(retry_after)
    }
}

/// Whether the same may succeed later: overload, and everything that is the host's own fault.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_statuses_are_worth_another_attempt() {
        let transient: Vec<_> = (100..504).filter(|code| is_transient(StatusCode::from_u16(*code).unwrap())).collect();
        assert_eq!(transient, [408, 425, 429, 500, 501, 502, 503]);
    }
}
