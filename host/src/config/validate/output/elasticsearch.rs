//! An output of type `elasticsearch`.

use url::Url;

use super::{authentication, body, connection, exclude, url};
use crate::config::{ConfigError, ElasticsearchConfig, data_stream, raw, reader::Reader};

/// The documents are mapped already.
const NO_PIPELINE: &str = "_none";

pub(super) fn output(
    raw: &raw::Output,
    at: usize,
    reader: &Reader<'_>,
    namespace: &str,
) -> Result<ElasticsearchConfig, ConfigError> {
    let pipeline = match &raw.pipeline {
        Some(pipeline) => reader.text("pipeline", pipeline),
        None => Ok(NO_PIPELINE.to_owned()),
    };
    let urls = urls(raw, at, reader);
    let authentication = authentication(raw, reader);
    let connection = connection(raw, reader);
    let body = body(raw, reader);
    Ok(ElasticsearchConfig {
        urls: urls?,
        data_stream: data_stream(namespace),
        pipeline: pipeline?,
        authentication: authentication?,
        connection: connection?,
        body: body?,
    })
}

fn urls(raw: &raw::Output, at: usize, reader: &Reader<'_>) -> Result<Vec<Url>, ConfigError> {
    let example = "for example `url = \"https://localhost:9200\"`";
    Ok(match (&raw.url, &raw.urls) {
        (Some(value), None) => vec![url(raw, "url", value, reader)?],
        (None, Some(values)) => {
            if values.get_ref().is_empty() {
                let problem = format!("`{}` is empty", reader.dotted("urls"));
                return Err(reader.error(values.span().start, problem, Some("at least one host is needed")));
            }
            let urls: Vec<_> = values.get_ref().iter().map(|value| url(raw, "urls", value, reader)).collect();
            urls.into_iter().collect::<Result<_, _>>()?
        }
        (Some(value), Some(_)) => {
            let problem = exclude(reader, "urls", "url");
            return Err(reader.error(value.span().start, problem, Some("keep one of them")));
        }
        (None, None) => return Err(reader.missing("url", at, Some(example))),
    })
}
