//! Which keys are for which kinds of source and output.

/// A key, and the kinds that it is for.
type Keys = &'static [(&'static str, &'static [&'static str])];

pub(super) const SOURCES: &[&str] = &["graph", "reporting_webservice", "file"];
pub(super) const OUTPUTS: &[&str] = &["stdout", "file", "elasticsearch", "http"];

/// Sources that are services of Microsoft.
const SERVICE: &[&str] = &["graph", "reporting_webservice"];
const FILE: &[&str] = &["file"];
const ELASTICSEARCH: &[&str] = &["elasticsearch"];
const HTTP: &[&str] = &["http"];
/// Outputs that send requests.
const SENDING: &[&str] = &["elasticsearch", "http"];
/// Outputs that compress.
const COMPRESSING: &[&str] = &["file", "elasticsearch", "http"];

/// Keys that are not for every kind of source.
pub(super) const SOURCE_KEYS: Keys = &[
    ("tenant_id", SERVICE),
    ("client_id", SERVICE),
    ("client_secret", SERVICE),
    ("client_secret_file", SERVICE),
    ("certificate_file", SERVICE),
    ("private_key_file", SERVICE),
    ("certificate_password", SERVICE),
    ("federated_token_file", SERVICE),
    ("managed_identity", SERVICE),
    ("cloud", SERVICE),
    ("login_url", SERVICE),
    ("url", SERVICE),
    ("initial_interval", SERVICE),
    ("additional_look_back", SERVICE),
    ("min_age", SERVICE),
    ("batch_size", SERVICE),
    ("request_timeout", SERVICE),
    ("request_budget", SERVICE),
    ("proxy_url", SERVICE),
    ("ca_file", SERVICE),
    ("request_trace_dir", SERVICE),
    ("paths", FILE),
    ("date_order", FILE),
    ("follow_links", FILE),
];

/// Keys that are not for every kind of output.
pub(super) const OUTPUT_KEYS: Keys = &[
    ("path", FILE),
    ("rotate_bytes", FILE),
    ("rotate_age", FILE),
    ("keep", FILE),
    ("mode", FILE),
    ("url", SENDING),
    ("urls", ELASTICSEARCH),
    ("allow_http", SENDING),
    ("pipeline", ELASTICSEARCH),
    ("api_key", ELASTICSEARCH),
    ("api_key_file", ELASTICSEARCH),
    ("username", SENDING),
    ("password", SENDING),
    ("password_file", SENDING),
    ("bearer_token", HTTP),
    ("bearer_token_file", HTTP),
    ("headers", HTTP),
    ("header_files", HTTP),
    ("format", HTTP),
    ("max_bytes", SENDING),
    ("max_documents", SENDING),
    ("compression", COMPRESSING),
    ("request_timeout", SENDING),
    ("proxy_url", SENDING),
    ("ca_file", SENDING),
    ("certificate_file", SENDING),
    ("private_key_file", SENDING),
];

/// Whether a section has this kind.
pub(super) fn is_known(section: &str, kind: &str) -> bool {
    match section {
        "source" => SOURCES.contains(&kind),
        "output" => OUTPUTS.contains(&kind),
        _ => false,
    }
}

/// Whether a key of a section is for this kind of it.
pub(super) fn is_for(section: &str, key: &str, kind: &str) -> bool {
    let keys = match section {
        "source" => SOURCE_KEYS,
        "output" => OUTPUT_KEYS,
        _ => return true,
    };
    keys.iter().find(|(name, _)| *name == key).is_none_or(|(_, kinds)| kinds.contains(&kind))
}
