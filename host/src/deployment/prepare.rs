//! Makes a candidate of a component: it has to prove itself before it can take the place of the current mapping.

use std::{collections::HashMap, sync::PoisonError, time::Instant};

use super::{
    Deployment,
    candidate::{Candidate, ProbeReport},
    checks::Checks,
    diff::{Differences, Examples},
    generation::Generation,
    refusal::{Allowed, Refusal},
};
use crate::mapper::{Component, ComponentError, MappedBatch, Origin, Outcome, Pool, PoolConfig, Settings, digest};

/// Maximum number of compiled components that are kept, for switching back and forth.
const MAX_COMPILED: usize = 4;

impl Deployment {
    /// Compiles a component, starts it with the settings of every source, and maps its own check records and the last
    /// real ones with it. Takes seconds: not for the thread that maps, which goes on meanwhile. It may give other
    /// ids, and documents of another schema.
    ///
    /// # Errors
    ///
    /// When anything is wrong with it.
    pub fn prepare(&self, bytes: &[u8]) -> Result<Candidate, Refusal> {
        self.prepare_allowing(bytes, Allowed { new_ids: true, new_schema: true, ..Allowed::default() })
    }

    /// As [`Deployment::prepare`], for who takes only this of it.
    ///
    /// # Errors
    ///
    /// When anything else is wrong with it.
    pub fn prepare_allowing(&self, bytes: &[u8], allowed: Allowed) -> Result<Candidate, Refusal> {
        let component = self.compiled(bytes)?;
        let current = self.rollout.current();
        if component.digest() == current.digest() {
            return Err(Refusal::Current);
        }
        let generation =
            Generation::of_all(&component, &self.settings).map_err(|error| Refusal::because(error, Refusal::Start))?;
        let schema_change = current.schema_change(&generation);
        if let Some(change) = schema_change.as_ref().filter(|_| !allowed.new_schema) {
            return Err(Refusal::NewSchema(change.clone()));
        }
        let checks = run_checks(&self.settings, bytes, &component)?;
        let before = current.replica().map_err(|error| Refusal::because(error, Refusal::Start))?;
        let report = ProbeReport { checks, ..self.probe(&before, &generation)? };
        if report.different_ids > 0 && !allowed.new_ids {
            return Err(Refusal::NewIds { different: report.different_ids, records: report.recent });
        }
        let policy = self.rollout.policy_for(component.digest());
        let worse = policy.judge(&before.stats(), &generation.stats());
        let worse = worse.or_else(|| policy.judge_differences(report.recent, report.rate()));
        if let Some(reason) = worse.filter(|_| !allowed.worse) {
            return Err(Refusal::Worse(reason));
        }
        // What it did so far was no mail.
        let generation =
            Generation::of_all(&component, &self.settings).map_err(|error| Refusal::because(error, Refusal::Start))?;
        Ok(Candidate { generation, report, schema_change })
    }

    /// Maps the last real records by what maps now and by a candidate.
    fn probe(&self, before: &Generation, after: &Generation) -> Result<ProbeReport, Refusal> {
        let (mut differences, mut lost) = (Differences::new(Examples::Shapes), 0);
        for (source, recent) in self.recent.iter().enumerate() {
            let records = recent.records();
            let mapped_after = after.pool(source).map_strictly(&records, &Origin::default());
            let mapped_after = mapped_after.map_err(|error| Refusal::because(error, Refusal::Recent))?;
            let mapped_before = before
                .pool(source)
                .map_all(&records, &Origin::default())
                .map_err(|error| Refusal::because(error, Refusal::Start))?;
            differences.add(&mapped_before, &mapped_after);
            lost += lost_ids(&mapped_before, &mapped_after);
        }
        if lost > 0 {
            return Err(Refusal::Ids(lost));
        }
        let Differences { records: recent, different, different_ids, .. } = differences;
        Ok(ProbeReport { checks: 0, recent, different, different_ids })
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
fn run_checks(settings: &[PoolConfig], bytes: &[u8], component: &Component) -> Result<usize, Refusal> {
    let Some(config) = settings.first() else { return Ok(0) };
    own_checks(bytes, component, config.clone())
}

/// How many check records a component with these bytes has, and has passed without settings.
///
/// # Errors
///
/// When it has not passed one of them.
pub(crate) fn own_checks(bytes: &[u8], component: &Component, config: PoolConfig) -> Result<usize, Refusal> {
    let checks = Checks::read(bytes).map_err(Refusal::Check)?;
    let config = PoolConfig { settings: Settings::default().into(), ..config };
    let pool = Pool::new(component.clone(), config).map_err(|error| Refusal::because(error, Refusal::Start))?;
    let began = Instant::now();
    let mapped = pool.map_strictly(&checks.records(), &Origin::default());
    let mapped = mapped.map_err(|error| Refusal::because(error, |error| Refusal::Check(error.explain())))?;
    checks.verify(&mapped).map_err(Refusal::Check)?;
    tracing::debug!(records = checks.count(), took_ms = began.elapsed().as_millis(), "check records mapped");
    Ok(checks.count())
}

/// How many records got the id of another one, while `before` told them apart.
fn lost_ids(before: &MappedBatch, after: &MappedBatch) -> usize {
    let mut known: HashMap<&str, &str> = HashMap::new();
    let mut lost = 0;
    for outcomes in before.outcomes.iter().zip(&after.outcomes) {
        if let (Outcome::Mapped { id: before, .. }, Outcome::Mapped { id: after, .. }) = outcomes {
            lost += usize::from(known.insert(after, before).is_some_and(|known| known != before));
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_not_told_apart_any_more_are_lost() {
        let before = MappedBatch::of_ids(&["1", "2", "2", "3"]);
        assert_eq!(lost_ids(&before, &MappedBatch::of_ids(&["a", "b", "b", "c"])), 0);
        assert_eq!(lost_ids(&before, &MappedBatch::of_ids(&["a", "a", "a", "c"])), 1);
        assert_eq!(lost_ids(&before, &MappedBatch::of_ids(&["a", "a", "a", "a"])), 2);
    }
}
