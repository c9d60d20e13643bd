//! One mapping with one set of settings, and the instances that wait for work.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tracing::{error, warn};

use super::{
    batch::MappedBatch,
    built_in::version_with,
    component::Component,
    demand::Demand,
    ids::Ids,
    instance::{Instance, split_part},
    limiter::{InstanceUsage, Limiter},
    limits::Limits,
    mapper_error::MapperError,
    origin::Origin,
    outcome::Outcome,
    recent_ids::RecentIds,
    settings::Settings,
    settings_refusal::SettingsRefusal,
    spare::{Room, Spares},
    stats::Stats,
    validate::Validation,
};
use crate::{
    geo::{Databases, Geo},
    observe::metrics::metrics,
    support::lines::{lines, unambiguous},
};

/// Number of consecutive rejected records, over batches, after which the component is to blame.
const MANY_REJECTED: u64 = 100;

/// How much longer than a call of a spare instance may take its end is waited for.
const SPARE_ENDS: Duration = Duration::from_secs(1);

/// What a pool needs besides a component.
#[derive(Clone)]
pub(crate) struct PoolConfig {
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) geo: Arc<Geo>,
    /// Whether instances wait for work.
    pub(crate) demand: Demand,
}

/// One mapping with one set of settings.
pub(crate) struct Pool {
    pub(crate) component: Component,
    pub(crate) config: PoolConfig,
    pub(crate) stats: Stats,
    pub(crate) usage: Arc<InstanceUsage>,
    /// Instances that wait for work: never more than have worked at the same time.
    idle: Mutex<Vec<Instance>>,
    /// How many records in a row the component stopped at.
    rejected_in_a_row: AtomicU64,
}

impl Pool {
    /// Starts a first instance, so that what cannot work at all is known at once.
    pub(crate) fn new(component: Component, config: PoolConfig) -> Result<Self, MapperError> {
        let known = &component.description().record_kinds;
        if let Some(kind) = config.settings.record_kinds.iter().find(|kind| !known.contains(kind)) {
            return Err(MapperError::Settings(SettingsRefusal::UnsupportedKind(*kind)));
        }
        if config.settings.hide_people() && !component.description().hides_people() {
            return Err(MapperError::Settings(SettingsRefusal::CannotHide));
        }
        let (stats, usage, idle) = (Stats::default(), Arc::default(), Mutex::default());
        let pool = Self { component, config, stats, usage, idle, rejected_in_a_row: AtomicU64::new(0) };
        let first = pool.fresh(pool.config.geo.current())?;
        pool.keep(first);
        Ok(pool)
    }

    /// Maps a batch; where the component stops, that is the error.
    pub(crate) fn map_strictly(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let records = unambiguous(records);
        let mut run = Run::new(self)?;
        for (part, origin) in parts(&records, origin) {
            let allowed = run.left();
            match run.call(part, &origin, allowed) {
                Ok(batch) => run.mapped.append(batch),
                Err(error) => {
                    self.note_fault(&error);
                    return Err(error);
                }
            }
        }
        Ok(run.finish())
    }

    /// Maps a batch; records at which the component stops every time are rejected, and the others mapped.
    pub(crate) fn map_all(&self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let records = unambiguous(records);
        let mut run = Run::new(self)?;
        for (part, origin) in parts(&records, origin) {
            run.map_part(part, &origin)?;
        }
        if let Some(reason) = &run.first_reason {
            error!(
                records = run.rejected,
                reason,
                mapping = self.component.description().mapping_version,
                "records could not be mapped"
            );
        }
        Ok(run.finish())
    }

    /// What it does while it proves itself is nobody's mail.
    fn note_fault(&self, error: &MapperError) {
        let Some(kind) = error.fault() else { return };
        self.stats.note_fault();
        if self.usage.delivers() {
            metrics().stopped(&self.component.description().mapping_version, kind.as_str());
        }
    }

    /// A new instance. Where spare ones have the memory that it needs, it waits until they are gone.
    fn fresh(&self, databases: Arc<Databases>) -> Result<Instance, MapperError> {
        match self.start(Arc::clone(&databases), false) {
            Err(error) if error.is_crowded() => {
                let _room = self.make_room();
                self.start(databases, false)
            }
            started => started,
        }
    }

    /// Starts an instance: one that maps in order, or a spare one.
    pub(super) fn start(&self, databases: Arc<Databases>, is_spare: bool) -> Result<Instance, MapperError> {
        let PoolConfig { settings, limits, .. } = &self.config;
        let limiter = Limiter::new(limits, Arc::clone(&self.usage), is_spare);
        Instance::new(&*self.component.linked, settings, limits, databases, limiter)
    }

    /// Waits until no spare instance has memory: each ends its call, or is stopped.
    fn make_room(&self) -> Room<'static> {
        Spares::of_process().make_room(self.config.limits.batch_time + SPARE_ENDS)
    }

    /// An instance that waits for work; those that ask databases of yesterday are let go.
    fn waiting(&self, databases: &Arc<Databases>) -> Option<Instance> {
        let mut idle = self.idle();
        idle.retain(|instance| instance.asks(databases));
        idle.pop()
    }

    /// Has an instance wait for work, if there will be any.
    fn keep(&self, instance: Instance) {
        // Asked under the lock: who ends the demand lets go what is there then.
        let mut idle = self.idle();
        if self.config.demand.is_there() {
            idle.push(instance);
        }
    }

    /// Lets the instances go that wait for work.
    pub(crate) fn let_instances_go(&self) {
        self.idle().clear();
    }

    /// What sees that no two records of a batch get the same id; none of a built-in mapping, which makes them as it
    /// should.
    pub(super) fn new_ids<'r>(&self) -> Option<Ids<'r>> {
        version_with(self.component.digest()).is_none().then(Ids::default)
    }

    /// How its answers are checked: the built-in mappings are ours.
    pub(super) fn validation(&self) -> Validation {
        if version_with(self.component.digest()).is_none() { Validation::Full } else { Validation::FirstOnly }
    }

    /// Counts a batch that is mapped.
    pub(super) fn note_mapped(&self, batch: &MappedBatch, took: Duration) {
        self.stats.note(batch, took);
    }

    /// The component does not stop at every record.
    pub(super) fn note_success(&self) {
        self.rejected_in_a_row.store(0, Ordering::Relaxed);
    }

    pub(super) fn recent_ids(&self) -> MutexGuard<'_, RecentIds> {
        self.component.recent_ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        Spares::of_process().let_go_of(&self.usage);
    }
}

/// A batch on its way through a pool.
struct Run<'p, 'r> {
    pool: &'p Pool,
    /// None when it has stopped: it is let go before the next one is made, since both may be more than the machine has.
    instance: Option<Instance>,
    /// The same ones from start to end.
    databases: Arc<Databases>,
    mapped: MappedBatch,
    /// Those of the batch so far; none of a built-in mapping, which makes them as it should.
    ids: Option<Ids<'r>>,
    began: Instant,
    /// How long it has waited for memory; the component is not to blame for that time.
    waited: Duration,
    rejected: u64,
    first_reason: Option<String>,
}

impl<'p, 'r> Run<'p, 'r> {
    fn new(pool: &'p Pool) -> Result<Self, MapperError> {
        let databases = pool.config.geo.current();
        let instance = match pool.waiting(&databases) {
            Some(instance) => instance,
            None => pool.fresh(Arc::clone(&databases))?,
        };
        let mapped = MappedBatch::default();
        let (ids, instance, waited) = (pool.new_ids(), Some(instance), Duration::ZERO);
        let began = Instant::now();
        Ok(Self { pool, instance, databases, mapped, ids, began, waited, rejected: 0, first_reason: None })
    }

    fn finish(mut self) -> MappedBatch {
        let outcomes = self.mapped.outcomes.len();
        self.mapped.note(&self.pool.component.mapped_by, outcomes);
        self.pool.note_mapped(&self.mapped, self.began.elapsed());
        if let Some(instance) = self.instance.filter(|instance| !instance.is_worn(&self.pool.config.limits)) {
            self.pool.keep(instance);
        }
        self.mapped
    }

    /// How long the next call may take.
    fn left(&self) -> Duration {
        let limits = &self.pool.config.limits;
        limits.batch_time.min(limits.total_time().saturating_sub(self.began.elapsed()))
    }

    /// Has the component map some records. Where spare instances have the memory that it needs, it waits until they are
    /// gone, and asks afresh.
    fn call(&mut self, records: &'r str, origin: &Origin, allowed: Duration) -> Result<MappedBatch, MapperError> {
        match self.call_once(records, origin, allowed) {
            Err(error) if error.is_crowded() => {
                self.instance = None;
                let waits = Instant::now();
                let _room = self.pool.make_room();
                // So that a batch ends, no more than it may take itself.
                let left = self.pool.config.limits.total_time().saturating_sub(self.waited);
                let excused = waits.elapsed().min(left);
                self.waited += excused;
                self.began += excused;
                self.call_once(records, origin, allowed)
            }
            called => called,
        }
    }

    /// Has the component map some records, and sees that none of them gets the id of another one.
    fn call_once(&mut self, records: &'r str, origin: &Origin, allowed: Duration) -> Result<MappedBatch, MapperError> {
        let instance = match &mut self.instance {
            Some(instance) => instance,
            none => none.insert(self.pool.fresh(Arc::clone(&self.databases))?),
        };
        let batch = instance.map_part(records, origin, allowed, self.pool.validation())?;
        if let Some(ids) = &mut self.ids {
            ids.add(records, &batch).map_err(MapperError::Contract)?;
            self.pool.recent_ids().add(records, &batch).map_err(MapperError::Contract)?;
        }
        Ok(batch)
    }

    /// A component may stop for what it went through before, so it is asked again afresh; only then record by record.
    fn map_part(&mut self, part: &'r str, origin: &Origin) -> Result<(), MapperError> {
        let mut last = None;
        for attempt in 1..=2 {
            let allowed = self.left();
            if allowed.is_zero() {
                break;
            }
            let error = match self.call(part, origin, allowed) {
                Ok(batch) => {
                    self.pool.note_success();
                    self.mapped.append(batch);
                    return Ok(());
                }
                Err(error) => error,
            };
            let Some(kind) = error.fault() else { return Err(error) };
            self.pool.note_fault(&error);
            let (reason, mapping) = (error.explain(), &self.pool.component.description().mapping_version);
            warn!(%kind, attempt, reason, mapping, "mapping component trapped; trying again with a new instance");
            self.instance = None;
            last = Some(reason);
        }
        match last {
            Some(reason) if lines(part).nth(1).is_none() => self.reject(reason),
            _ => self.map_one_by_one(part, origin)?,
        }
        Ok(())
    }

    fn map_one_by_one(&mut self, part: &'r str, origin: &Origin) -> Result<(), MapperError> {
        for line in lines(part) {
            self.map_one(line.text, &origin.advanced_by(line.offset))?;
        }
        Ok(())
    }

    fn map_one(&mut self, line: &'r str, origin: &Origin) -> Result<(), MapperError> {
        let limits = &self.pool.config.limits;
        let mut reason = format!("its batch took longer than {:?}", limits.total_time());
        // The instance may have stopped for a record before: a record is rejected by a fresh one only.
        for _ in 1..=2 {
            let allowed = self.left().min(limits.record_time());
            if allowed.is_zero() {
                break;
            }
            match self.call(line, origin, allowed) {
                Ok(batch) => {
                    self.pool.note_success();
                    self.mapped.append(batch);
                    return Ok(());
                }
                Err(error) if error.fault().is_none() => return Err(error),
                Err(error) => {
                    self.pool.note_fault(&error);
                    reason = error.explain();
                }
            }
            self.instance = None;
        }
        self.reject(reason);
        Ok(())
    }

    fn reject(&mut self, reason: String) {
        self.rejected += 1;
        self.first_reason.get_or_insert_with(|| reason.clone());
        self.mapped.outcomes.push(Outcome::Rejected(reason));
        let in_a_row = self.pool.rejected_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row == MANY_REJECTED {
            let mapping = &self.pool.component.description().mapping_version;
            error!(mapping, records = in_a_row, "mapping component traps at every record; another mapping is needed");
        }
    }
}

/// Cuts a batch into parts that a component gets at once, each with where it begins.
pub(super) fn parts<'r>(records: &'r str, origin: &Origin) -> impl Iterator<Item = (&'r str, Origin)> {
    let mut rest = records;
    std::iter::from_fn(move || {
        let origin = origin.advanced_by(records.len() - rest.len());
        let (part, after) = split_part(rest)?;
        rest = after;
        Some((part, origin))
    })
}
