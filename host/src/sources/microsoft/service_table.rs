//! A source that is a service of Microsoft, as it stands in the settings.

use serde::Deserialize;
use toml::Spanned;

use crate::config::Setting;

/// `[[source]]` of type `graph` or `reporting_webservice`, as it stands in the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceTable {
    /// The tenant: its id or one of its domains. Required, but for files.
    pub(super) tenant_id: Setting<String>,
    /// Id of the app registration. Required, but for files and with `managed_identity`.
    pub(super) client_id: Setting<String>,
    /// Secret of the app registration. One of the ways to sign in is required, but for files.
    pub(super) client_secret: Setting<String>,
    /// File with the secret, read for every sign-in; white space at its end does not count.
    pub(super) client_secret_file: Setting<String>,
    /// Certificate of the app registration, PEM or PFX, to sign in without a secret.
    pub(super) certificate_file: Setting<String>,
    /// Private key of the certificate, PEM. Default: the one in `certificate_file`.
    pub(super) private_key_file: Setting<String>,
    /// Password of a PFX file. Default: none.
    pub(super) certificate_password: Setting<String>,
    /// File with a token of another identity provider, read again for every sign-in (workload identity).
    pub(super) federated_token_file: Setting<String>,
    /// Sign in as the machine: `system`, or the client id of a user-assigned identity.
    pub(super) managed_identity: Setting<String>,
    /// National cloud: `global` (GCC as well), `gcc_high`, `dod` or `china`; gives `login_url` and `url`. Default: `global`.
    pub(super) cloud: Setting<String>,
    /// Where to sign in. Default: `https://login.microsoftonline.com`, or that of the cloud.
    pub(super) login_url: Setting<String>,
    /// Where the service is. Default: `https://graph.microsoft.com`, `https://reports.office365.com`, or that of the cloud.
    pub(super) url: Setting<String>,
    /// Time between polls. Default: `1h`.
    pub(super) interval: Setting<String>,
    /// How far back the first poll goes, 90 days at most, 200 hours for the Reporting Web Service. Default: `1h`.
    pub(super) initial_interval: Setting<String>,
    /// How far back every later poll reads again, for records that show up late; `auto` measures it. Default: `1h`.
    pub(super) additional_look_back: Setting<String>,
    /// Age below which records are left for the next poll. Default: `0s`.
    pub(super) min_age: Setting<String>,
    /// Rows a page, 1 to 5000, or 2000 for the Reporting Web Service. Default: `1000`.
    pub(super) batch_size: Setting<i64>,
    /// Time-out of a request. Default: `60s`.
    pub(super) request_timeout: Setting<String>,
    /// Requests in any five minutes, shared by all sources of a tenant; the service allows 100. Default: `90`.
    pub(super) request_budget: Setting<i64>,
    /// HTTP proxy for this source. Default: the one of the environment.
    pub(super) proxy_url: Setting<String>,
    /// Certificates to trust besides those of the system, PEM, read again when the file changes. Default: none.
    pub(super) ca_file: Setting<String>,
    /// Folder for requests and answers, for troubleshooting; without secrets, but with personal data. Default: none.
    pub(super) request_trace_dir: Setting<String>,
    pub(super) details: Option<Spanned<DetailsTable>>,
}

/// `[source.details]`, as it stands in the settings: the details of deliveries are read when it is there.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailsTable {
    /// Statuses of the deliveries whose details are read. Default: `["failed", "pending", "quarantined"]`.
    pub(super) status: Option<Vec<Spanned<String>>>,
    /// Directions of the deliveries whose details are read: `inbound`, `outbound`, `internal`, `external`. Needs `local_domains`. Default: all.
    pub(super) directions: Option<Vec<Spanned<String>>>,
    /// Share of `request_budget` that they may take, 0.01 to 0.9. Default: `0.3`.
    pub(super) max_share: Setting<f64>,
    pub(super) max_percent: Setting<i64>,
    /// Requests for details in any five minutes, when they do not share the budget of the source, 1 to 1000000. Default: none, and they share it.
    pub(super) request_budget: Setting<i64>,
    /// Deliveries whose details are read in one poll, 1 to 100000. Default: `1000`.
    pub(super) max_per_poll: Setting<i64>,
    /// Time between reading a row and asking for its details. Default: `15m`.
    pub(super) settle: Setting<String>,
}
