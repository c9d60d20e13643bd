//! How the simulated services misbehave; each way is switched on by its name.
//!
//! Says what is switched on and draws lots. What a fault does is said where it happens.

use std::{collections::BTreeMap, fmt};

use chrono::Duration;

mod catalogue;
pub(crate) mod chance;
pub(crate) mod cut;
pub(crate) mod throttle;
mod value;

pub(crate) use catalogue::Fault;
use catalogue::{ENTRIES, Entry, NAMES};
use value::FaultValue;

/// Which faults are switched on. The default is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    values: BTreeMap<Fault, FaultValue>,
}

/// Why a fault could not be switched on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has that name.
    #[error("there is no fault `{0}`, only {names}", names = NameList)]
    UnknownName(String),
    /// The fault does not take that value.
    #[error("fault `{name}` takes {expected}, not `{value}`")]
    BadValue {
        /// The fault.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        value: String,
    },
    /// The fault needs a value.
    #[error("fault `{name}` needs a value: {expected}")]
    MissingValue {
        /// The fault.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

impl Faults {
    /// Name and explanation of every fault.
    pub const NAMES: &[(&str, &str)] = &NAMES;

    /// The longest that a row or a status is late unless it is said otherwise: half an hour.
    const USUAL_LATENESS: Duration = Duration::minutes(30);

    /// How many page requests the real service takes of a tenant in five minutes.
    const USUAL_LIMIT: u64 = 100;

    /// Switches on one fault, given as `NAME` or `NAME=VALUE`.
    pub fn add(&mut self, text: &str) -> Result<(), FaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let Some(Entry { fault, name, kind, .. }) = ENTRIES.iter().find(|entry| entry.name == name) else {
            return Err(FaultError::UnknownName(name.to_owned()));
        };
        let expected = kind.expected();
        let value = match value {
            Some(text) => {
                kind.parse(text).ok_or_else(|| FaultError::BadValue { name, expected, value: text.to_owned() })?
            }
            None => kind.without_text().ok_or(FaultError::MissingValue { name, expected })?,
        };
        self.values.insert(*fault, value);
        Ok(())
    }

    /// Adds the limit that the real service has, unless there is one.
    pub(crate) fn with_usual_limit(mut self) -> Self {
        self.values.entry(Fault::Throttle).or_insert(FaultValue::Count(Self::USUAL_LIMIT));
        self
    }

    /// Whether a fault is switched on.
    pub(crate) fn is_on(&self, fault: Fault) -> bool {
        self.values.contains_key(&fault)
    }

    /// Returns how often a fault happens: 0 if it is off.
    pub(crate) fn rate(&self, fault: Fault) -> f64 {
        match self.values.get(&fault) {
            Some(FaultValue::Rate(rate)) => *rate,
            _ => 0.0,
        }
    }

    /// Returns the number given to a fault.
    pub(crate) fn count(&self, fault: Fault) -> Option<u64> {
        match self.values.get(&fault) {
            Some(FaultValue::Count(count)) => Some(*count),
            _ => None,
        }
    }

    /// Returns the time span given to a fault.
    pub(crate) fn duration(&self, fault: Fault) -> Option<Duration> {
        match self.values.get(&fault) {
            Some(FaultValue::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    /// Returns the word given to a fault.
    pub(crate) fn word(&self, fault: Fault) -> Option<&'static str> {
        match self.values.get(&fault) {
            Some(FaultValue::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Returns the longest that a row or a status is late.
    pub(crate) fn lateness(&self) -> Duration {
        self.duration(Fault::Lateness).unwrap_or(Self::USUAL_LATENESS)
    }
}

impl Fault {
    /// Returns the name by which the fault is switched on.
    pub(crate) fn name(self) -> &'static str {
        // The table has every fault, which a test checks.
        ENTRIES.iter().find(|entry| entry.fault == self).map_or("", |entry| entry.name)
    }
}

/// All names, for an error text.
struct NameList;

impl fmt::Display for NameList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, _)) in NAMES.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}`{name}`")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
