//! An output of type `http`.

use http::{HeaderName, HeaderValue, header};

use super::{authentication, body, connection, url};
use crate::{
    config::{Authentication, ConfigError, Format, HttpConfig, raw, reader::Reader},
    secret::Secret,
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

pub(super) fn output(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<HttpConfig, ConfigError> {
    let Some(value) = &raw.url else {
        let problem = format!("`{}` is missing", reader.dotted("url"));
        return Err(reader.error(at, problem, Some("for example `url = \"https://vector.example.com:8080\"`")));
    };
    let format = match reader.choice("format", &raw.format, &["ndjson", "json"])? {
        Some("json") => Format::JsonArray,
        _ => Format::Ndjson,
    };
    let authentication = authentication(raw, reader)?;
    Ok(HttpConfig {
        url: url(raw, "url", value, reader)?,
        format,
        headers: headers(raw, reader, &authentication)?,
        authentication,
        connection: connection(raw, reader)?,
        body: body(raw, reader)?,
    })
}

fn headers(
    raw: &raw::Output,
    reader: &Reader<'_>,
    authentication: &Authentication,
) -> Result<Vec<(HeaderName, Secret)>, ConfigError> {
    let mut headers = Vec::new();
    let Some(raw) = &raw.headers else { return Ok(headers) };
    for (name, value) in raw.get_ref() {
        let key = format!("headers.{}", name.get_ref());
        let at = value.span().start;
        let Ok(header) = HeaderName::try_from(name.get_ref()) else {
            let problem = format!("`{}`: a header cannot have this name", reader.dotted(&key));
            return Err(reader.error(at, problem, Some("letters, digits and `-`")));
        };
        if OWN_HEADERS.contains(&header) {
            let problem = format!("`{}`: exotrace writes this header itself", reader.dotted(&key));
            return Err(reader.error(at, problem, Some("leave it out")));
        }
        if header == header::AUTHORIZATION && *authentication != Authentication::None {
            let problem = format!("`{}` and `bearer_token` or `username` exclude each other", reader.dotted(&key));
            return Err(reader.error(at, problem, Some("keep one of them")));
        }
        let text = reader.text(&key, value)?;
        if HeaderValue::try_from(&text).is_err() {
            let problem = format!("`{}` has characters that no header can have", reader.dotted(&key));
            return Err(reader.error(at, problem, Some("no line feeds and no control characters")));
        }
        headers.push((header, Secret::new(text)));
    }
    Ok(headers)
}
