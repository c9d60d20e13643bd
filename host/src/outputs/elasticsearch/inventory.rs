//! Which documents a data stream has. `_mget` does not read data streams; a search does, in Elasticsearch and OpenSearch.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ElasticsearchOutput,
    explain::{WRONG_SECRET, explain_answer},
};
use crate::{
    config::data_stream,
    ledger::Window,
    outputs::requests::{Reply, RequestError},
    pipeline::{Inventory, OutputError, StoredPage},
    support::http_response::Malformed,
};

/// Number of ids in one question.
const IDS: usize = 1000;

/// Maximum number of documents in an answer: `index.max_result_window`, unless it was changed.
const MOST_HITS: usize = 10_000;

/// Number of documents on a page.
const PAGE: usize = 5000;

/// For how long a host keeps the place between two pages.
const SCROLL: &str = "2m";

const JSON: &str = "application/json";

/// What is needed of an answer.
const FILTER: &str = "filter_path=_scroll_id,timed_out,_shards.failed,hits.hits._id,hits.hits.sort,error,status";

#[derive(Deserialize)]
struct SearchAnswer {
    #[serde(rename = "_scroll_id")]
    scroll_id: Option<String>,
    #[serde(default)]
    timed_out: bool,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    #[serde(default)]
    hits: Hits,
}

#[derive(Default, Deserialize)]
struct Shards {
    #[serde(default)]
    failed: u64,
}

#[derive(Default, Deserialize)]
struct Hits {
    #[serde(default)]
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    sort: Vec<i64>,
}

#[async_trait]
impl Inventory for ElasticsearchOutput {
    async fn find(&mut self, namespace: Option<&str>, ids: &[&str]) -> Result<HashSet<String>, OutputError> {
        let stream = self.stream(namespace);
        let mut found = HashSet::new();
        for ids in ids.chunks(IDS) {
            found.extend(self.search_ids(&stream, ids).await?);
            let rest: Vec<_> = ids.iter().copied().filter(|id| !found.contains(*id)).collect();
            if !rest.is_empty() {
                // What was written a moment ago is not found before; without the privilege it is after some seconds.
                let refresh = format!("{stream}/_refresh");
                self.sender.client().post(&refresh, Vec::new(), JSON).await?;
                found.extend(self.search_ids(&stream, &rest).await?);
            }
        }
        Ok(found)
    }

    async fn list(
        &mut self,
        namespace: Option<&str>,
        window: Window,
        cursor: Option<&str>,
    ) -> Result<StoredPage, OutputError> {
        let (path, body) = match cursor {
            Some(cursor) => (format!("_search/scroll?{FILTER}"), json!({ "scroll": SCROLL, "scroll_id": cursor })),
            None => {
                let stream = self.stream(namespace);
                let [from, to] =
                    [window.start, window.end].map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
                let range = json!({ "@timestamp": { "gte": from, "lte": to, "format": "strict_date_optional_time" } });
                let body = json!({
                    "size": PAGE, "_source": false, "track_total_hits": false,
                    "sort": [{ "@timestamp": "asc" }], "query": { "range": range },
                });
                (search_path(&stream, &format!("&scroll={SCROLL}")), body)
            }
        };
        let Some(answer) = self.search(&path, &body).await? else { return Ok(StoredPage::default()) };
        let documents: Vec<_> = answer.hits.hits.into_iter().map(|hit| (hit.id, time(&hit.sort))).collect();
        let cursor = answer.scroll_id;
        if !documents.is_empty() {
            return Ok(StoredPage { documents, cursor });
        }
        if let Some(cursor) = cursor {
            // It would go by itself, a little later.
            let body = json!({ "scroll_id": cursor }).to_string().into_bytes();
            drop(self.sender.client().ask(Method::DELETE, "_search/scroll", body).await);
        }
        Ok(StoredPage::default())
    }
}

impl ElasticsearchOutput {
    fn stream(&self, namespace: Option<&str>) -> String {
        namespace.map_or_else(|| self.data_stream.clone(), data_stream)
    }

    async fn search_ids(&mut self, stream: &str, ids: &[&str]) -> Result<Vec<String>, RequestError> {
        let query = json!({ "ids": { "values": ids } });
        // An id may be in several indices of the stream, from before and after a rollover.
        let body = json!({ "size": MOST_HITS, "_source": false, "track_total_hits": false, "query": query });
        let answer = self.search(&search_path(stream, ""), &body).await?;
        let hits = answer.map(|answer| answer.hits.hits).unwrap_or_default();
        Ok(hits.into_iter().map(|hit| hit.id).collect())
    }

    /// What is found in whole; `None` when there is no such data stream yet.
    async fn search(&mut self, path: &str, body: &Value) -> Result<Option<SearchAnswer>, RequestError> {
        let reply = self.sender.client().post(path, body.to_string().into_bytes(), JSON).await?;
        match reply.status {
            StatusCode::NOT_FOUND if is_missing_index(&reply) => return Ok(None),
            status if !status.is_success() => return Err(reply.refused(explain_answer(&reply.body) + hint(status))),
            _ => {}
        }
        let answer: SearchAnswer = serde_json::from_slice(&reply.body)
            .map_err(|error| RequestError::Malformed { host: reply.host.clone(), source: Malformed::from(error) })?;
        if answer.timed_out || answer.shards.failed > 0 {
            return Err(RequestError::Status {
                host: reply.host,
                status: StatusCode::SERVICE_UNAVAILABLE,
                explanation: ": some of its shards did not answer".to_owned(),
                retry_after: None,
            });
        }
        Ok(Some(answer))
    }
}

/// What to do about a refusal.
fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => WRONG_SECRET,
        StatusCode::FORBIDDEN => {
            "\nhint: an audit needs the privilege `read` on the data stream, which delivering does not"
        }
        _ => "",
    }
}

fn search_path(stream: &str, more: &str) -> String {
    format!("{stream}/_search?allow_partial_search_results=false&{FILTER}{more}")
}

fn is_missing_index(reply: &Reply) -> bool {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    answer["error"]["type"] == "index_not_found_exception"
}

/// The time by which a document was sorted.
fn time(sort: &[i64]) -> DateTime<Utc> {
    sort.first().and_then(|milliseconds| DateTime::from_timestamp_millis(*milliseconds)).unwrap_or_default()
}
