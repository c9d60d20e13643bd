//! The settings of an output of type `http`.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::setup::SETUP;
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, keys},
    outputs::client_settings::{self, Authentication, BodyConfig, ClientTable, ConnectionConfig, body, connection},
    pipeline::OutputContext,
    support::secret_source::SecretSource,
};

/// Headers that say how a request is written, which is not for the settings to say.
const OWN_HEADERS: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::HOST,
];

/// `[[output]]` of type `http`, as it stands in the settings, but for how the host is reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpTable {
    /// Where documents are sent to. Required.
    url: Setting<String>,
    /// Token for the header `Authorization: Bearer`; for `http`.
    bearer_token: Setting<String>,
    /// File with the token for the header `Authorization: Bearer`, read again when it changes; for `http`.
    bearer_token_file: Setting<String>,
    /// More headers of an `http` output, as in `headers = { X-Key = "${KEY}" }`; the values are kept secret.
    headers: Setting<BTreeMap<Spanned<String>, Spanned<String>>>,
    /// More headers of an `http` output, each value from a file that is read again when it changes, as in `header_files = { X-Key = "key" }`.
    header_files: Setting<BTreeMap<Spanned<String>, Spanned<String>>>,
    /// Format of the body of an `http` request: `ndjson`, or `json` for one array. Default: `ndjson`.
    format: Setting<String>,
}

/// An output of type `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpConfig {
    /// Where documents are posted to.
    pub url: Url,
    /// How documents stand in a request.
    pub format: BodyFormat,
    /// More headers.
    pub headers: Vec<(HeaderName, SecretSource)>,
    /// Who asks.
    pub authentication: Authentication,
    /// How the host is reached.
    pub connection: ConnectionConfig,
    /// How documents are put together.
    pub body: BodyConfig,
}

/// How documents stand in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    /// One a line.
    Ndjson,
    /// In one JSON array.
    JsonArray,
}

impl SectionKind<OutputContext> for HttpConfig {
    const NAMES: &'static [&'static str] = &["http"];
    const SYNONYMS: &'static [Synonyms] = &[
        &[
            (&["token", "bearer", "access_token"], Meant::Key("bearer_token")),
            (&["header"], Meant::Key("headers")),
            (&["encoding", "codec"], Meant::Key("format")),
        ],
        client_settings::SYNONYMS,
    ];

    const SETUPS: &'static [Setup] = &[SETUP];

    fn keys() -> Vec<&'static str> {
        [keys::<HttpTable>(), keys::<ClientTable>()].concat()
    }

    fn read(
        _: &'static str,
        section: &Section<'_, '_>,
        _: &OutputContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let table: HttpTable = section.read(reader)?;
        let client: ClientTable = section.read(reader)?;
        let url = match &table.url {
            Some(value) => client.url("url", value, reader),
            None => {
                let hint = "for example `url = \"https://vector.example.com:8080\"`";
                Err(reader.missing("url", section.start(), Some(hint)))
            }
        };
        let format = reader.choice("format", &table.format, &["ndjson", "json"]);
        let authentication = client.authentication(
            &[
                ("bearer_token", &table.bearer_token, Authentication::Bearer),
                ("bearer_token_file", &table.bearer_token_file, Authentication::Bearer),
            ],
            reader,
        );
        let is_open = authentication.as_ref().is_ok_and(|authentication| *authentication == Authentication::None);
        let headers = headers(&table, reader, is_open);
        let connection = connection(&client, reader);
        let body = body(&client, reader);
        Ok(Self {
            url: url?,
            format: if format? == Some("json") { BodyFormat::JsonArray } else { BodyFormat::Ndjson },
            headers: headers?,
            authentication: authentication?,
            connection: connection?,
            body: body?,
        })
    }
}

/// `is_open`: nothing else says who asks.
fn headers(
    table: &HttpTable,
    reader: &ValueReader<'_>,
    is_open: bool,
) -> Result<Vec<(HeaderName, SecretSource)>, ConfigError> {
    let mut headers: Vec<(HeaderName, SecretSource)> = Vec::new();
    let mut failed = None;
    for (section, values) in [("headers", &table.headers), ("header_files", &table.header_files)] {
        for (name, value) in values.iter().flat_map(|values| values.get_ref()) {
            let key = format!("{section}.{}", name.get_ref());
            let header = self::name(name.get_ref(), &key, value, reader, is_open);
            match header.and_then(|header| Ok((header, self::value(section, &key, value, reader)?))) {
                Ok((header, _)) if headers.iter().any(|(other, _)| *other == header) => {
                    let problem =
                        format!("`{}` is given already, by another name or in `headers`", reader.dotted(&key));
                    failed = Some(reader.error(value.span().start, problem, Some("keep one of them")));
                }
                Ok(header) => headers.push(header),
                Err(error) => failed = Some(error),
            }
        }
    }
    failed.map_or(Ok(headers), Err)
}

fn name(
    name: &str,
    key: &str,
    value: &Spanned<String>,
    reader: &ValueReader<'_>,
    is_open: bool,
) -> Result<HeaderName, ConfigError> {
    let at = value.span().start;
    let Ok(header) = HeaderName::try_from(name) else {
        let problem = format!("`{}`: a header cannot have this name", reader.dotted(key));
        return Err(reader.error(at, problem, Some("letters, digits and `-`")));
    };
    if OWN_HEADERS.contains(&header) {
        let problem = format!("`{}`: exotrace writes this header itself", reader.dotted(key));
        return Err(reader.error(at, problem, Some("leave it out")));
    }
    if header == header::AUTHORIZATION && !is_open {
        let problem = format!("`{}` and `bearer_token` or `username` exclude each other", reader.dotted(key));
        return Err(reader.error(at, problem, Some("keep one of them")));
    }
    Ok(header)
}

fn value(
    section: &str,
    key: &str,
    value: &Spanned<String>,
    reader: &ValueReader<'_>,
) -> Result<SecretSource, ConfigError> {
    if section == "header_files" {
        return Ok(SecretSource::File(reader.secret_file(key, value)?));
    }
    let secret = reader.secret(key, value)?;
    if HeaderValue::try_from(secret.expose()).is_err() {
        let problem = format!("`{}` has characters that no header can have", reader.dotted(key));
        return Err(reader.error(value.span().start, problem, Some("no line feeds and no control characters")));
    }
    Ok(SecretSource::Text(secret))
}
