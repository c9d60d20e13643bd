//! Why a mapping is not a candidate, and what may be allowed all the same.

use serde::{Deserialize, Serialize};

use crate::mapper::{ComponentError, MapperError};

/// What somebody takes of a candidate that would else be refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowed {
    /// Other ids: what is read again is stored twice.
    pub new_ids: bool,
    /// Documents of another schema.
    pub new_schema: bool,
    /// To be worse than the current mapping on recent records.
    pub worse: bool,
}

/// Why a mapping is not a candidate.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not a mapping that this host can run.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// It maps already.
    #[error("this is already the current mapping")]
    Current,
    /// This machine has too little left to try it.
    #[error(transparent)]
    Machine(MapperError),
    /// It does not open a session with the settings.
    #[error("it cannot be started: {}", .0.explain())]
    Start(MapperError),
    /// It does not make of its own check records what it says.
    #[error("it fails its own check: {0}")]
    Check(String),
    /// It stopped at records that were collected shortly before.
    #[error("it fails at recent records: {}", .0.explain())]
    Recent(MapperError),
    /// It gives one id to records that the current one tells apart.
    #[error(
        "{} of the recent records {} the `_id` of another one: a store would keep one document and lose the others",
        .0, if *.0 == 1 { "gets" } else { "get" }
    )]
    Ids(usize),
    /// It gives other ids than the current one.
    #[error(
        "{different} of {records} recent records get another `_id`: what is read again would be stored twice\n\
         hint: `--accept-new-ids` of `exotrace mapping replace` takes it all the same"
    )]
    NewIds {
        /// How many.
        different: u64,
        /// Of how many.
        records: u64,
    },
    /// Its documents follow another schema than those of the current one.
    #[error(
        "its documents follow another schema, {0}: what reads them would not find their fields\n\
         hint: `--accept-new-schema` of `exotrace mapping replace` takes it all the same"
    )]
    NewSchema(String),
    /// It is worse than the current one on records that were collected shortly before.
    #[error(
        "it is worse on recent records: {0}\nhint: `[mapping.rollback]` says what is allowed; `--force` of `exotrace \
         mapping replace` takes it all the same"
    )]
    Worse(String),
}

impl Refusal {
    /// The component failed, which is told by `refusal`, unless this machine had too little to run it.
    pub(super) fn because(error: MapperError, refusal: impl FnOnce(MapperError) -> Self) -> Self {
        if matches!(error, MapperError::Machine(_)) { Self::Machine(error) } else { refusal(error) }
    }

    /// Whether this machine is to blame, and not the component: the same may be taken the next time.
    pub(super) fn is_of_machine(&self) -> bool {
        match self {
            Self::Component(ComponentError::Compile(error)) => error.is_passing(),
            Self::Component(error) => error.may_pass(),
            Self::Machine(_) => true,
            _ => false,
        }
    }
}
