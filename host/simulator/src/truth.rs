//! What a test compares with: the rows, and what was asked. Moves the clock on, too.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use serde::Deserialize;

use crate::{Row, Tenant, stats::Stats};

/// Which rows a test wants.
#[derive(Deserialize)]
pub(crate) struct TruthQuery {
    /// Whether former states are wanted as well.
    #[serde(default)]
    history: bool,
}

/// How far a test moves the clock.
#[derive(Deserialize)]
pub(crate) struct AdvanceQuery {
    seconds: u32,
}

/// Answers with rows as NDJSON, newest first.
pub(crate) async fn rows(State(tenant): State<Arc<Tenant>>, Query(query): Query<TruthQuery>) -> Response {
    let rows = if query.history { tenant.history() } else { tenant.visible_rows() };
    match ndjson(&rows) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Answers with the number of requests so far.
pub(crate) async fn stats(State(tenant): State<Arc<Tenant>>) -> Json<Stats> {
    Json(tenant.stats())
}

/// Moves the tenant's clock on.
pub(crate) async fn advance(State(tenant): State<Arc<Tenant>>, Query(query): Query<AdvanceQuery>) -> StatusCode {
    tenant.advance(Duration::from_secs(query.seconds.into()));
    StatusCode::NO_CONTENT
}

fn ndjson(rows: &[Row]) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, row)?;
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        TenantConfig,
        testing::{Simulation, config},
    };

    #[test]
    fn the_truth_is_every_row_newest_first() {
        let simulation = Simulation::start();
        let answer = simulation.get("/truth", &[]);
        let times: Vec<String> = answer
            .body
            .lines()
            .map(|line| {
                let row: Value = serde_json::from_str(line).unwrap();
                row["receivedDateTime"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(times.len(), 200);
        assert!(times.is_sorted_by(|newer, older| newer >= older));
    }

    #[test]
    fn the_clock_moves_on_when_asked_and_the_history_keeps_what_was() {
        let mut config = TenantConfig { rows: 50, ..config() };
        config.faults.add("status-changes").unwrap();
        let simulation = Simulation::start_with(config);
        let before = simulation.get("/truth", &[]).body;
        assert!(before.contains("gettingStatus"), "{before}");
        assert_eq!(simulation.post_form("/advance?seconds=3600", "").status, 204);
        let history = simulation.get("/truth?history=true", &[]).body;
        let after = simulation.get("/truth", &[]).body;
        assert_ne!(before, after);
        for line in before.lines().chain(after.lines()) {
            assert!(history.lines().any(|state| state == line), "{line}");
        }
    }

    #[test]
    fn every_answer_has_the_date_of_the_tenant() {
        let simulation = Simulation::start();
        simulation.tenant.advance(std::time::Duration::from_secs(24 * 3600));
        for target in ["/stats", "/v1.0/admin/exchange/tracing/messageTraces", "/nowhere"] {
            let answer = simulation.get(target, &[]);
            let date = answer.header("date").unwrap();
            assert!(date.starts_with("Tue, 24 Nov 2026 12:0"), "{date}");
            assert!(date.ends_with(" GMT"), "{date}");
        }
    }

    #[test]
    fn the_stats_count_requests_and_errors_but_not_themselves() {
        let simulation = Simulation::start();
        simulation.sign_in();
        simulation.get("/v1.0/admin/exchange/tracing/messageTraces", &[]);
        simulation.get("/beta/admin/exchange/tracing/messageTraces", &[]);
        simulation.get("/stats", &[]);
        assert_eq!(
            simulation.get("/stats", &[]).json(),
            json!({
                "token_requests": 1,
                "page_requests": 2,
                "errors": {"401": 2},
                "faults": {},
                "foreign_requests": 0,
                "foreign_tokens": 0,
                "max_page_requests_in_300_s": 2,
                "max_range_days": 0.0,
            })
        );
    }
}
