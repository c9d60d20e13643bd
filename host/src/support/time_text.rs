//! Times and lengths of time as people read them.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use humantime::format_duration;

/// A time, to the second.
pub(crate) fn time(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A length of time in its two largest units.
pub(crate) fn span(duration: chrono::Duration) -> String {
    let seconds = duration.num_seconds().max(0).cast_unsigned();
    let unit = match seconds {
        0..3600 => 1,
        3600..86400 => 60,
        _ => 3600,
    };
    format_duration(Duration::from_secs(seconds / unit * unit)).to_string()
}

/// A length of time as settings have it: `90days` is not two months and 29 days.
pub(crate) fn setting(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(86_400) => format!("{}days", seconds / 86_400),
        _ => format_duration(duration).to_string(),
    }
}

/// A time and how long ago it is.
pub(crate) fn ago(instant: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    instant.map_or("none".to_owned(), |instant| format!("{}: {} ago", time(instant), span(now - instant)))
}
