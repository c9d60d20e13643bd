//! What a host answered.

use std::time::Duration;

use http::StatusCode;

use super::request_error::RequestError;

/// What a host answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Which host, for messages.
    pub(crate) host: String,
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// What it says that it is, in the header of Elastic's products.
    pub(crate) product: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The host refused the request as a whole.
    pub(crate) fn refused(&self, explanation: String) -> RequestError {
        let Self { host, status, retry_after, .. } = self;
        RequestError::Status { host: host.clone(), status: *status, explanation, retry_after: *retry_after }
    }
}

#[cfg(test)]
impl Reply {
    /// The answer of a host in tests.
    pub(crate) fn of(status: u16, body: &str) -> Self {
        Self {
            host: "http://host".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            product: None,
            body: body.as_bytes().to_vec(),
        }
    }
}
