//! What comes of a request: an answer, or why there is none.

use std::{io, path::PathBuf, time::Duration};

use http::{HeaderMap, StatusCode};

use super::clock::Seen;
use crate::support::{
    http_client::HttpClientError,
    http_response::{self, AnswerError},
};

/// Why nothing can be sent at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// No client can be made on this machine.
    #[error("could not set up HTTP")]
    Client(#[source] reqwest::Error),
    /// The proxy cannot be used. Its address may have a password in it, so nothing more is said.
    #[error("`source.proxy_url` cannot be used\nhint: for example `http://proxy:3128`")]
    Proxy,
    /// The certificates to trust cannot be read.
    #[error("`source.ca_file`: could not read `{}`", path.display())]
    CaFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file of certificates to trust has none.
    #[error("`source.ca_file`: `{}` has no certificates in PEM", path.display())]
    NoCertificates {
        /// Which file.
        path: PathBuf,
    },
    /// The folder of requests and answers cannot be used.
    #[error("`source.request_trace_dir`: could not write into `{}`", path.display())]
    TraceFolder {
        /// Which folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<HttpClientError> for HttpError {
    fn from(error: HttpClientError) -> Self {
        match error {
            HttpClientError::Client(source) => Self::Client(source),
            HttpClientError::Proxy(_) => Self::Proxy,
            HttpClientError::File { path, source } => Self::CaFile { path, source },
            HttpClientError::NoCertificates(path) | HttpClientError::NoIdentity(path) => Self::NoCertificates { path },
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error("service could not be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("this cannot be a request")]
    Request(#[source] reqwest::Error),
    #[error("answer could not be read")]
    Answer(#[source] AnswerError),
}

/// An answer that was read to its end.
pub(super) struct ServiceAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// What it says about time.
    pub(super) seen: Seen,
}

impl ServiceAnswer {
    /// When the service wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        http_response::retry_after(&self.headers)
    }
}
