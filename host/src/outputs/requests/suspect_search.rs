//! Documents that a host refuses when they come alone, while it may take others: told apart from a host that refuses
//! everything, whose documents would all end in the dead letter.

use http::StatusCode;

use super::{batch_document::BatchDocument, batch_progress::BatchProgress, request_error::RequestError};

/// Number of consecutive documents that may be refused alone before the host itself is considered faulty.
const MOST_IN_A_ROW: usize = 10;

/// Whether a host says that it does not take what is in a request, which may be one document of many.
pub(crate) fn is_about_content(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
}

/// The documents of a batch that were refused alone, and the search for more.
pub(crate) struct SuspectSearch<'d> {
    /// How many documents may be in a request: fewer while one is searched for.
    pub(crate) most: usize,
    /// Whether the host has taken something of this batch.
    has_accepted: bool,
    found: Vec<(usize, BatchDocument<'d>, String)>,
    error: Option<RequestError>,
}

impl<'d> SuspectSearch<'d> {
    pub(crate) fn new() -> Self {
        Self { most: usize::MAX, has_accepted: false, found: Vec::new(), error: None }
    }

    /// A request with this many documents was refused.
    pub(crate) fn halve(&mut self, documents: usize) {
        self.most = (documents / 2).max(1);
    }

    /// A request was accepted: what was searched for is behind, or not in it.
    pub(crate) fn accepted(&mut self) {
        self.has_accepted = true;
        self.most = self.most.saturating_mul(2);
    }

    /// A document was refused alone.
    ///
    /// # Errors
    ///
    /// When it is the host that refuses everything.
    pub(crate) fn refused(
        &mut self,
        place: usize,
        document: BatchDocument<'d>,
        host: &str,
        status: StatusCode,
        error: RequestError,
    ) -> Result<(), RequestError> {
        let reason = format!("`{host}` answers {status} to this document, and takes others");
        self.found.push((place, document, reason));
        if !self.has_accepted && self.found.len() > MOST_IN_A_ROW {
            return Err(error);
        }
        self.error = Some(error);
        Ok(())
    }

    /// Everything was tried. `takes_others` says whether the host has taken something since it refused all that it was
    /// given last.
    ///
    /// # Errors
    ///
    /// When nothing says that it takes anything.
    pub(crate) fn end(self, progress: &mut BatchProgress, takes_others: &mut bool) -> Result<(), RequestError> {
        let Some(error) = self.error else {
            *takes_others |= self.has_accepted;
            return Ok(());
        };
        if !self.has_accepted && !*takes_others {
            return Err(error);
        }
        *takes_others = self.has_accepted;
        for (place, document, reason) in self.found {
            progress.reject(place, &document, reason);
        }
        Ok(())
    }
}
