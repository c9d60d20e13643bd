//! A mapping that has proved itself: only such a one can take the place of the current one.

use std::{sync::PoisonError, time::Instant};

use serde::{Deserialize, Serialize};

use super::{
    Component, ComponentError, Live, MapperError, Origin, Settings,
    built_in::version_with,
    checks::Checks,
    component::digest,
    diff::{Differences, Examples},
    generation::Generation,
    ids::lost_ids,
    pool::{Pool, Setting},
    rules::Rules,
};

/// So many compiled components are kept, for whoever goes to and fro.
const MAX_COMPILED: usize = 4;

/// A mapping that has proved itself. Can only be made by [`Live::prepare`], so nothing else can be put in place.
pub struct Candidate {
    pub(super) generation: Generation,
    /// What it was checked with.
    pub(super) proof: Proof,
}

/// What a candidate was checked with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Its own check records.
    pub checks: usize,
    /// Records that were collected shortly before.
    pub recent: u64,
    /// How many of those came out differently than by the current mapping.
    pub different: u64,
    /// How many of those got another `_id`.
    pub different_ids: u64,
}

/// What somebody takes of a candidate that would else be refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowed {
    /// Other ids: what is read again is stored twice.
    pub new_ids: bool,
    /// To be worse than the current mapping on recent records.
    pub worse: bool,
}

/// Why a mapping is no candidate.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no mapping that this host can run.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// It maps already.
    #[error("this is the current mapping already")]
    Current,
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
    /// It is worse than the current one on records that were collected shortly before.
    #[error(
        "it is worse on recent records: {0}\nhint: `[mapping.rollback]` says what is allowed; `--force` of `exotrace \
         mapping replace` takes it all the same"
    )]
    Worse(String),
}

impl Candidate {
    /// The version of the mapping.
    pub fn mapping(&self) -> String {
        self.generation.mapping()
    }

    /// The SHA-256 of its component, in hexadecimal digits.
    pub fn digest(&self) -> String {
        self.generation.digest()
    }

    /// What it was checked with.
    pub fn proof(&self) -> Proof {
        self.proof
    }
}

impl Live {
    /// Compiles a component, starts it with the settings of every source, and maps its own check records and the last
    /// real ones with it. Takes seconds: not for the thread that maps, which goes on meanwhile. It may give other ids.
    ///
    /// # Errors
    ///
    /// When anything is wrong with it.
    pub fn prepare(&self, bytes: &[u8]) -> Result<Candidate, Refusal> {
        self.prepare_allowing(bytes, Allowed { new_ids: true, ..Allowed::default() })
    }

    /// As [`Live::prepare`], for who takes only this of it.
    ///
    /// # Errors
    ///
    /// When anything else is wrong with it.
    pub fn prepare_allowing(&self, bytes: &[u8], allowed: Allowed) -> Result<Candidate, Refusal> {
        let component = self.compiled(bytes)?;
        let current = self.current();
        if component.digest() == current.digest() {
            return Err(Refusal::Current);
        }
        let generation = Generation::of_all(&component, &self.settings).map_err(Refusal::Start)?;
        let mut proof = Proof { checks: run_checks(&self.settings, bytes, &component)?, ..Proof::default() };
        let (before, after) = (current.twin().map_err(Refusal::Start)?, &generation);
        let (mut differences, mut lost) = (Differences::new(Examples::Shapes), 0);
        for (source, recent) in self.recent.iter().enumerate() {
            let records = recent.records();
            let mapped_after = after.pool(source).map_strictly(&records, &Origin::default());
            let mapped_after = mapped_after.map_err(Refusal::Recent)?;
            let mapped_before = before.pool(source).map_all(&records, &Origin::default()).map_err(Refusal::Start)?;
            differences.add(&mapped_before, &mapped_after);
            lost += lost_ids(&mapped_before, &mapped_after);
        }
        if lost > 0 {
            return Err(Refusal::Ids(lost));
        }
        (proof.recent, proof.different) = (differences.records, differences.different);
        proof.different_ids = differences.different_ids;
        if proof.different_ids > 0 && !allowed.new_ids {
            return Err(Refusal::NewIds { different: proof.different_ids, records: proof.recent });
        }
        let rules = self.rules_for(component.digest());
        let worse = rules.judge(&before.work(), &after.work());
        let worse = worse.or_else(|| self.rules.judge_differences(differences.records, differences.rate()));
        if let Some(reason) = worse.filter(|_| !allowed.worse) {
            return Err(Refusal::Worse(reason));
        }
        // What it did so far was no mail.
        let generation = Generation::of_all(&component, &self.settings).map_err(Refusal::Start)?;
        Ok(Candidate { generation, proof })
    }

    /// The rules for the mapping with this digest.
    pub(super) fn rules_for(&self, digest: &str) -> Rules {
        if version_with(digest).is_some() { self.rules.without_speed() } else { self.rules.clone() }
    }

    /// Compiles a component, unless that was done shortly before.
    fn compiled(&self, bytes: &[u8]) -> Result<Component, ComponentError> {
        let digest = digest(bytes);
        let known = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().iter().find(|component| component.digest() == digest).cloned();
        if let Some(component) = found {
            return Ok(component);
        }
        let component = self.loader.load(bytes)?;
        let mut known = known();
        known.truncate(MAX_COMPILED - 1);
        known.insert(0, component.clone());
        Ok(component)
    }
}

/// How many check records the component has, and has passed.
fn run_checks(settings: &[Setting], bytes: &[u8], component: &Component) -> Result<usize, Refusal> {
    let checks = Checks::read(bytes).map_err(Refusal::Check)?;
    let Some(setting) = settings.first() else { return Ok(0) };
    let setting = Setting { settings: Settings::default().into(), ..setting.clone() };
    let pool = Pool::new(component.clone(), setting).map_err(Refusal::Start)?;
    let began = Instant::now();
    let mapped = pool.map_strictly(&checks.records(), &Origin::default());
    let mapped = mapped.map_err(|error| Refusal::Check(error.explain()))?;
    checks.verify(&mapped).map_err(Refusal::Check)?;
    tracing::debug!(records = checks.count(), took_ms = began.elapsed().as_millis(), "check records mapped");
    Ok(checks.count())
}
