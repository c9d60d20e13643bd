//! Outputs, and the data stream that all documents are of.

use std::time::Duration;

use toml::Spanned;
use url::Url;

use super::exclude;
use crate::{
    answer::is_loopback,
    config::{
        Authentication, BodyConfig, ClientCertificate, Compression, ConfigError, ConnectionConfig, NamedOutput,
        OutputConfig, position::prefix, raw, reader::Reader,
    },
    secret::Secret,
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

/// `namespace` is that of all outputs.
pub(super) fn outputs(
    sections: &[Spanned<raw::Output>],
    reader: &Reader<'_>,
    namespace: &str,
) -> Result<Vec<NamedOutput>, ConfigError> {
    let mut outputs: Vec<NamedOutput> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let prefix = prefix("output", index, sections.len());
        let reader = reader.within(&prefix);
        let (raw, at) = (section.get_ref(), section.span().start);
        let config = output(raw, at, &reader, namespace)?;
        let name = match &raw.name {
            Some(name) => reader.text("name", name)?,
            None => config.default_name(),
        };
        // The ledger knows an output by its name.
        if outputs.iter().any(|output| output.name == name) {
            let at = raw.name.as_ref().map_or(at, |name| name.span().start);
            let problem = format!("`{}`: two outputs have the same name", reader.dotted("name"));
            return Err(reader.error(at, problem, Some("give each a `name` of its own")));
        }
        if let OutputConfig::File(file) = &config {
            let is_same = |other: &NamedOutput| matches!(&other.config, OutputConfig::File(it) if it.path == file.path);
            if outputs.iter().any(is_same) {
                let at = raw.path.as_ref().map_or(at, |path| path.span().start);
                let problem = format!("`{}`: two outputs write to the same file", reader.dotted("path"));
                return Err(reader.error(at, problem, Some("give each a file of its own")));
            }
        }
        outputs.push(NamedOutput { name, config });
    }
    Ok(outputs)
}

fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>, namespace: &str) -> Result<OutputConfig, ConfigError> {
    let kinds = ["stdout", "file", "elasticsearch", "http"];
    let Some(kind) = reader.choice("type", &raw.r#type, &kinds)? else {
        let problem = format!("`{}` is missing", reader.dotted("type"));
        return Err(reader.error(at, problem, Some("for example `type = \"elasticsearch\"`")));
    };
    for (key, at, kinds) in raw.keys() {
        if !kinds.contains(&kind) {
            let problem = format!("`{}` is not for an output of type `{kind}`", reader.dotted(key));
            return Err(reader.error(at, problem, Some("leave it out")));
        }
    }
    Ok(match kind {
        "file" => OutputConfig::File(file::output(raw, at, reader)?),
        "elasticsearch" => OutputConfig::Elasticsearch(Box::new(elasticsearch::output(raw, at, reader, namespace)?)),
        "http" => OutputConfig::Http(Box::new(http::output(raw, at, reader)?)),
        _ => OutputConfig::Stdout,
    })
}

/// How to say who asks: in one way at most.
fn authentication(raw: &raw::Output, reader: &Reader<'_>) -> Result<Authentication, ConfigError> {
    let ways = [("api_key", &raw.api_key), ("bearer_token", &raw.bearer_token), ("username", &raw.username)];
    let mut given = ways.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)));
    let first = given.next();
    if let (Some((key, _)), Some((other, second))) = (first, given.next()) {
        let problem = exclude(reader, other, key);
        return Err(reader.error(second.span().start, problem, Some("keep one of them")));
    }
    if let (None | Some(("api_key" | "bearer_token", _)), Some(password)) = (first, &raw.password) {
        let problem = format!("`{}` goes with `username`", reader.dotted("password"));
        return Err(reader.error(password.span().start, problem, Some("give both or none")));
    }
    Ok(match first {
        None => Authentication::None,
        Some(("api_key", value)) => Authentication::ApiKey(Secret::new(reader.text("api_key", value)?)),
        Some(("bearer_token", value)) => Authentication::Bearer(Secret::new(reader.text("bearer_token", value)?)),
        Some((_, value)) => {
            let username = reader.text("username", value)?;
            if username.contains(':') {
                let problem = format!("`{}` has a `:` in it, which HTTP does not allow", reader.dotted("username"));
                return Err(reader.error(value.span().start, problem, None));
            }
            let password = reader.required("password", &raw.password, value.span().start)?;
            Authentication::Basic { username, password: Secret::new(password) }
        }
    })
}

fn connection(raw: &raw::Output, reader: &Reader<'_>) -> Result<ConnectionConfig, ConfigError> {
    let certificate = match (&raw.certificate_file, &raw.private_key_file) {
        (Some(certificate), key) => Some(ClientCertificate {
            certificate_file: reader.file("certificate_file", certificate)?,
            private_key_file: reader.optional_file("private_key_file", key)?,
        }),
        (None, Some(key)) => {
            let problem = format!("`{}` goes with `certificate_file`", reader.dotted("private_key_file"));
            return Err(reader.error(key.span().start, problem, Some("give both or none")));
        }
        (None, None) => None,
    };
    Ok(ConnectionConfig {
        ca_file: reader.optional_file("ca_file", &raw.ca_file)?,
        certificate,
        proxy_url: reader.proxy("proxy_url", &raw.proxy_url)?,
        request_timeout: reader.some_duration("request_timeout", &raw.request_timeout, REQUEST_TIMEOUT)?,
    })
}

fn body(raw: &raw::Output, reader: &Reader<'_>) -> Result<BodyConfig, ConfigError> {
    let compression = match reader.choice("compression", &raw.compression, &["gzip", "none"])? {
        Some("none") => Compression::None,
        _ => Compression::Gzip,
    };
    Ok(BodyConfig {
        max_bytes: reader.number("max_bytes", &raw.max_bytes, 1..=MOST_BYTES, MAX_BYTES)? as usize,
        max_documents: reader.number("max_documents", &raw.max_documents, 1..=1_000_000, 1000)? as usize,
        compression,
    })
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
