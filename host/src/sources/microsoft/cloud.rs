//! The clouds of Microsoft, and where the services are in them.

use super::service_kind::ServiceKind;
use crate::config::{ConfigError, Setting, ValueReader};

/// A cloud of Microsoft (host/docs/facts/ms-api.md, section 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    Global,
    GccHigh,
    Dod,
    China,
}

impl Cloud {
    pub(super) fn login_url(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::GccHigh | Self::Dod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// Where the service is in this cloud, if that is known.
    pub(super) fn url(self, kind: ServiceKind) -> Option<&'static str> {
        Some(match (kind, self) {
            (ServiceKind::Graph, Self::Global) => "https://graph.microsoft.com",
            (ServiceKind::Graph, Self::GccHigh) => "https://graph.microsoft.us",
            (ServiceKind::Graph, Self::Dod) => "https://dod-graph.microsoft.us",
            (ServiceKind::Graph, Self::China) => "https://microsoftgraph.chinacloudapi.cn",
            (ServiceKind::ReportingWebService, Self::Global) => "https://reports.office365.com",
            (ServiceKind::ReportingWebService, Self::GccHigh) => "https://reports.office365.us",
            (ServiceKind::ReportingWebService, Self::Dod | Self::China) => return None,
        })
    }

    pub(super) fn outlook_scope(self) -> &'static str {
        match self {
            Self::Global => "https://outlook.office365.com/.default",
            Self::GccHigh | Self::Dod => "https://outlook.office365.us/.default",
            Self::China => "https://partner.outlook.cn/.default",
        }
    }
}

/// The cloud that the settings name; `url` is what they say of where the service is.
pub(super) fn read(
    kind: ServiceKind,
    cloud: &Setting<String>,
    url: &Setting<String>,
    reader: &ValueReader<'_>,
) -> Result<Cloud, ConfigError> {
    let known = match reader.choice("cloud", cloud, &["global", "gcc_high", "dod", "china"])? {
        Some("gcc_high") => Cloud::GccHigh,
        Some("dod") => Cloud::Dod,
        Some("china") => Cloud::China,
        _ => Cloud::Global,
    };
    match cloud {
        Some(value) if known.url(kind).is_none() && url.is_none() => {
            let problem = format!("`{}`: this cloud has no known Reporting Web Service", reader.dotted("cloud"));
            Err(reader.error(value.span().start, problem, Some("give its `url`, or export to files")))
        }
        _ => Ok(known),
    }
}
