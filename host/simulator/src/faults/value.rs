//! The value of a fault, as people write it.

use chrono::Duration;

/// What kind of value a fault takes, and which one it has if none is given.
pub(super) enum Kind {
    /// None at all.
    Flag,
    /// From 0 to 1; without a value always.
    Rate,
    /// A whole number.
    Count(Option<u64>),
    /// A time span: `30m`, `-10m`, or a number of milliseconds.
    Duration(Option<Duration>),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// The value of a fault that is switched on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FaultValue {
    Flag,
    Rate(f64),
    Count(u64),
    Duration(Duration),
    Word(&'static str),
}

impl Kind {
    /// Returns the value of that text, or `None` if it is not of this kind.
    pub(super) fn parse(&self, text: &str) -> Option<FaultValue> {
        match self {
            Self::Flag => None,
            Self::Rate => {
                let rate: f64 = text.parse().ok()?;
                (0.0..=1.0).contains(&rate).then_some(FaultValue::Rate(rate))
            }
            Self::Count(_) => text.parse().ok().map(FaultValue::Count),
            Self::Duration(_) => duration(text).map(FaultValue::Duration),
            Self::Word(words) => words.iter().find(|word| **word == text).map(|word| FaultValue::Word(word)),
        }
    }

    /// Returns the value that the name alone stands for.
    pub(super) fn without_text(&self) -> Option<FaultValue> {
        match self {
            Self::Flag => Some(FaultValue::Flag),
            Self::Rate => Some(FaultValue::Rate(1.0)),
            Self::Count(count) => count.map(FaultValue::Count),
            Self::Duration(duration) => duration.map(FaultValue::Duration),
            Self::Word(_) => None,
        }
    }

    /// Says what is expected.
    pub(super) fn expected(&self) -> &'static str {
        match self {
            Self::Flag => "no value",
            Self::Rate => "a number from 0 to 1",
            Self::Count(_) => "a whole number",
            Self::Duration(_) => "a time span such as `30m`, or milliseconds",
            Self::Word(_) => "`seconds`, `date` or `none`",
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    if let Some(rest) = text.strip_prefix('-') {
        return unsigned_duration(rest).map(|duration| -duration);
    }
    unsigned_duration(text.strip_prefix('+').unwrap_or(text))
}

fn unsigned_duration(text: &str) -> Option<Duration> {
    if let Ok(milliseconds) = text.parse::<u32>() {
        return Some(Duration::milliseconds(milliseconds.into()));
    }
    Duration::from_std(humantime::parse_duration(text).ok()?).ok()
}
