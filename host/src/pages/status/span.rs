//! The time that charts show.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

/// The time that charts show, up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Span {
    #[default]
    Day,
    Week,
    Quarter,
}

impl Span {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Quarter];

    /// The one with this name in a request.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.name() == name)
    }

    /// Its name in a request.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Quarter => "90days",
        }
    }

    /// Its name for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Day => "last day",
            Self::Week => "last week",
            Self::Quarter => "last 90 days",
        }
    }

    /// How much of it a bar of a chart stands for: so that there are some hundred of them.
    pub(super) fn step(self) -> TimeDelta {
        match self {
            Self::Day => TimeDelta::minutes(5),
            Self::Week => TimeDelta::hours(1),
            Self::Quarter => TimeDelta::hours(12),
        }
    }

    /// When it begins: with a whole step.
    pub(super) fn start(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let length = match self {
            Self::Day => TimeDelta::days(1),
            Self::Week => TimeDelta::weeks(1),
            Self::Quarter => TimeDelta::days(90),
        };
        let (start, step) = ((now - length).timestamp(), self.step().num_seconds());
        DateTime::from_timestamp(start - start.rem_euclid(step), 0).unwrap_or(now)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_a_whole_step() {
        let now = "2026-03-04T12:34:56Z".parse().unwrap();
        let starts = Span::ALL.map(|span| span.start(now).to_rfc3339());
        assert_eq!(starts, ["2026-03-03T12:30:00+00:00", "2026-02-25T12:00:00+00:00", "2025-12-04T12:00:00+00:00"]);
        assert_eq!(Span::ALL.map(|span| Span::named(span.name())), Span::ALL.map(Some));
        assert_eq!(Span::named("year"), None);
    }
}
