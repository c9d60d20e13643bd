//! The status page, for people: `/` and `/status.json`.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, State as Extract},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use serde::Deserialize;
use tokio::{task::spawn_blocking, time::timeout};
use url::form_urlencoded;

use super::{
    token::Access,
    watched_run::{Seen, WatchedRun},
};
use crate::app::settings::SourceConfig;

mod gather;
mod html;
pub(super) mod memory;
mod page;
mod question;
mod report;
mod span;
mod tables;
mod trouble;

use page::{POLICY, PageContent};
use question::{Detail, StatusQuestion};
use report::PageReport;

/// How long an answer to somebody else is waited for. 90 days of 300 sources that deliver all the time take seconds.
const WAIT: Duration = Duration::from_secs(8);

/// The longest form, in bytes: it has a token and a word.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// What answers for the page.
pub(super) fn routes() -> Router<Arc<ArcSwap<WatchedRun>>> {
    Router::new()
        .route("/", get(page).post(page_for_token))
        .route("/status.json", get(json))
        // Browsers ask for it, and there is none.
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

/// What somebody without JavaScript sends.
#[derive(Deserialize)]
struct TokenForm {
    token: String,
    #[serde(default)]
    span: String,
}

impl TokenForm {
    /// The same choice as an address has it.
    fn query(&self) -> Option<String> {
        (!self.span.is_empty())
            .then(|| form_urlencoded::Serializer::new(String::new()).append_pair("span", &self.span).finish())
    }
}

async fn page(Extract(watched): Seen, uri: Uri, headers: HeaderMap) -> Response {
    let watched = watched.load_full();
    let access = Access::by_header(watched.config.listen_token_file.as_ref(), &headers).await;
    match access {
        Access::Missing => shown(StatusCode::OK, &PageContent::TokenForm(None)),
        access => show(watched, access, uri.query()).await,
    }
}

async fn page_for_token(Extract(watched): Seen, Form(form): Form<TokenForm>) -> Response {
    let watched = watched.load_full();
    let file = watched.config.listen_token_file.as_ref();
    let access = Access::by_token(file, Some(form.token.trim())).await;
    match access {
        Access::Wrong => shown(StatusCode::FORBIDDEN, &PageContent::TokenForm(Some("The token is wrong."))),
        Access::Unknown => {
            let problem = "The file of the token cannot be read.";
            shown(StatusCode::SERVICE_UNAVAILABLE, &PageContent::TokenForm(Some(problem)))
        }
        access => show(watched, access, form.query().as_deref()).await,
    }
}

/// The page for who may see it.
async fn show(watched: Arc<WatchedRun>, access: Access, query: Option<&str>) -> Response {
    let config = watched.config.clone();
    let sources: Vec<_> = config.sources.iter().map(SourceConfig::name).collect();
    match report(watched, access, query, &sources).await {
        Ok((question, report)) => shown(StatusCode::OK, &PageContent::Report(&report, &question, &sources)),
        Err(refused) => refused,
    }
}

fn shown(status: StatusCode, content: &PageContent<'_>) -> Response {
    let mut response = (status, Html(page::page(content))).into_response();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What the page reads.
async fn json(Extract(watched): Seen, uri: Uri, headers: HeaderMap) -> Response {
    let watched = watched.load_full();
    let access = Access::by_header(watched.config.listen_token_file.as_ref(), &headers).await;
    let config = watched.config.clone();
    let sources: Vec<_> = config.sources.iter().map(SourceConfig::name).collect();
    match report(watched, access, uri.query(), &sources).await {
        Ok((_, report)) => match serde_json::to_string(&*report) {
            Ok(text) => ([(CONTENT_TYPE, "application/json")], text + "\n").into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Err(refused) => refused,
    }
}

/// What is known, for who may see it; else what he is told.
async fn report(
    watched: Arc<WatchedRun>,
    access: Access,
    query: Option<&str>,
    sources: &[&str],
) -> Result<(StatusQuestion, Arc<PageReport>), Response> {
    if let Some(refusal) = access.refusal() {
        return Err(refusal);
    }
    let detail = if access == Access::Granted { Detail::Reasons } else { Detail::States };
    let question = StatusQuestion::read(query, sources, detail)
        .map_err(|problem| (StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response())?;
    let asked = question.clone();
    // One after the other: a disk that hangs keeps one thread, and not one for each request.
    let Ok(mut memory) = timeout(WAIT, Arc::clone(&watched.page).lock_owned()).await else {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "the disk does not answer\n").into_response());
    };
    match spawn_blocking(move || gather::report(&watched, &mut memory, &asked)).await {
        Ok(report) => Ok((question, report)),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

#[cfg(test)]
mod tests;
