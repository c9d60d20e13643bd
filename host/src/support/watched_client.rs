//! An HTTP client that is made again when the files of its certificates and keys change.

use std::{error::Error, path::PathBuf};

use reqwest::Client;
use tracing::{info, warn};

use super::{error_text::chain, file_watch::WatchedFiles};

/// A client, and the files that it was made with.
pub(crate) struct WatchedClient {
    client: Client,
    files: WatchedFiles,
}

impl WatchedClient {
    /// Makes a client; `files` are those that `make` reads.
    ///
    /// # Errors
    ///
    /// With the error of `make`.
    pub(crate) fn new<E>(files: Vec<PathBuf>, make: impl FnOnce() -> Result<Client, E>) -> Result<Self, E> {
        // Looked at before they are read, so that a change in between counts.
        let files = WatchedFiles::new(files);
        Ok(Self { client: make()?, files })
    }

    /// The client as of now. When files have changed that cannot be used, that is logged once, and the client before
    /// stays.
    pub(crate) fn current<E: Error + 'static>(&mut self, make: impl FnOnce() -> Result<Client, E>) -> Client {
        if self.files.have_changed() {
            self.files.look_again();
            match make() {
                Ok(client) => {
                    self.client = client;
                    info!("certificates and keys are read again, since their files have changed");
                }
                Err(error) => {
                    let error = chain(&error);
                    warn!(error, "could not use the changed certificates and keys; those from before stay");
                }
            }
        }
        self.client.clone()
    }
}
