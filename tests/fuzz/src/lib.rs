//! What the targets share.

// The reading of files alone: the whole host would be built with instrumentation, and wasmtime with it.
#[allow(dead_code, reason = "only a part of it is fuzzed")]
#[path = "../../../host/src"]
mod host {
    pub mod support {
        pub mod lines;
        pub mod property;
    }
    pub mod sources {
        pub mod file {
            pub mod formats;
        }
    }
}

pub use host::{sources::file::formats, support};

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

use exotrace_properties::{Comparison, Setup, VERSIONS};

thread_local! {
    static COMPARISONS: RefCell<Vec<Comparison>> = RefCell::new(VERSIONS.iter().map(|version| {
        let local_domains = Some(vec!["contoso.com".to_owned()]);
        Comparison::new(Setup { local_domains, ..Setup::of(*version) })
    }).collect());
}

/// Compares one record in every version.
pub fn check(record: &str) {
    COMPARISONS
        .with_borrow_mut(|comparisons| comparisons.iter_mut().for_each(|comparison| comparison.check(&[record])));
}
