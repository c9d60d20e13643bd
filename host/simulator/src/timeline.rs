//! What a row looks like as time passes: when it shows up, and when its status is known.
//!
//! Everything is worked out from the row and the seed, so nothing has to be remembered.

use std::borrow::Cow;

use chrono::{DateTime, Duration, Utc};

use crate::{
    Row, Status, TenantConfig,
    faults::{Fault, chance},
};

/// How rows change in one tenant.
pub(crate) struct Timeline {
    seed: u64,
    late_share: f64,
    changing_share: f64,
    lateness: Duration,
}

/// A time from which on a row looks in a certain way.
struct Change {
    at: DateTime<Utc>,
    /// `None` stands for the row's final one.
    status: Option<Status>,
}

impl Timeline {
    pub(crate) fn new(config: &TenantConfig) -> Self {
        let faults = &config.faults;
        Self {
            seed: config.seed,
            late_share: faults.rate(Fault::LateRows),
            changing_share: faults.rate(Fault::StatusChanges),
            lateness: faults.lateness(),
        }
    }

    /// Returns a row as it is at a time, or `None` while it does not show.
    pub(crate) fn state<'a>(&self, row: &'a Row, time: DateTime<Utc>) -> Option<Cow<'a, Row>> {
        if self.visible_from(row) > time {
            return None;
        }
        if self.changing_share == 0.0 {
            return Some(Cow::Borrowed(row));
        }
        let change = self.changes(row).into_iter().rev().find(|change| change.at <= time)?;
        Some(change.apply(row))
    }

    /// Returns every state in which a row shows at any time from `start` to `end`, oldest first.
    pub(crate) fn states(&self, row: &Row, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<Row> {
        let visible_from = self.visible_from(row).max(start);
        if visible_from > end {
            return Vec::new();
        }
        let changes = self.changes(row);
        let mut states: Vec<Row> = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let is_over = changes.get(index + 1).is_some_and(|next| next.at <= visible_from);
            if is_over || change.at > end {
                continue;
            }
            let state = change.apply(row).into_owned();
            // A row that stays pending for good has no change left.
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        states
    }

    /// Returns when a row begins to show.
    fn visible_from(&self, row: &Row) -> DateTime<Utc> {
        if !self.is_chosen(row, "late-rows", self.late_share) {
            return row.received;
        }
        row.received + self.part_of_lateness(row, "visible")
    }

    /// Returns the changes of a row, oldest first; there is always one.
    fn changes(&self, row: &Row) -> Vec<Change> {
        let mut changes = vec![Change { at: row.received, status: None }];
        if self.is_chosen(row, "status-changes", self.changing_share) && row.status != Status::GettingStatus {
            let mut times = [self.part_of_lateness(row, "first"), self.part_of_lateness(row, "second")];
            times.sort_unstable();
            let [pending, last] = times.map(|delay| row.received + delay);
            changes.insert(0, Change { at: row.received, status: Some(Status::GettingStatus) });
            changes.insert(1, Change { at: pending, status: Some(Status::Pending) });
            if let Some(change) = changes.last_mut() {
                change.at = last;
            }
        }
        changes
    }

    fn is_chosen(&self, row: &Row, purpose: &str, share: f64) -> bool {
        share > 0.0 && self.share(row, purpose) < share
    }

    fn part_of_lateness(&self, row: &Row, purpose: &str) -> Duration {
        let milliseconds = self.lateness.num_milliseconds() as f64 * self.share(row, purpose);
        Duration::milliseconds(milliseconds as i64)
    }

    fn share(&self, row: &Row, purpose: &str) -> f64 {
        chance::share(self.seed, &[purpose.as_bytes(), row.id.as_bytes(), row.recipient.as_bytes()])
    }
}

impl Change {
    fn apply<'a>(&self, row: &'a Row) -> Cow<'a, Row> {
        let Some(status) = self.status else {
            return Cow::Borrowed(row);
        };
        // Where a message went is not known before it got there.
        let to_ip = row.to_ip.as_ref().map(|_| String::new());
        Cow::Owned(Row { status, to_ip, ..row.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tenant, testing::config};

    fn tenant(faults: &[&str]) -> Tenant {
        let mut config = TenantConfig { rows: 400, ..config() };
        for fault in faults {
            config.faults.add(fault).unwrap();
        }
        Tenant::new(config)
    }

    fn hours(hours: u64) -> std::time::Duration {
        std::time::Duration::from_secs(hours * 3600)
    }

    #[test]
    fn without_faults_every_row_shows_at_once_as_it_stays() {
        let tenant = tenant(&[]);
        assert_eq!(tenant.visible_rows(), tenant.rows());
        assert_eq!(tenant.history(), tenant.rows());
    }

    #[test]
    fn late_rows_show_within_the_lateness() {
        let tenant = tenant(&["late-rows=0.5", "lateness=2h"]);
        let visible = tenant.visible_rows();
        // Mail is up to one hour old, half of it is up to two hours late: three eighths are to come.
        assert!((180..320).contains(&visible.len()), "{}", visible.len());
        tenant.advance(hours(2));
        assert_eq!(tenant.visible_rows(), tenant.rows());
        assert_eq!(tenant.history(), tenant.rows());
    }

    #[test]
    fn a_changing_row_gets_its_status_and_its_destination_at_last() {
        let tenant = tenant(&["status-changes", "lateness=3h"]);
        let visible = tenant.visible_rows();
        assert_eq!(visible.len(), 400);
        for status in [Status::GettingStatus, Status::Pending, Status::Delivered] {
            assert!(visible.iter().any(|row| row.status == status), "{status:?}");
        }
        for row in visible.iter().filter(|row| row.status == Status::GettingStatus) {
            assert!(row.to_ip.as_deref().unwrap_or_default().is_empty());
        }
        tenant.advance(hours(3));
        assert_eq!(tenant.visible_rows(), tenant.rows());
    }

    #[test]
    fn the_history_has_every_state_since_the_tenant_was_made() {
        let tenant = tenant(&["status-changes", "lateness=3h"]);
        let before = tenant.visible_rows();
        assert_eq!(tenant.history(), before);
        tenant.advance(hours(3));
        let history = tenant.history();
        for row in before.iter().chain(&tenant.rows()) {
            assert!(history.contains(row));
        }
        assert!(history.is_sorted_by(|left, right| left.cmp_place(right).is_le()));
    }
}
