//! The settings of an output of type `elasticsearch`.

use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::setup::SETUP;
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, data_stream, keys},
    outputs::client_settings::{self, Authentication, BodyConfig, ClientTable, ConnectionConfig, body, connection},
    pipeline::OutputContext,
};

/// The documents are mapped already.
pub(super) const NO_PIPELINE: &str = "_none";

/// A cluster writes two requests on two of its threads.
const CONCURRENCY: u32 = 2;

/// With more, the write queue of a cluster fills up with the mail of one program.
const MOST_CONCURRENT: u32 = 8;

/// `[[output]]` of type `elasticsearch`, as it stands in the settings, but for how the hosts are reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElasticsearchTable {
    /// Where documents are sent to. This or `urls` is required.
    url: Setting<String>,
    /// Several hosts of one Elasticsearch cluster; when one fails, the next one is asked.
    urls: Setting<Vec<Spanned<String>>>,
    /// Ingest pipeline of Elasticsearch; the documents need none. Default: `_none`.
    pipeline: Setting<String>,
    /// Maximum number of requests that are under way for a batch, 1 to 8. Default: `2`.
    concurrency: Setting<i64>,
    /// API key of Elasticsearch, as `id:key` or in base64.
    api_key: Setting<String>,
    /// File with the API key, read again when it changes.
    api_key_file: Setting<String>,
}

/// An output of type `elasticsearch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ElasticsearchConfig {
    /// Hosts of one cluster; at least one.
    pub urls: Vec<Url>,
    /// Where documents go.
    pub data_stream: String,
    /// The ingest pipeline; `_none` is none.
    pub pipeline: String,
    /// Who asks.
    pub authentication: Authentication,
    /// How the hosts are reached.
    pub connection: ConnectionConfig,
    /// How documents are put together.
    pub body: BodyConfig,
    /// The most requests that are under way for a batch.
    pub concurrency: usize,
}

impl SectionKind<OutputContext> for ElasticsearchConfig {
    const NAMES: &'static [&'static str] = &["elasticsearch"];
    const SYNONYMS: &'static [Synonyms] = &[
        &[
            (&["hosts", "nodes", "endpoints"], Meant::Key("urls")),
            (
                &["index", "data_stream", "bulk", "indices"],
                Meant::Note(
                    "documents go to the data stream `logs-microsoft_exchange_online_message_trace.log-NAMESPACE`; \
                     `namespace` sets its end",
                ),
            ),
            (
                &["cloud_id"],
                Meant::Note("`url`: Elastic Cloud shows it as the endpoint of Elasticsearch, beside the cloud id"),
            ),
            (&["cloud_auth"], Meant::Note("`username` and `password`, or better `api_key_file`")),
            (&["apikey", "key"], Meant::Key("api_key")),
            (&["worker", "workers", "concurrent_requests", "request_concurrency"], Meant::Key("concurrency")),
            (&["template", "setup"], Meant::Note("`exotrace elasticsearch template --apply` puts the index template")),
        ],
        client_settings::SYNONYMS,
    ];

    const SETUPS: &'static [Setup] = &[SETUP];

    fn keys() -> Vec<&'static str> {
        [keys::<ElasticsearchTable>(), keys::<ClientTable>()].concat()
    }

    fn read(
        _: &'static str,
        section: &Section<'_, '_>,
        context: &OutputContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let table: ElasticsearchTable = section.read(reader)?;
        let client: ClientTable = section.read(reader)?;
        let pipeline = match &table.pipeline {
            Some(pipeline) => reader.text("pipeline", pipeline),
            None => Ok(NO_PIPELINE.to_owned()),
        };
        let urls = urls(&table, &client, section.start(), reader);
        let authentication = client.authentication(
            &[
                ("api_key", &table.api_key, Authentication::ApiKey),
                ("api_key_file", &table.api_key_file, Authentication::ApiKey),
            ],
            reader,
        );
        let connection = connection(&client, reader);
        let body = body(&client, reader);
        let concurrency = reader.number("concurrency", &table.concurrency, 1..=MOST_CONCURRENT, CONCURRENCY);
        Ok(Self {
            urls: urls?,
            data_stream: data_stream(&context.namespace),
            pipeline: pipeline?,
            authentication: authentication?,
            connection: connection?,
            body: body?,
            concurrency: concurrency? as usize,
        })
    }
}

fn urls(
    table: &ElasticsearchTable,
    client: &ClientTable,
    at: usize,
    reader: &ValueReader<'_>,
) -> Result<Vec<Url>, ConfigError> {
    let example = "for example `url = \"https://localhost:9200\"`";
    Ok(match (&table.url, &table.urls) {
        (Some(value), None) => vec![client.url("url", value, reader)?],
        (None, Some(values)) => {
            if values.get_ref().is_empty() {
                let problem = format!("`{}` is empty", reader.dotted("urls"));
                return Err(reader.error(values.span().start, problem, Some("at least one host is needed")));
            }
            let urls: Vec<_> = values.get_ref().iter().map(|value| client.url("urls", value, reader)).collect();
            urls.into_iter().collect::<Result<_, _>>()?
        }
        (Some(value), Some(_)) => {
            let problem = reader.exclude("urls", "url");
            return Err(reader.error(value.span().start, problem, Some("keep one of them")));
        }
        (None, None) => return Err(reader.missing("url", at, Some(example))),
    })
}
