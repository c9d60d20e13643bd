//! What the targets share.

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
