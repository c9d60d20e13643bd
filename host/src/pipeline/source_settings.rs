//! What the program has to know of a source that is set up, independent of its kind.

use std::{any::Any, fmt, io, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    claims::Claims, questions::Queryable, setting_problem::SettingProblem, source::Source, source_error::SourceError,
    source_identity::SourceIdentity, source_state::SourceState,
};
use crate::{
    ledger::{Ledger, LedgerError, SourceStatus},
    support::{finding::Findings, property::RecordKind},
};

/// The settings of a source of one kind, checked.
#[async_trait]
pub(crate) trait SourceSettings: Any + fmt::Debug + Send + Sync {
    /// Its type, as the settings have it.
    fn kind(&self) -> &'static str;

    /// What the ledger knows it by: as long as it stays the same, so does what is done.
    fn ledger_name(&self) -> String;

    /// Gets the source ready; nothing is read or sent yet.
    ///
    /// # Errors
    ///
    /// When a file cannot be used that the settings name.
    fn build(
        &self,
        identity: Arc<SourceIdentity>,
        environment: &SourceEnvironment,
    ) -> Result<Box<dyn Source>, SourceError>;

    /// Whether any process of a cluster can read it.
    ///
    /// # Errors
    ///
    /// Why not, what follows its name.
    fn can_be_shared(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Whose names its records have, which says how they are mapped unless the settings name a mapping.
    fn record_kind(&self) -> RecordKind;

    /// Kinds of records that it reads besides, which its mapping has to map.
    fn other_record_kinds(&self) -> Vec<RecordKind> {
        Vec::new()
    }

    /// The tenant that its records are of: its id, or one of its domains.
    fn tenant_id(&self) -> Option<&str>;

    /// What `input.type` of its documents is, as those of Elastic's integration have it.
    fn input(&self) -> &'static str;

    /// How long it waits between polls, if it polls.
    fn interval(&self) -> Option<Duration> {
        None
    }

    /// How many requests it may send, if that is limited.
    fn budget(&self) -> Option<RequestBudget> {
        None
    }

    /// The setting that has records written somewhere as they come, if it is given.
    fn keeps_records(&self) -> Option<&'static str> {
        None
    }

    /// What answers questions about a range of time; `None` when nobody can ask for one.
    fn queryable(&self) -> Option<&dyn Queryable> {
        None
    }

    /// What it reads, for `check`.
    fn describe(&self) -> SourceDescription;

    /// What of its settings cannot be used on this machine, or is probably not meant. Asks nobody on the network.
    fn check(&self) -> Vec<SettingProblem>;

    /// Looks at each thing that reading it needs, for `doctor`; gives some of the records that it has read.
    ///
    /// # Errors
    ///
    /// When nobody takes the findings.
    async fn examine(&self, local_domains: Option<&[String]>, findings: &mut dyn Findings) -> io::Result<Vec<String>>;

    /// How far it has read, for `status`; without a ledger nothing has been read. `status` is what the ledger knows of
    /// every source.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    fn state(
        &self,
        ledger: Option<&Ledger>,
        status: Option<&SourceStatus>,
        now: DateTime<Utc>,
    ) -> Result<SourceState, LedgerError>;
}

/// What a source has to know of the rest of the settings while its own are read.
#[derive(Debug, Default)]
pub(crate) struct SourceContext {
    /// What metrics and health call it.
    pub name: String,
    /// The files that the program itself writes, and what they are.
    pub own_files: Vec<(PathBuf, &'static str)>,
    /// Streams that outputs write, as `HOST:PORT/TOPIC`.
    pub own_streams: Vec<String>,
    /// The domains of the tenant, none where the source names none; absent when they are wrong.
    pub local_domains: Option<Vec<String>>,
}

/// What the sources of a run have around them.
pub(crate) struct SourceEnvironment {
    /// The state folder.
    pub state_dir: PathBuf,
    /// Gives the files that the program itself writes and that are there now.
    pub own_files: Arc<dyn Fn() -> Vec<PathBuf> + Send + Sync>,
    /// Which source reads which file.
    pub claims: Claims,
}

/// How many requests a source may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestBudget {
    /// What the ledger counts them by.
    pub ledger_name: String,
    /// The maximum.
    pub requests: u32,
    /// In any time of this length.
    pub window: Duration,
}

/// What a source reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SourceDescription {
    /// For people, in a line.
    pub text: String,
    /// For programs.
    pub fields: Map<String, Value>,
}
