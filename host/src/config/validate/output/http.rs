//! An output of type `http`.

use http::{HeaderName, HeaderValue, header};
use toml::Spanned;

use super::{authentication, body, connection, url};
use crate::config::{Authentication, ConfigError, Format, HttpConfig, SecretSource, raw, reader::Reader};

/// Headers that say how a request is written, which is not for the settings to say.
const OWN_HEADERS: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::HOST,
];

pub(super) fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<HttpConfig, ConfigError> {
    let url = match &raw.url {
        Some(value) => url(raw, "url", value, reader),
        None => Err(reader.missing("url", at, Some("for example `url = \"https://vector.example.com:8080\"`"))),
    };
    let format = reader.choice("format", &raw.format, &["ndjson", "json"]);
    let authentication = authentication(raw, reader);
    let is_open = authentication.as_ref().is_ok_and(|authentication| *authentication == Authentication::None);
    let headers = headers(raw, reader, is_open);
    let connection = connection(raw, reader);
    let body = body(raw, reader);
    Ok(HttpConfig {
        url: url?,
        format: if format? == Some("json") { Format::JsonArray } else { Format::Ndjson },
        headers: headers?,
        authentication: authentication?,
        connection: connection?,
        body: body?,
    })
}

/// `is_open`: nothing else says who asks.
fn headers(
    raw: &raw::Output,
    reader: &Reader<'_>,
    is_open: bool,
) -> Result<Vec<(HeaderName, SecretSource)>, ConfigError> {
    let mut headers: Vec<(HeaderName, SecretSource)> = Vec::new();
    let mut failed = None;
    for (section, values) in [("headers", &raw.headers), ("header_files", &raw.header_files)] {
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
    reader: &Reader<'_>,
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

fn value(section: &str, key: &str, value: &Spanned<String>, reader: &Reader<'_>) -> Result<SecretSource, ConfigError> {
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
