//! The services of Microsoft that message trace is read from.

use std::time::Duration;

/// A service of Microsoft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceKind {
    /// Microsoft Graph.
    Graph,
    /// The legacy Reporting Web Service.
    ReportingWebService,
}

impl ServiceKind {
    /// The service with this name in the settings.
    pub(super) fn named(name: &str) -> Self {
        if name == Self::Graph.as_str() { Self::Graph } else { Self::ReportingWebService }
    }

    /// The name in the settings.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::ReportingWebService => "reporting_webservice",
        }
    }

    /// How far back the service answers (host/docs/facts/ms-api.md, sections 1.6 and 2.1).
    pub(crate) fn keeps(self) -> Duration {
        let days = match self {
            Self::Graph => 90,
            Self::ReportingWebService => 10,
        };
        Duration::from_secs(days * 24 * 60 * 60)
    }

    /// How far back it is wise to ask (host/docs/facts/ms-api.md, section 2.1).
    pub(crate) fn look_back(self) -> Duration {
        let hours = match self {
            Self::Graph => 90 * 24,
            Self::ReportingWebService => 200,
        };
        Duration::from_secs(hours * 60 * 60)
    }

    /// The most rows that a page may have (host/docs/facts/ms-api.md, sections 1.5 and 2.1).
    pub(crate) fn most_rows(self) -> u32 {
        match self {
            Self::Graph => 5000,
            Self::ReportingWebService => 2000,
        }
    }
}
