//! The mapping that is in use, what may take its place, and what goes back.
//!
//! A batch reads one pointer and is mapped by what it points to, from start to end. Whoever replaces a mapping has
//! done all the work before, and stores one pointer; the data path never waits for it.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tracing::warn;

use super::{
    Component, Limits, Loader, MappedBatch, Mapper, MapperError, Origin, Settings,
    decisions::Decisions,
    delivery::is_in_share,
    generation::Generation,
    journal::Journal,
    pool::Setting,
    recent::Recent,
    rules::Rules,
    sampler::Sampler,
    trial::{Trial, TrialMode},
    watched,
};
use crate::{geo::Geo, observe::metrics::Role};

mod begin;
mod change;
mod status;

pub use begin::Beginning;
pub use change::Unchanged;
pub use status::{MappingInUse, Probation, RefusedMapping, Status};

/// The mapping that is in use by every source of the process.
pub struct Live {
    state: ArcSwap<State>,
    trial: ArcSwapOption<Trial>,
    pub(super) settings: Vec<Setting>,
    pub(super) recent: Vec<Recent>,
    pub(super) rules: Rules,
    /// What loads candidates.
    pub(super) loader: Loader,
    /// The components compiled last, the newest first.
    pub(super) compiled: Mutex<Vec<Component>>,
    /// Held by whoever changes something, never by who maps.
    control: Mutex<Control>,
    replaced: AtomicU64,
    refused: AtomicU64,
    rolled_back: AtomicU64,
}

/// What maps, and what it is measured by as long as it is new.
pub(super) struct State {
    current: Arc<Generation>,
    before: Option<Before>,
}

/// The mapping before, kept ready.
struct Before {
    generation: Arc<Generation>,
    until: Instant,
    /// What compares the two, where differences count.
    sampler: Option<Sampler>,
}

/// What changes only when somebody wants it.
#[derive(Default)]
struct Control {
    journal: Journal,
    decisions: Decisions,
    /// The file that keeps the decisions.
    kept_in: Option<PathBuf>,
    /// The digest of what the settings name.
    settings_digest: String,
    /// What was refused last, until another mapping is put in place.
    refused: Option<RefusedMapping>,
}

impl Live {
    /// Gets a mapping ready for each source, with its settings. Candidates are compiled within the process.
    ///
    /// # Errors
    ///
    /// When a component cannot be run or refuses its settings.
    pub fn new(
        starts: Vec<(Component, Settings)>,
        limits: Limits,
        rules: Rules,
        geo: &Arc<Geo>,
    ) -> Result<Arc<Self>, MapperError> {
        let loader = Loader::default();
        let loader = if limits.fuel.is_some() { loader.metering() } else { loader };
        Self::with_loader(starts, limits, rules, geo, loader)
    }

    /// Gets a mapping ready for each source, with its settings, and has candidates loaded by `loader`.
    ///
    /// # Errors
    ///
    /// When a component cannot be run or refuses its settings.
    pub fn with_loader(
        starts: Vec<(Component, Settings)>,
        limits: Limits,
        rules: Rules,
        geo: &Arc<Geo>,
        loader: Loader,
    ) -> Result<Arc<Self>, MapperError> {
        let limits = Arc::new(limits);
        let compiled = starts.iter().map(|(component, _)| component.clone()).collect();
        let mut with_settings = Vec::new();
        for (component, settings) in starts {
            let settings = Arc::new(settings);
            with_settings.push((component, Setting { settings, limits: Arc::clone(&limits), geo: Arc::clone(geo) }));
        }
        let settings: Vec<_> = with_settings.iter().map(|(_, setting)| setting.clone()).collect();
        let current = Arc::new(Generation::of_each(with_settings)?);
        current.serve(Role::Current);
        Ok(Arc::new(Self {
            state: ArcSwap::from_pointee(State { current, before: None }),
            trial: ArcSwapOption::empty(),
            recent: settings.iter().map(|_| Recent::new(rules.recent_records)).collect(),
            settings,
            rules,
            loader,
            compiled: Mutex::new(compiled),
            control: Mutex::default(),
            replaced: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            rolled_back: AtomicU64::new(0),
        }))
    }

    /// What maps for the source of that number.
    pub fn mapper(self: &Arc<Self>, source: usize) -> Mapper {
        Mapper { live: Arc::clone(self), source, namespace: None }
    }

    pub(super) fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.state.load().current)
    }

    pub(super) fn map_batch(&self, source: usize, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        self.recent[source].note(records);
        let Some(trial) = self.trial.load_full() else { return self.map_on_current(source, records, origin) };
        if trial.mode == TrialMode::Canary {
            return self.map_by_share(&trial, source, records, origin);
        }
        let batch = self.map_on_current(source, records, origin)?;
        trial.sampler.offer(source, records, origin, &batch);
        Ok(batch)
    }

    fn map_on_current(&self, source: usize, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let began = Instant::now();
        let batch = self.map_on_best(source, records, origin)?;
        watched::mapped(Role::Current, &batch, began.elapsed());
        Ok(batch)
    }

    /// As long as a mapping is new, whatever goes wrong is mapped by the one before.
    fn map_on_best(&self, source: usize, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        loop {
            let state = self.state.load_full();
            let pool = state.current.pool(source);
            let before = state.before.as_ref().filter(|before| Instant::now() < before.until);
            let Some(before) = before else { return pool.map_all(records, origin) };
            let mapped = pool.map_strictly(records, origin);
            let reason = match &mapped {
                Ok(_) => {
                    self.rules_for(pool.component.digest()).judge(&before.generation.work(), &state.current.work())
                }
                Err(error) if state.current.work().stops <= self.rules.max_stops => {
                    let reason = error.explain();
                    warn!(reason, mapping = state.current.mapping(), "new mapping stopped, as often as it may");
                    return pool.map_all(records, origin);
                }
                Err(error) => Some(error.explain()),
            };
            match reason {
                None => {
                    if let (Some(sampler), Ok(batch)) = (&before.sampler, &mapped) {
                        sampler.offer(source, records, origin, batch);
                    }
                    return mapped;
                }
                // Then round again, on the one before.
                Some(reason) => self.take_back(&state, &reason),
            }
        }
    }

    /// Records that follow one another and belong to the same share are mapped together, so that each is mapped by one
    /// version, and everything stays in order.
    fn map_by_share(
        &self,
        trial: &Arc<Trial>,
        source: usize,
        records: &str,
        origin: &Origin,
    ) -> Result<MappedBatch, MapperError> {
        let mut mapped = MappedBatch::default();
        for (begin, run, is_candidate) in runs(records, trial.percent) {
            let origin = origin.advanced_by(begin);
            if is_candidate && self.is_on_trial(trial) {
                let (pool, began) = (trial.candidate.pool(source), Instant::now());
                match pool.map_strictly(run, &origin) {
                    Ok(batch) => {
                        watched::mapped(Role::Canary, &batch, began.elapsed());
                        trial.sampler.offer(source, run, &origin, &batch);
                        mapped.append(batch);
                        if let Some(reason) = self.judge_trial(trial) {
                            self.give_up(trial, &reason);
                        }
                        continue;
                    }
                    Err(error) => match self.judge_trial(trial) {
                        Some(_) => self.give_up(trial, &error.explain()),
                        None => {
                            let batch = pool.map_all(run, &origin)?;
                            watched::mapped(Role::Canary, &batch, began.elapsed());
                            mapped.append(batch);
                            continue;
                        }
                    },
                }
            }
            mapped.append(self.map_on_current(source, run, &origin)?);
        }
        Ok(mapped)
    }

    fn is_on_trial(&self, trial: &Arc<Trial>) -> bool {
        self.trial.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, trial))
    }

    /// Says why a trial should end, if so.
    pub(super) fn judge_trial(&self, trial: &Trial) -> Option<String> {
        // On trial, records come in smaller lots, which costs more for each.
        let rules = self.rules_for(&trial.candidate.digest());
        let rules = Rules { max_slowdown: 3.0 * rules.max_slowdown, ..rules };
        rules.judge(&self.current().work(), &trial.candidate.work())
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Cuts records into runs that belong to the share or do not, each with where it begins.
fn runs(records: &str, percent: u8) -> Vec<(usize, &str, bool)> {
    let mut runs = Vec::new();
    let (mut begin, mut end, mut last) = (0, 0, None);
    for line in records.split_inclusive('\n') {
        let is_candidate = is_in_share(line, percent);
        if let Some(last) = last.filter(|last| *last != is_candidate) {
            runs.push((begin, records.get(begin..end).unwrap_or_default(), last));
            begin = end;
        }
        last = Some(is_candidate);
        end += line.len();
    }
    if let Some(last) = last {
        runs.push((begin, records.get(begin..end).unwrap_or_default(), last));
    }
    runs
}
