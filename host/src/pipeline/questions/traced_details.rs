//! The steps of a delivery as people see them.

use chrono::{DateTime, Utc};
use exotrace_details::{DeliveryDetails, Event, Step};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::support::record_key::instant_of;

/// Maximum number of deliveries in an answer whose steps are read: each takes a request of its own.
pub(crate) const MOST_DETAILED: usize = 50;

/// The most steps of a delivery in an answer, which goes over the control socket.
const MOST_STEPS: usize = 50;

/// The longest text of a step, in characters.
const LONGEST: usize = 500;

/// The steps of a delivery as people see them. Hold personal data: not for logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TracedDetails {
    /// Why it did not arrive, if it did not, as programs know it.
    pub cause_id: Option<String>,
    /// Why, in a sentence.
    pub cause: String,
    /// The steps in one line.
    pub route: String,
    /// The steps, in the order of time.
    pub steps: Vec<TracedStep>,
}

/// A step of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TracedStep {
    /// When it happened.
    pub at: Option<DateTime<Utc>>,
    /// What happened.
    pub event: String,
    /// What was done.
    pub action: String,
    /// A sentence about it.
    pub description: String,
    /// The server that took it.
    pub server: Option<String>,
}

/// A step as the service writes it. What is not a text counts as none.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceStep {
    #[serde(deserialize_with = "text")]
    date_time: String,
    #[serde(deserialize_with = "text")]
    event: String,
    #[serde(deserialize_with = "text")]
    action: String,
    #[serde(deserialize_with = "text")]
    description: String,
    #[serde(deserialize_with = "text")]
    data: String,
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    })
}

impl TracedDetails {
    /// What the steps of a delivery of this status say, each a JSON object.
    pub(crate) fn of<'s>(status: &str, steps: impl Iterator<Item = &'s str>) -> Self {
        let details = DeliveryDetails::new(status, steps.map(event).collect());
        Self {
            cause_id: details.cause.map(|cause| cause.id.to_owned()),
            cause: details.sentence(),
            route: details.route(),
            steps: details.steps.iter().take(MOST_STEPS).map(TracedStep::of).collect(),
        }
    }

    /// That they could not be had, and why.
    pub(crate) fn missing(reason: String) -> Self {
        Self { cause: reason, ..Self::default() }
    }
}

impl TracedStep {
    fn of(step: &Step) -> Self {
        Self {
            at: step.at.and_then(DateTime::from_timestamp_millis),
            event: shortened(&step.name),
            action: shortened(&step.action),
            description: shortened(&step.description),
            server: step.server().map(str::to_owned),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn event(step: &str) -> Event {
    let ServiceStep { date_time, event, action, description, data } = serde_json::from_str(step).unwrap_or_default();
    let at = instant_of(&date_time).map(|at| at.timestamp_millis());
    Event { at, name: event, action, description, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stand_in_the_order_of_time_with_the_cause() {
        let steps = [
            r#"{"dateTime":"2026-03-04T05:06:08Z","event":"Fail","description":"550 5.1.10 no such user","data":7}"#,
            r#"{"dateTime":"2026-03-04T05:06:07Z","event":"Receive","action":null,"description":"Message received by: A.B"}"#,
            "7",
        ];
        let details = TracedDetails::of("failed", steps.into_iter());
        assert_eq!(details.cause_id.as_deref(), Some("not-found"));
        assert_eq!(details.cause, "the recipient does not exist (550 5.1.10 no such user)");
        let events: Vec<_> = details.steps.iter().map(|step| step.event.as_str()).collect();
        assert_eq!(events, ["Receive", "Fail", ""]);
        assert_eq!(details.steps[0].server.as_deref(), Some("A.B"));
        let long = format!(r#"{{"event":"Fail","description":"{}"}}"#, "é".repeat(5000));
        let many = TracedDetails::of("failed", vec![long.as_str(); 1000].into_iter());
        assert_eq!((many.steps.len(), many.steps[0].description.chars().count()), (MOST_STEPS, LONGEST + 1));
        assert_eq!(TracedDetails::of("failed", [].into_iter()).cause, "nothing is known of its steps");
    }
}
