//! What a test compares with: all rows, and what was asked.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{Row, Tenant, answer::Stats};

/// Answers with all rows as NDJSON, newest first.
pub(crate) async fn all_rows(State(tenant): State<Arc<Tenant>>) -> Response {
    match ndjson(tenant.rows()) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Answers with the number of requests so far.
pub(crate) async fn stats(State(tenant): State<Arc<Tenant>>) -> Json<Stats> {
    Json(tenant.stats())
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

    use crate::testing::Simulation;

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
    fn the_stats_count_requests_and_errors_but_not_themselves() {
        let simulation = Simulation::start();
        simulation.sign_in();
        simulation.get("/v1.0/admin/exchange/tracing/messageTraces", &[]);
        simulation.get("/beta/admin/exchange/tracing/messageTraces", &[]);
        simulation.get("/stats", &[]);
        assert_eq!(
            simulation.get("/stats", &[]).json(),
            json!({"token_requests": 1, "page_requests": 2, "errors": {"401": 2}})
        );
    }
}
