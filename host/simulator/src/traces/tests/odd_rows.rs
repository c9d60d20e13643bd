//! Rows that are not what most rows are.

use super::*;

const PREFER: (&str, &str) = ("Prefer", "include-unknown-enum-members");

fn statuses(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_odd_status_is_in_odd_case_or_new_or_unknown() {
    let client = Client::start_faulty(&["odd-status=0.5"]);
    let statuses = statuses(&client.truth());
    for expected in ["Delivered", "DELIVERED", "recalled", "teleported", "delivered"] {
        assert!(statuses.iter().any(|status| status == expected), "{expected}");
    }
}

#[test]
fn a_recalled_message_shows_as_such_only_to_a_client_that_wants_new_statuses() {
    let client = Client::start_faulty(&["odd-status"]);
    let truth = statuses(&client.truth());
    let answer = client.simulation.get(PATH, &[("Authorization", &client.authorization), PREFER]);
    assert_eq!(statuses(answer.json()["value"].as_array().unwrap()), truth);
    let hidden: Vec<String> = truth
        .into_iter()
        .map(|status| if status == "recalled" { "unknownFutureValue".to_owned() } else { status })
        .collect();
    assert_eq!(statuses(&client.walk("").0), hidden);
}

#[test]
fn rows_may_have_keys_that_nobody_knows() {
    let client = Client::start_faulty(&["unknown-keys=0.5"]);
    let (rows, _) = client.walk("");
    let odd = rows.iter().filter(|row| row["@odata.type"] == "#microsoft.graph.exchangeMessageTrace");
    assert!((60..140).contains(&odd.count()));
    for (row, truth) in rows.iter().zip(client.truth()) {
        assert_eq!(row["id"], truth["id"]);
        assert_eq!(row["toIP"], truth["toIP"]);
    }
}

#[test]
fn a_page_may_have_an_element_that_is_no_row_beside_its_rows() {
    let client = Client::start_faulty(&["broken-row"]);
    let (elements, pages) = client.walk("?$top=20");
    let (rows, broken): (Vec<Value>, Vec<Value>) = elements.into_iter().partition(Value::is_object);
    assert_eq!(rows, client.truth());
    assert_eq!(broken.len(), pages);
}

#[test]
fn a_message_may_have_thousands_of_recipients_at_one_millisecond() {
    let client = Client::start_faulty(&["tie=2500"]);
    let (rows, pages) = client.walk("?$top=1000");
    assert_eq!((rows.len(), pages), (2700, 3));
    assert_eq!(rows, client.truth());
    let largest = rows.chunk_by(|left, right| left["id"] == right["id"]).max_by_key(|rows| rows.len()).unwrap();
    assert_eq!(largest.len(), 2500);
    assert!(largest.iter().all(|row| row["receivedDateTime"] == largest[0]["receivedDateTime"]));
}

#[test]
fn late_and_changing_rows_show_as_they_are_at_the_time() {
    let client = Client::start_faulty(&["late-rows=0.5", "status-changes=0.5", "lateness=1h"]);
    let (early, _) = client.walk("?$top=30");
    assert!(early.len() < 200);
    client.simulation.tenant.advance(std::time::Duration::from_secs(1800));
    let (later, _) = client.walk("?$top=30");
    let history = client.simulation.get("/truth?history=true", &[]).body;
    let history: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for row in early.iter().chain(&later) {
        assert!(history.contains(row), "{row}");
    }
    client.simulation.tenant.advance(std::time::Duration::from_secs(1700));
    assert!(client.walk("?$top=30").0.len() > early.len());
}
