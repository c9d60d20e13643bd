//! The settings as they stand in the file. The README's table is kept equal to the comments here by a test.

use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

/// A value and where it stands.
pub(super) type Value<T> = Option<Spanned<T>>;

/// A key that is planned and that nothing uses yet: refused by name.
pub(super) type NotBuilt = Option<Spanned<IgnoredAny>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Folder for the ledger; made when it is not there. Required.
    pub(super) state_dir: Value<String>,
    #[serde(default)]
    pub(super) mapping: Mapping,
    #[serde(default)]
    pub(super) geoip: Geoip,
    #[serde(default)]
    pub(super) source: Vec<Spanned<Source>>,
    #[serde(default)]
    pub(super) output: Vec<Spanned<Output>>,
    pub(super) metrics_listen: NotBuilt,
    pub(super) dead_letter: NotBuilt,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// A built-in mapping version. Default: `2.2` for Graph.
    pub(super) version: Value<String>,
    /// A component file, in place of a version.
    pub(super) path: Value<String>,
    /// Keep every record's own bytes in `event.original`. Default: `false`.
    pub(super) preserve_original_event: Option<bool>,
    /// Tags of every document. Default: `["forwarded"]`.
    pub(super) tags: Option<Vec<Spanned<String>>>,
    /// Statuses whose records are dropped, ignoring case; mapping 2.2 and later. Default: `[]`.
    pub(super) drop_status: Option<Vec<Spanned<String>>>,
    /// Public suffix list in the format of publicsuffix.org. Default: the built-in one of 2022-10-22.
    pub(super) suffix_list: Value<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Geoip {
    /// City database in MaxMind format. Default: none.
    pub(super) city: Value<String>,
    /// ASN database in MaxMind format. Default: none.
    pub(super) asn: Value<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Kind of source: `graph`. Required.
    pub(super) r#type: Value<String>,
    /// The tenant: its id or one of its domains. Required.
    pub(super) tenant_id: Value<String>,
    /// Id of the app registration. Required.
    pub(super) client_id: Value<String>,
    /// Secret of the app registration; this or `client_secret_file` is required.
    pub(super) client_secret: Value<String>,
    /// File with the secret; white space at its end does not count.
    pub(super) client_secret_file: Value<String>,
    /// Domains of the tenant, for `email.direction`. Default: none, and no direction is written.
    pub(super) local_domains: Option<Vec<Spanned<String>>>,
    /// Where to sign in. Default: `https://login.microsoftonline.com`.
    pub(super) login_url: Value<String>,
    /// Where Graph is. Default: `https://graph.microsoft.com`.
    pub(super) url: Value<String>,
    /// Time between polls. Default: `1h`.
    pub(super) interval: Value<String>,
    /// How far back the first poll goes, 90 days at most. Default: `1h`.
    pub(super) initial_interval: Value<String>,
    /// How far back every later poll reads again, for records that show up late. Default: `1h`.
    pub(super) additional_look_back: Value<String>,
    /// How much of the newest part is left for the next poll. Default: `0s`.
    pub(super) min_age: Value<String>,
    /// Rows a page, 1 to 5000. Default: `1000`.
    pub(super) batch_size: Value<i64>,
    /// The longest that one request may take. Default: `60s`.
    pub(super) request_timeout: Value<String>,
    pub(super) paths: NotBuilt,
    pub(super) certificate_file: NotBuilt,
    pub(super) private_key_file: NotBuilt,
    pub(super) federated_token_file: NotBuilt,
    pub(super) managed_identity: NotBuilt,
    pub(super) proxy_url: NotBuilt,
    pub(super) ca_file: NotBuilt,
    pub(super) request_trace_dir: NotBuilt,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    /// Kind of output: `stdout`. Required.
    pub(super) r#type: Value<String>,
    pub(super) path: NotBuilt,
    pub(super) url: NotBuilt,
    pub(super) api_key: NotBuilt,
    pub(super) namespace: NotBuilt,
}

impl Settings {
    pub(super) fn not_built(&self) -> [(&'static str, &NotBuilt); 2] {
        [("metrics_listen", &self.metrics_listen), ("dead_letter", &self.dead_letter)]
    }
}

impl Source {
    pub(super) fn not_built(&self) -> [(&'static str, &NotBuilt); 8] {
        [
            ("paths", &self.paths),
            ("certificate_file", &self.certificate_file),
            ("private_key_file", &self.private_key_file),
            ("federated_token_file", &self.federated_token_file),
            ("managed_identity", &self.managed_identity),
            ("proxy_url", &self.proxy_url),
            ("ca_file", &self.ca_file),
            ("request_trace_dir", &self.request_trace_dir),
        ]
    }
}

impl Output {
    pub(super) fn not_built(&self) -> [(&'static str, &NotBuilt); 4] {
        [("path", &self.path), ("url", &self.url), ("api_key", &self.api_key), ("namespace", &self.namespace)]
    }
}

/// The keys of a section that nothing uses yet; the section of the top is empty.
pub(super) fn not_built(section: &str) -> Vec<&'static str> {
    let names = |keys: &[(&'static str, &NotBuilt)]| keys.iter().map(|(name, _)| *name).collect();
    match section {
        "" => names(&Settings::default().not_built()),
        "source" => names(&Source::default().not_built()),
        "output" => names(&Output::default().not_built()),
        _ => Vec::new(),
    }
}
