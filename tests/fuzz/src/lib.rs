//! What the targets share.

// The reading of files alone: the whole host would be built with instrumentation, and wasmtime with it.
#[allow(dead_code, unused_imports, reason = "only a part of it is fuzzed")]
#[path = "../../../host/src/support"]
mod support {
    pub mod lines;
    pub mod property;
}

#[allow(dead_code, unused_imports, reason = "only a part of it is fuzzed")]
#[path = "../../../host/src/sources"]
mod sources {
    pub mod file {
        /// What stands first in dates such as `3/4/2026`: the settings of the source have it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum DateOrder {
            /// The month: 4 March.
            MonthFirst,
            /// The day: 3 April.
            DayFirst,
        }

        pub mod formats;
    }
}

mod reading;

pub use reading::read_records;

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
