//! Why documents could not be delivered.

use std::{error::Error, fmt, time::Duration};

/// Why documents could not be delivered: the words are the output's own.
#[derive(Debug)]
pub(crate) struct OutputError {
    cause: Box<dyn Error + Send + Sync>,
    outlook: Outlook,
    retry_after: Option<Duration>,
}

/// What may help after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Delivering the same batch again.
    Transient,
    /// A person who mends something.
    Permanent,
    /// Nothing: the output is gone for good.
    Final,
}

impl OutputError {
    /// An output failed for this cause.
    pub(crate) fn new(cause: impl Into<Box<dyn Error + Send + Sync>>, outlook: Outlook) -> Self {
        Self { cause: cause.into(), outlook, retry_after: None }
    }

    /// The output wants to be asked again then.
    #[must_use]
    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// Whether delivering the same batch again may succeed without a person doing something.
    pub(crate) fn is_transient(&self) -> bool {
        self.outlook == Outlook::Transient
    }

    /// Whether the output is gone for good, so that a retry cannot succeed even if a person does something.
    pub(crate) fn is_final(&self) -> bool {
        self.outlook == Outlook::Final
    }

    /// When the output wants to be asked again.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(formatter)
    }
}

impl Error for OutputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
