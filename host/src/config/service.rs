//! What the settings say of a service of Microsoft.

use std::{path::PathBuf, time::Duration};

use url::Url;

use super::SourceLabels;
use crate::support::secret::Secret;

/// A source of type `graph` or `reporting_webservice`.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Which service.
    pub kind: ServiceKind,
    /// What metrics and health call it.
    pub name: String,
    /// The tenant: its id or one of its domains.
    pub tenant_id: String,
    /// How to sign in.
    pub credential: Credential,
    /// Domains of the tenant, for `email.direction`.
    pub local_domains: Option<Vec<String>>,
    /// Where to sign in.
    pub login_url: Url,
    /// Where the service is.
    pub url: Url,
    /// What to ask a token of the Reporting Web Service for.
    pub outlook_scope: &'static str,
    /// Between polls.
    pub interval: Duration,
    /// How far back the first poll goes.
    pub initial_interval: Duration,
    /// How far back every later poll reads again, for records that show up late.
    pub additional_look_back: Duration,
    /// How much of the newest part is left for the next poll.
    pub min_age: Duration,
    /// Rows a page, `$top`.
    pub batch_size: u32,
    /// The longest that one request may take.
    pub request_timeout: Duration,
    /// Requests in any five minutes.
    pub request_budget: u32,
    /// HTTP proxy, which may have a password in it; none: the one of the environment.
    pub proxy_url: Option<Secret>,
    /// Certificates to trust besides those of the system, PEM.
    pub ca_file: Option<PathBuf>,
    /// Where requests and answers are written to.
    pub request_trace_dir: Option<PathBuf>,
    /// What tells its documents from those of other sources.
    pub labels: SourceLabels,
}

/// A service of Microsoft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// Microsoft Graph.
    Graph,
    /// The legacy Reporting Web Service.
    ReportingWebService,
}

/// How to sign in; exactly one way.
#[derive(Debug, Clone)]
pub enum Credential {
    /// As an app registration, with its secret.
    Secret {
        /// Id of the app registration.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// As an app registration, with the key of its certificate.
    Certificate {
        /// Id of the app registration.
        client_id: String,
        /// The certificate, PEM or PFX.
        certificate_file: PathBuf,
        /// Its key, PEM; none: it is in the certificate's file.
        private_key_file: Option<PathBuf>,
        /// Password of a PFX file.
        password: Option<Secret>,
    },
    /// As an app registration, with a token of another identity provider.
    FederatedToken {
        /// Id of the app registration.
        client_id: String,
        /// Where the current token is.
        token_file: PathBuf,
    },
    /// As the machine.
    ManagedIdentity {
        /// Client id of a user-assigned identity; none: the machine's own.
        client_id: Option<String>,
        /// Who gives its tokens.
        endpoint: IdentityEndpoint,
    },
}

/// Who gives the tokens of a managed identity (ms-api.md, section 3.5).
#[derive(Debug, Clone)]
pub enum IdentityEndpoint {
    /// The metadata service of a machine in Azure.
    Machine(Url),
    /// The one of App Service, Functions and Container Apps, which name it in the environment.
    AppService {
        /// Where it is.
        url: Url,
        /// What it has to be shown.
        header: Secret,
    },
}

/// A cloud of Microsoft (ms-api.md, section 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cloud {
    Global,
    GccHigh,
    Dod,
    China,
}

impl ServiceKind {
    /// The name in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::ReportingWebService => "reporting_webservice",
        }
    }

    /// How far back the service answers (ms-api.md, sections 1.6 and 2.1).
    pub fn keeps(self) -> Duration {
        let days = match self {
            Self::Graph => 90,
            Self::ReportingWebService => 10,
        };
        Duration::from_secs(days * 24 * 60 * 60)
    }

    /// How far back it is wise to ask (ms-api.md, section 2.1).
    pub fn look_back(self) -> Duration {
        let hours = match self {
            Self::Graph => 90 * 24,
            Self::ReportingWebService => 200,
        };
        Duration::from_secs(hours * 60 * 60)
    }

    /// The most rows that a page may have (ms-api.md, sections 1.5 and 2.1).
    pub fn most_rows(self) -> u32 {
        match self {
            Self::Graph => 5000,
            Self::ReportingWebService => 2000,
        }
    }
}

impl ServiceConfig {
    /// What a token is asked for: the service itself.
    pub fn scope(&self) -> String {
        match self.kind {
            ServiceKind::Graph => format!("{}/.default", self.url.origin().ascii_serialization()),
            ServiceKind::ReportingWebService => self.outlook_scope.to_owned(),
        }
    }
}

impl Credential {
    /// Who signs in, as the service knows it; none: the machine's own identity.
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Secret { client_id, .. }
            | Self::Certificate { client_id, .. }
            | Self::FederatedToken { client_id, .. } => Some(client_id),
            Self::ManagedIdentity { client_id, .. } => client_id.as_deref(),
        }
    }
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
