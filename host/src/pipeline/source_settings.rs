//! What the program has to know of a source that is set up, whatever its kind.

use std::{any::Any, fmt, path::PathBuf};

use crate::support::property::RecordKind;

/// The settings of a source of one kind, checked.
pub trait SourceSettings: Any + fmt::Debug + Send + Sync {
    /// Its type, as the settings have it.
    fn kind(&self) -> &'static str;

    /// What the ledger knows it by: as long as it stays the same, so does what is done.
    fn ledger_name(&self) -> String;

    /// Whose names its records have, which says how they are mapped unless the settings name a mapping.
    fn record_kind(&self) -> RecordKind;

    /// What `input.type` of its documents is, as those of Elastic's integration have it.
    fn input(&self) -> &'static str;
}

/// What a source has to know of the rest of the settings while its own are read.
#[derive(Debug, Default)]
pub struct SourceContext {
    /// What metrics and health call it.
    pub name: String,
    /// The files that the program itself writes, and what they are.
    pub own_files: Vec<(PathBuf, &'static str)>,
}
