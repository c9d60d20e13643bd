//! The settings as they stand in the file. The README's table is kept equal to the comments here by a test.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A value and where it stands.
pub(super) type Value<T> = Option<Spanned<T>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Folder for the ledger; made when it is not there. Required.
    pub(super) state_dir: Value<String>,
    /// Address and port of `/metrics`, `/healthz` and `/readyz`, for example `127.0.0.1:9464`. Default: none, and nothing listens.
    pub(super) listen: Value<String>,
    /// Names besides `localhost` under which `listen` may be asked; addresses are always right, and `*` is any name. Default: `[]`.
    pub(super) listen_hosts: Option<Vec<Spanned<String>>>,
    // What `listen` was called before.
    pub(super) metrics_listen: Value<String>,
    #[serde(default)]
    pub(super) mapping: Mapping,
    #[serde(default)]
    pub(super) geoip: Geoip,
    #[serde(default)]
    pub(super) source: Vec<Spanned<Source>>,
    #[serde(default)]
    pub(super) output: Vec<Spanned<Output>>,
    #[serde(default)]
    pub(super) dead_letter: DeadLetter,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetter {
    /// File for records that stop the mapping and documents that an output will never take. Default: `dead-letter.ndjson` in `state_dir`.
    pub(super) path: Value<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// A mapping version, built in or of a component file in `state_dir/mappings`. Default: `2.2` for Graph, `1.20` for any other source.
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
    /// Public keys of minisign, or their files: a component file without a signature by one of them is no mapping. Default: none, and no signature is needed.
    pub(super) trusted_keys: Value<Vec<Spanned<String>>>,
    /// The most memory that an instance of the mapping may have. Default: `536870912`.
    pub(super) max_memory_bytes: Value<i64>,
    /// Maximum memory of all instances of all mappings of the process together, in bytes; a quarter of it is kept for those whose documents are delivered. Default: `1073741824`.
    pub(super) max_total_memory_bytes: Value<i64>,
    /// The longest that the mapping may take for a batch before it is stopped; whatever is tried then, four times as long ends it. Default: `10s`.
    pub(super) max_batch_time: Value<String>,
    /// The most that the mapping may hand over at once. Default: `268435456`.
    pub(super) max_result_bytes: Value<i64>,
    /// The most that the mapping may execute at once, in units of fuel as wasmtime counts them; counting costs speed. Default: not counted.
    pub(super) max_fuel: Value<i64>,
    /// Maximum address space of the process that compiles a component file, in bytes. Default: `1073741824`.
    pub(super) max_compile_memory_bytes: Value<i64>,
    /// Maximum processor time for compiling a component file. Default: `60s`.
    pub(super) max_compile_time: Value<String>,
    /// How often `mapping.path` and `mapping.candidate.path` are looked at for a new component, and the geo databases for new ones; `0s`: never. Default: `10s`.
    pub(super) watch_interval: Value<String>,
    pub(super) candidate: Option<Spanned<Candidate>>,
    #[serde(default)]
    pub(super) rollback: Rollback,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Candidate {
    /// A mapping version to try beside the mapping in use.
    pub(super) version: Value<String>,
    /// A component file, in place of a version.
    pub(super) path: Value<String>,
    /// `shadow`: compared, and nothing of it delivered; `canary`: maps a share of the deliveries. Default: `shadow`.
    pub(super) mode: Value<String>,
    /// The share of records that is compared, or of deliveries that is mapped. Default: `10`.
    pub(super) percent: Value<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    /// How often a new mapping may trap or meet a limit before it is taken back. Default: `0`.
    pub(super) max_stops: Value<i64>,
    /// By how many percent of the records a new mapping may fail at more than the one before. Default: `5`.
    pub(super) max_failed_percent: Value<i64>,
    /// How many times as long as before a record may take. Default: `10`.
    pub(super) max_slowdown: Value<i64>,
    /// How many percent of the records compared may come out differently: the recent ones of a candidate, those of a trial, and if less than `100` one in ten of a new mapping. Default: `100`.
    pub(super) max_different_percent: Value<i64>,
    /// How many records a new mapping maps before its rates count. Default: `1000`.
    pub(super) min_records: Value<i64>,
    /// How long the mapping before is kept ready, and the new one watched. Default: `1h`.
    pub(super) grace_period: Value<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Geoip {
    /// City database in MaxMind format, read again when it changes. Default: none.
    pub(super) city: Value<String>,
    /// ASN database in MaxMind format, read again when it changes. Default: none.
    pub(super) asn: Value<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Kind of source: `graph`, `reporting_webservice` or `file`. Required.
    pub(super) r#type: Value<String>,
    /// What metrics and health call it. Default: its type, with a number from the second of its type on.
    pub(super) name: Value<String>,
    /// The tenant: its id or one of its domains. Required, but for files.
    pub(super) tenant_id: Value<String>,
    /// Id of the app registration. Required, but for files and with `managed_identity`.
    pub(super) client_id: Value<String>,
    /// Secret of the app registration. One of the ways to sign in is required, but for files.
    pub(super) client_secret: Value<String>,
    /// File with the secret; white space at its end does not count.
    pub(super) client_secret_file: Value<String>,
    /// Certificate of the app registration, PEM or PFX, to sign in without a secret.
    pub(super) certificate_file: Value<String>,
    /// Private key of the certificate, PEM. Default: the one in `certificate_file`.
    pub(super) private_key_file: Value<String>,
    /// Password of a PFX file. Default: none.
    pub(super) certificate_password: Value<String>,
    /// File with a token of another identity provider, read anew for every sign-in (workload identity).
    pub(super) federated_token_file: Value<String>,
    /// Sign in as the machine: `system`, or the client id of a user-assigned identity.
    pub(super) managed_identity: Value<String>,
    /// National cloud: `global` (GCC as well), `gcc_high`, `dod` or `china`; gives `login_url` and `url`. Default: `global`.
    pub(super) cloud: Value<String>,
    /// Domains of the tenant, for `email.direction`; `*.contoso.com` stands for the sub-domains of `contoso.com`, and not for itself. Default: none, and no direction is written.
    pub(super) local_domains: Option<Vec<Spanned<String>>>,
    /// Tags of every document of this source, besides `mapping.tags`. Default: none.
    pub(super) tags: Option<Vec<Spanned<String>>>,
    /// Fields of every document of this source, as in `fields = { labels = { customer = "contoso" } }`; none that exotrace or the mapping writes. Default: none.
    pub(super) fields: Value<toml::Table>,
    /// Namespace of the data stream for documents of this source. Default: that of the outputs.
    pub(super) namespace: Value<String>,
    /// What people call the tenant, written as `organization.name`. Default: none.
    pub(super) tenant_name: Value<String>,
    /// Where to sign in. Default: `https://login.microsoftonline.com`, or that of the cloud.
    pub(super) login_url: Value<String>,
    /// Where the service is. Default: `https://graph.microsoft.com`, `https://reports.office365.com`, or that of the cloud.
    pub(super) url: Value<String>,
    /// Time between polls. Default: `1h`; for files `5s`.
    pub(super) interval: Value<String>,
    /// How far back the first poll goes, 90 days at most, 200 hours for the Reporting Web Service. Default: `1h`.
    pub(super) initial_interval: Value<String>,
    /// How far back every later poll reads again, for records that show up late. Default: `1h`.
    pub(super) additional_look_back: Value<String>,
    /// How much of the newest part is left for the next poll. Default: `0s`.
    pub(super) min_age: Value<String>,
    /// Rows a page, 1 to 5000, or 2000 for the Reporting Web Service. Default: `1000`.
    pub(super) batch_size: Value<i64>,
    /// The longest that one request may take. Default: `60s`.
    pub(super) request_timeout: Value<String>,
    /// Requests in any five minutes, shared by all sources of a tenant; the service allows 100. Default: `90`.
    pub(super) request_budget: Value<i64>,
    /// HTTP proxy for this source. Default: the one of the environment.
    pub(super) proxy_url: Value<String>,
    /// Certificates to trust besides those of the system, PEM. Default: none.
    pub(super) ca_file: Value<String>,
    /// Folder for requests and answers, to find troubles; without secrets, but with personal data. Default: none.
    pub(super) request_trace_dir: Value<String>,
    /// Files to read, with `*`, `?` and `**`. Required for files.
    pub(super) paths: Option<Vec<Spanned<String>>>,
    /// How dates such as `3/4/2026` are meant: `month_first` or `day_first`. Default: refused where it matters.
    pub(super) date_order: Value<String>,
    /// Read what links among `paths` lead to; else a link is refused. Default: `false`.
    pub(super) follow_links: Value<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    /// Kind of output: `stdout`, `file`, `elasticsearch` or `http`. Required.
    pub(super) r#type: Value<String>,
    /// What logs, the ledger and the dead letter call it. Default: its type, and where it goes.
    pub(super) name: Value<String>,
    /// File to write, one document a line. Required for `file`.
    pub(super) path: Value<String>,
    /// When the file has so many bytes, it is finished and another one begun. Default: `100000000`.
    pub(super) rotate_bytes: Value<i64>,
    /// When the file is so old, it is finished and another one begun. Default: `1day`.
    pub(super) rotate_age: Value<String>,
    /// How many finished files are kept; older ones are deleted. Default: all.
    pub(super) keep: Value<i64>,
    /// Permissions of the files of a `file` output, in octal; others can never write. Default: `0640`, less what the umask takes away.
    pub(super) mode: Value<String>,
    /// Where documents are sent to. Required for `http`, and for `elasticsearch` this or `urls`.
    pub(super) url: Value<String>,
    /// Several hosts of one Elasticsearch cluster; when one fails, the next one is asked.
    pub(super) urls: Value<Vec<Spanned<String>>>,
    /// Take plain `http` to other machines: secrets and documents are then sent in the clear. Default: `false`.
    pub(super) allow_http: Value<bool>,
    /// Namespace of the data stream, the same for all outputs. Default: `default`.
    pub(super) namespace: Value<String>,
    /// Ingest pipeline of Elasticsearch; the documents need none. Default: `_none`.
    pub(super) pipeline: Value<String>,
    /// API key of Elasticsearch, as `id:key` or in base64.
    pub(super) api_key: Value<String>,
    /// File with the API key, read anew when it changes.
    pub(super) api_key_file: Value<String>,
    /// User, with `password` or `password_file`.
    pub(super) username: Value<String>,
    /// Password of the user.
    pub(super) password: Value<String>,
    /// File with the password of the user, read anew when it changes.
    pub(super) password_file: Value<String>,
    /// Token for the header `Authorization: Bearer`; for `http`.
    pub(super) bearer_token: Value<String>,
    /// File with the token for the header `Authorization: Bearer`, read anew when it changes; for `http`.
    pub(super) bearer_token_file: Value<String>,
    /// More headers of an `http` output, as in `headers = { X-Key = "${KEY}" }`; the values are kept secret.
    pub(super) headers: Value<BTreeMap<Spanned<String>, Spanned<String>>>,
    /// More headers of an `http` output, each value from a file that is read anew when it changes, as in `header_files = { X-Key = "key" }`.
    pub(super) header_files: Value<BTreeMap<Spanned<String>, Spanned<String>>>,
    /// How documents stand in an `http` request: `ndjson`, or `json` for one array. Default: `ndjson`.
    pub(super) format: Value<String>,
    /// The longest request in bytes, before compression; a longer document has one of its own. Default: `4000000`.
    pub(super) max_bytes: Value<i64>,
    /// The most documents in a request. Default: `1000`.
    pub(super) max_documents: Value<i64>,
    /// How requests are compressed: `gzip` or `none`; and finished files: these, or `zstd`. Default: `gzip`, and for files `none`.
    pub(super) compression: Value<String>,
    /// The longest that one request of an output may take. Default: `60s`.
    pub(super) request_timeout: Value<String>,
    /// HTTP proxy for this output. Default: the one of the environment.
    pub(super) proxy_url: Value<String>,
    /// Certificates that an output trusts besides those of the system, PEM. Default: none.
    pub(super) ca_file: Value<String>,
    /// Client certificate of an output, PEM. Default: none.
    pub(super) certificate_file: Value<String>,
    /// Private key of the client certificate, PEM. Default: the one in `certificate_file`.
    pub(super) private_key_file: Value<String>,
}

impl Source {
    /// The keys that are there and not for every kind of source, and where; `at` is where the section begins.
    pub(super) fn keys(&self, at: usize) -> Vec<(&'static str, usize)> {
        let paths = self.paths.as_ref().map(|paths| paths.first().map_or(at, |path| path.span().start));
        let keys = [
            ("tenant_id", start(&self.tenant_id)),
            ("client_id", start(&self.client_id)),
            ("client_secret", start(&self.client_secret)),
            ("client_secret_file", start(&self.client_secret_file)),
            ("certificate_file", start(&self.certificate_file)),
            ("private_key_file", start(&self.private_key_file)),
            ("certificate_password", start(&self.certificate_password)),
            ("federated_token_file", start(&self.federated_token_file)),
            ("managed_identity", start(&self.managed_identity)),
            ("cloud", start(&self.cloud)),
            ("login_url", start(&self.login_url)),
            ("url", start(&self.url)),
            ("initial_interval", start(&self.initial_interval)),
            ("additional_look_back", start(&self.additional_look_back)),
            ("min_age", start(&self.min_age)),
            ("request_timeout", start(&self.request_timeout)),
            ("proxy_url", start(&self.proxy_url)),
            ("ca_file", start(&self.ca_file)),
            ("request_trace_dir", start(&self.request_trace_dir)),
            ("batch_size", start(&self.batch_size)),
            ("request_budget", start(&self.request_budget)),
            ("paths", paths),
            ("date_order", start(&self.date_order)),
            ("follow_links", start(&self.follow_links)),
        ];
        there(&keys)
    }
}

impl Output {
    /// The keys that are there and not for every kind of output, and where.
    pub(super) fn keys(&self) -> Vec<(&'static str, usize)> {
        let keys = [
            ("url", start(&self.url)),
            ("urls", start(&self.urls)),
            ("allow_http", start(&self.allow_http)),
            ("pipeline", start(&self.pipeline)),
            ("api_key", start(&self.api_key)),
            ("api_key_file", start(&self.api_key_file)),
            ("username", start(&self.username)),
            ("password", start(&self.password)),
            ("password_file", start(&self.password_file)),
            ("bearer_token", start(&self.bearer_token)),
            ("bearer_token_file", start(&self.bearer_token_file)),
            ("headers", start(&self.headers)),
            ("header_files", start(&self.header_files)),
            ("format", start(&self.format)),
            ("path", start(&self.path)),
            ("rotate_bytes", start(&self.rotate_bytes)),
            ("rotate_age", start(&self.rotate_age)),
            ("keep", start(&self.keep)),
            ("mode", start(&self.mode)),
            ("compression", start(&self.compression)),
            ("max_bytes", start(&self.max_bytes)),
            ("max_documents", start(&self.max_documents)),
            ("request_timeout", start(&self.request_timeout)),
            ("proxy_url", start(&self.proxy_url)),
            ("ca_file", start(&self.ca_file)),
            ("certificate_file", start(&self.certificate_file)),
            ("private_key_file", start(&self.private_key_file)),
        ];
        there(&keys)
    }
}

fn there(keys: &[(&'static str, Option<usize>)]) -> Vec<(&'static str, usize)> {
    keys.iter().filter_map(|(key, at)| Some((*key, (*at)?))).collect()
}

/// Where a value stands.
fn start<T>(value: &Value<T>) -> Option<usize> {
    value.as_ref().map(|value| value.span().start)
}
