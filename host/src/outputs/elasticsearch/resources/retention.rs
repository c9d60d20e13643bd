//! How long documents are kept.

use std::{fmt, str::FromStr, time::Duration};

const HOUR: u64 = 60 * 60;

/// After how many days an index is old enough for a new one, at most.
const ROLLOVER_DAYS: u64 = 30;

/// An index is deleted as a whole: its first documents wait for its last. So one has a twentieth of the time.
const INDICES: u64 = 20;

/// How long documents are kept, from when their index is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    hours: u64,
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
        let hours = time.as_secs() / HOUR;
        if hours == 0 || time != Duration::from_secs(hours * HOUR) {
            return Err("whole hours or days, for example `21d`".to_owned());
        }
        Ok(Self { hours })
    }
}

impl Retention {
    /// How long an index takes documents that are not to be deleted.
    pub(super) const LONGEST_ROLLOVER: Self = Self { hours: ROLLOVER_DAYS * 24 };

    /// How long an index takes documents before another one is begun.
    pub(super) fn rollover(self) -> Self {
        let hours = (self.hours / INDICES).clamp(1, ROLLOVER_DAYS * 24);
        Self { hours: if hours > 24 { hours - hours % 24 } else { hours } }
    }
}

/// As both kinds of cluster read it.
impl fmt::Display for Retention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hours {
            hours if hours % 24 == 0 => write!(formatter, "{}d", hours / 24),
            hours => write!(formatter, "{hours}h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_has_hours_and_days() {
        for (text, written, rollover) in [
            ("21d", "21d", "1d"),
            ("20days", "20d", "1d"),
            ("1h", "1h", "1h"),
            ("36h", "36h", "1h"),
            ("3years", "26298h", "30d"),
        ] {
            let retention: Retention = text.parse().unwrap();
            assert_eq!((retention.to_string(), retention.rollover().to_string()), (written.into(), rollover.into()));
        }
        for text in ["0d", "90s", "90min", "21", "", "-1d", "d"] {
            assert!(text.parse::<Retention>().is_err(), "{text}");
        }
    }
}
