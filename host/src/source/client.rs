//! The HTTP client.

use std::time::Duration;

use reqwest::Client;
use url::Url;

use crate::answer::is_loopback;
pub use crate::answer::{AnswerError, Malformed};
pub(super) use crate::answer::{read, retry_after};

/// Makes a client for these services.
pub(super) fn new(services: [&Url; 2], timeout: Duration) -> Result<Client, reqwest::Error> {
    // Another part of the process may have installed one; any will do.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = Client::builder()
        .user_agent(concat!("exotrace/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        // A redirect could lead the access token to another host.
        .redirect(reqwest::redirect::Policy::none());
    if services.iter().all(|service| is_loopback(service)) {
        builder = builder.no_proxy();
    }
    builder.build()
}
