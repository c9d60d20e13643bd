//! A line an hour for each source that works, so that the log shows that mail flows.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use tracing::info;

use crate::observe::{
    health::{Health, Part, State},
    metrics::metrics,
};

/// How often there is a line.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Writes a line an hour for each of these sources, until it is dropped.
pub(super) async fn tell(sources: Vec<String>, health: Arc<Health>) {
    let mut hours = Hours::new(sources);
    loop {
        sleep(EVERY).await;
        hours.tell(&health, Utc::now());
    }
}

/// What was counted of every source when it was told last.
struct Hours {
    sources: Vec<String>,
    told: HashMap<String, Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    rows: u64,
    late: u64,
}

impl Hours {
    fn new(sources: Vec<String>) -> Self {
        let told = sources.iter().map(|source| (source.clone(), Counts::now(source))).collect();
        Self { sources, told }
    }

    fn tell(&mut self, health: &Health, now: DateTime<Utc>) {
        let conditions = health.conditions();
        for source in &self.sources {
            let counts = Counts::now(source);
            let before = self.told.insert(source.clone(), counts).unwrap_or_default();
            let is_it = |part: Part, name: &str| part == Part::Source && name == source;
            let state = conditions.iter().find(|it| is_it(it.part, &it.name)).map(|it| it.state);
            if state != Some(State::Working) {
                // Trouble has lines of its own.
                continue;
            }
            let newest = metrics().newest_record(source);
            info!(
                source,
                rows = counts.rows.saturating_sub(before.rows),
                late = counts.late.saturating_sub(before.late),
                lag_s = newest.map(|newest| (now.timestamp() - newest).max(0)),
                "collecting well in the last hour"
            );
        }
    }
}

impl Counts {
    fn now(source: &str) -> Self {
        let counts = metrics().source(source);
        Self { rows: counts.records_read.get(), late: counts.records_late.get() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The lines that are logged at this time.
    fn logged(hours: &mut Hours, health: &Health, now: DateTime<Utc>) -> Vec<Value> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
        tracing::subscriber::with_default(subscriber, || hours.tell(health, now));
        let text = std::fs::read_to_string(file.path()).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone()).collect()
    }

    #[test]
    fn an_hour_has_a_line_as_long_as_all_goes_well() {
        let (source, now) = ("hourly", "2026-03-04T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let health = Health::default();
        health.begin([source].into_iter(), std::iter::empty());
        let counts = metrics().source(source);
        counts.records_read.inc_by(5);
        let mut hours = Hours::new(vec![source.to_owned()]);
        assert_eq!(logged(&mut hours, &health, now), Vec::<Value>::new(), "it has not begun");
        health.working(Part::Source, source);
        counts.records_read.inc_by(1200);
        counts.records_late.inc_by(2);
        counts.delivered_until(Some(now - Duration::from_secs(90)));
        let message = "collecting well in the last hour";
        let line = json!({ "message": message, "source": source, "rows": 1200, "late": 2, "lag_s": 90 });
        assert_eq!(logged(&mut hours, &health, now), [line]);
        let line = json!({ "message": message, "source": source, "rows": 0, "late": 0, "lag_s": 3690 });
        assert_eq!(logged(&mut hours, &health, now + Duration::from_secs(3600)), [line]);
        health.retrying(Part::Source, source, "no answer".to_owned());
        assert_eq!(logged(&mut hours, &health, now), Vec::<Value>::new());
    }
}
