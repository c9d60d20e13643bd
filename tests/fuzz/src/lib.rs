//! What the targets share.

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
