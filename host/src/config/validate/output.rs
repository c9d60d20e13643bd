//! Outputs, and the data stream that all documents are of.

use std::time::Duration;

use toml::Spanned;
use url::Url;

use super::{exclude, misplaced};
use crate::{
    config::{
        Authentication, BodyConfig, ClientCertificate, Compression, ConfigError, ConnectionConfig, NamedOutput,
        OutputConfig, SecretSource, kinds, position::prefix, raw, reader::Reader,
    },
    support::http_client::is_loopback,
};

mod elasticsearch;
mod file;
mod http;
mod namespace;

pub(super) use namespace::namespace;
pub(in crate::config) use namespace::problem as namespace_problem;

/// The longest that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What Fluent Bit's `http` input takes at most, and within what is good for Elasticsearch.
const MAX_BYTES: u32 = 4_000_000;

/// The most that Elasticsearch takes in any configuration.
const MOST_BYTES: u32 = 2_000_000_000;

/// The outputs that are right; `namespace` is that of all of them.
pub(super) fn outputs(sections: &[Spanned<raw::Output>], reader: &Reader<'_>, namespace: &str) -> Vec<NamedOutput> {
    let mut outputs: Vec<NamedOutput> = Vec::new();
    let mut kept = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let prefix = prefix("output", index, sections.len());
        let reader = reader.within(&prefix);
        let named = output(section.get_ref(), section.span().start, &reader, namespace)
            .and_then(|config| named(section, config, &outputs, &reader));
        if let Ok(named) = named {
            outputs.push(named);
            kept.push(index);
        }
    }
    reader.note_sections("output", kept, sections.len());
    outputs
}

/// Gives an output its name; no two have the same, and no two write to the same file.
fn named(
    section: &Spanned<raw::Output>,
    config: OutputConfig,
    others: &[NamedOutput],
    reader: &Reader<'_>,
) -> Result<NamedOutput, ConfigError> {
    let (raw, at) = (section.get_ref(), section.span().start);
    let name = match &raw.name {
        Some(name) => reader.text("name", name)?,
        None => config.default_name(),
    };
    // The ledger knows an output by its name.
    if others.iter().any(|output| output.name == name) {
        let at = raw.name.as_ref().map_or(at, |name| name.span().start);
        let problem = format!("`{}`: two outputs have the same name", reader.dotted("name"));
        return Err(reader.error(at, problem, Some("give each a `name` of its own")));
    }
    if let OutputConfig::File(file) = &config {
        let is_same = |other: &NamedOutput| matches!(&other.config, OutputConfig::File(it) if it.path == file.path);
        if others.iter().any(is_same) {
            let at = raw.path.as_ref().map_or(at, |path| path.span().start);
            let problem = format!("`{}`: two outputs write to the same file", reader.dotted("path"));
            return Err(reader.error(at, problem, Some("give each a file of its own")));
        }
    }
    Ok(NamedOutput { name, config })
}

fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>, namespace: &str) -> Result<OutputConfig, ConfigError> {
    let Some(kind) = reader.choice("type", &raw.r#type, kinds::OUTPUTS)? else {
        return Err(reader.missing("type", at, Some("for example `type = \"elasticsearch\"`")));
    };
    let misplaced = misplaced(reader, "output", kind, &raw.keys());
    let config = match kind {
        "file" => file::output(raw, at, reader).map(OutputConfig::File),
        "elasticsearch" => elasticsearch::output(raw, at, reader, namespace)
            .map(|config| OutputConfig::Elasticsearch(Box::new(config))),
        "http" => http::output(raw, at, reader).map(|config| OutputConfig::Http(Box::new(config))),
        _ => Ok(OutputConfig::Stdout),
    };
    misplaced.and(config)
}

/// How to say who asks: in one way at most.
fn authentication(raw: &raw::Output, reader: &Reader<'_>) -> Result<Authentication, ConfigError> {
    let ways = [
        ("api_key", &raw.api_key),
        ("api_key_file", &raw.api_key_file),
        ("bearer_token", &raw.bearer_token),
        ("bearer_token_file", &raw.bearer_token_file),
        ("username", &raw.username),
    ];
    let mut given = ways.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)));
    let first = given.next();
    if let (Some((key, _)), Some((other, second))) = (first, given.next()) {
        let problem = exclude(reader, other, key);
        return Err(reader.error(second.span().start, problem, Some("keep one of them")));
    }
    if first.is_none_or(|(key, _)| key != "username") {
        for (key, password) in [("password", &raw.password), ("password_file", &raw.password_file)] {
            if let Some(password) = password {
                let problem = format!("`{}` goes with `username`", reader.dotted(key));
                return Err(reader.error(password.span().start, problem, Some("give both or none")));
            }
        }
    }
    Ok(match first {
        None => Authentication::None,
        Some((key @ ("api_key" | "api_key_file"), value)) => Authentication::ApiKey(secret(key, value, reader)?),
        Some((key @ ("bearer_token" | "bearer_token_file"), value)) => {
            Authentication::Bearer(secret(key, value, reader)?)
        }
        Some((_, value)) => basic(value, raw, reader)?,
    })
}

fn basic(value: &Spanned<String>, raw: &raw::Output, reader: &Reader<'_>) -> Result<Authentication, ConfigError> {
    let password = match (&raw.password, &raw.password_file) {
        (Some(password), None) => secret("password", password, reader),
        (None, Some(file)) => secret("password_file", file, reader),
        (Some(_), Some(file)) => {
            let problem = exclude(reader, "password_file", "password");
            Err(reader.error(file.span().start, problem, Some("keep one of them")))
        }
        (None, None) => Err(reader.missing("password", value.span().start, Some("`password` or `password_file`"))),
    };
    let username = reader.text("username", value)?;
    if username.contains(':') {
        let problem = format!("`{}` has a `:` in it, which HTTP does not allow", reader.dotted("username"));
        return Err(reader.error(value.span().start, problem, None));
    }
    Ok(Authentication::Basic { username, password: password? })
}

/// A secret in the settings, or in a file where the key says so.
fn secret(key: &str, value: &Spanned<String>, reader: &Reader<'_>) -> Result<SecretSource, ConfigError> {
    if key.ends_with("_file") {
        return Ok(SecretSource::File(reader.secret_file(key, value)?));
    }
    Ok(SecretSource::Text(reader.secret(key, value)?))
}

fn connection(raw: &raw::Output, reader: &Reader<'_>) -> Result<ConnectionConfig, ConfigError> {
    let certificate = certificate(raw, reader);
    let ca_file = reader.optional_file("ca_file", &raw.ca_file);
    let proxy_url = reader.proxy("proxy_url", &raw.proxy_url);
    let request_timeout = reader.some_duration("request_timeout", &raw.request_timeout, REQUEST_TIMEOUT);
    Ok(ConnectionConfig {
        ca_file: ca_file?,
        certificate: certificate?,
        proxy_url: proxy_url?,
        request_timeout: request_timeout?,
    })
}

fn certificate(raw: &raw::Output, reader: &Reader<'_>) -> Result<Option<ClientCertificate>, ConfigError> {
    match (&raw.certificate_file, &raw.private_key_file) {
        (Some(certificate), key) => {
            let certificate_file = reader.file("certificate_file", certificate)?;
            if key.is_none() {
                reader.note_secret_file("certificate_file", &certificate_file);
            }
            let private_key_file = reader.optional_secret_file("private_key_file", key)?;
            Ok(Some(ClientCertificate { certificate_file, private_key_file }))
        }
        (None, Some(key)) => {
            let problem = format!("`{}` goes with `certificate_file`", reader.dotted("private_key_file"));
            Err(reader.error(key.span().start, problem, Some("give both or none")))
        }
        (None, None) => Ok(None),
    }
}

fn body(raw: &raw::Output, reader: &Reader<'_>) -> Result<BodyConfig, ConfigError> {
    let compression = reader.choice("compression", &raw.compression, &["gzip", "none"]);
    let max_bytes = reader.number("max_bytes", &raw.max_bytes, 1..=MOST_BYTES, MAX_BYTES);
    let max_documents = reader.number("max_documents", &raw.max_documents, 1..=1_000_000, 1000);
    let compression = if compression? == Some("none") { Compression::None } else { Compression::Gzip };
    Ok(BodyConfig { max_bytes: max_bytes? as usize, max_documents: max_documents? as usize, compression })
}

/// The address of a host that documents are sent to.
fn url(raw: &raw::Output, key: &str, value: &Spanned<String>, reader: &Reader<'_>) -> Result<Url, ConfigError> {
    let url = reader.any_url(key, value)?;
    let is_allowed = raw.allow_http.as_ref().is_some_and(|allow| *allow.get_ref());
    if url.scheme() == "http" && !is_loopback(&url) && !is_allowed {
        let problem = format!("`{}`: `http` would send secrets and documents in the clear", reader.dotted(key));
        return Err(reader.error(
            value.span().start,
            problem,
            Some("`https`, or `allow_http = true` if that is meant"),
        ));
    }
    Ok(url)
}
