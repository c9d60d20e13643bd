//! What a saved search is.

use super::{condition::DocumentCondition, panel::NEEDS_3_0};

/// A search that people open, change and keep.
#[derive(Debug)]
pub(in crate::cli::assets) struct SavedSearch {
    /// What it is called in ids: it stays when the title changes.
    pub(in crate::cli::assets) slug: &'static str,
    pub(in crate::cli::assets) title: &'static str,
    /// What it finds, and what to do about it.
    pub(in crate::cli::assets) about: &'static str,
    pub(in crate::cli::assets) condition: DocumentCondition,
    /// The fields that it shows.
    pub(in crate::cli::assets) columns: &'static [&'static str],
    /// Whether only documents of mapping 3.0 have its fields.
    pub(in crate::cli::assets) needs_3_0: bool,
}

impl SavedSearch {
    /// What it finds, and what it needs.
    pub(in crate::cli::assets) fn description(&self) -> String {
        format!("{}{}", self.about, if self.needs_3_0 { NEEDS_3_0 } else { "" })
    }
}

#[cfg(test)]
impl SavedSearch {
    /// The fields that it names.
    pub(in crate::cli::assets) fn fields(&self) -> Vec<&'static str> {
        [&self.condition.fields()[..], self.columns].concat()
    }
}
