//! Why a source could not be read.

use std::{error::Error, fmt, time::Duration};

/// Why a source could not be read: the words are the source's own.
#[derive(Debug)]
pub(crate) struct SourceError {
    cause: Box<dyn Error + Send + Sync>,
    remedy: Remedy,
}

/// What may help when a source could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The same request soon, or when the service wants it.
    Retry {
        /// When the service wants to be asked again.
        after: Option<Duration>,
    },
    /// A person who mends something.
    Person,
    /// Nothing that the loop could wait for.
    None,
}

impl SourceError {
    /// A source failed for this cause.
    pub(crate) fn new(cause: impl Into<Box<dyn Error + Send + Sync>>, remedy: Remedy) -> Self {
        Self { cause: cause.into(), remedy }
    }

    /// What may help.
    pub(crate) fn remedy(&self) -> Remedy {
        self.remedy
    }

    /// The cause, if it is of that type.
    pub(crate) fn cause<E: Error + 'static>(&self) -> Option<&E> {
        self.cause.downcast_ref()
    }

    /// The cause.
    pub(crate) fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        self.cause
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(formatter)
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
