//! Dates that no message was received at.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

/// A date that no message was received at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadDate {
    /// It is to come.
    Ahead {
        /// The date.
        received: DateTime<Utc>,
        /// What the clock says.
        now: DateTime<Utc>,
    },
    /// Its year is one of another calendar.
    OtherCalendar {
        /// The year.
        year: u32,
    },
}

impl fmt::Display for BadDate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |instant: &DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::Ahead { received, now } => {
                let (received, now) = (text(received), text(now));
                write!(
                    formatter,
                    "date of receipt {received} is more than a day ahead; the clock of this machine says {now}"
                )
            }
            Self::OtherCalendar { year } => write!(formatter, "year {year} is not one of the Gregorian calendar"),
        }
    }
}

impl BadDate {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Ahead { .. } => "set the clock if it is wrong; else export with dates in ISO 8601",
            Self::OtherCalendar { .. } => "export with dates in ISO 8601, which have Gregorian years",
        }
    }
}
