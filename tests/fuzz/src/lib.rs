//! What the targets share.

// The reading of files alone: the whole host would be built with instrumentation, and wasmtime with it.
#[allow(dead_code, reason = "only a part of it is fuzzed")]
#[path = "../../../host/src"]
mod host {
    pub mod lines;
    pub mod property;
    pub mod records;
}

pub use host::{lines, property, records};

/// What the reading of files takes from the settings.
pub mod config {
    /// What stands first in dates such as `3/4/2026`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DateOrder {
        /// The month: 4 March.
        MonthFirst,
        /// The day: 3 April.
        DayFirst,
    }
}

use std::cell::RefCell;

use exotrace_properties::{Comparison, Setup};

thread_local! {
    static COMPARISONS: RefCell<[Comparison; 2]> = RefCell::new([false, true].map(|is_newest| {
        let local_domains = Some(vec!["contoso.com".to_owned()]);
        Comparison::new(Setup { is_newest, local_domains, ..Setup::default() })
    }));
}

/// Compares one record in both versions.
pub fn check(record: &str) {
    COMPARISONS.with_borrow_mut(|comparisons| comparisons.iter_mut().for_each(|comparison| comparison.check(&[record])));
}
