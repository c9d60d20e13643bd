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
        Some(pipeline) => reader.text("pipeline", pipeline)?,
        None => NO_PIPELINE.to_owned(),
    };
    Ok(ElasticsearchConfig {
        urls: urls(raw, at, reader)?,
        data_stream: data_stream(namespace),
        pipeline,
        authentication: authentication(raw, reader)?,
        connection: connection(raw, reader)?,
        body: body(raw, reader)?,
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
            let mut urls = Vec::new();
            for value in values.get_ref() {
                urls.push(url(raw, "urls", value, reader)?);
            }
            urls
        }
        (Some(value), Some(_)) => {
            let problem = exclude(reader, "urls", "url");
            return Err(reader.error(value.span().start, problem, Some("keep one of them")));
        }
        (None, None) => return Err(reader.error(at, format!("`{}` is missing", reader.dotted("url")), Some(example))),
    })
}
