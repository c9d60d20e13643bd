//! A running component with its session.

use std::{sync::Arc, time::Duration};

use wasmtime::{Store, component::ResourceAny};

use super::{
    Component, Description, Limits, MappedBatch, Origin, Settings, StopKind,
    answer::{Reading, check},
    bindings::{Mapping, MappingPre, mapper},
    engine::ticks,
    limits::{Limiter, Usage},
};
use crate::geo::Databases;

/// Why a batch could not be mapped, or a mapping not be started.
#[derive(Debug, thiserror::Error)]
pub enum MapperError {
    /// The mapping does not take the settings.
    #[error("mapping refuses its settings: {0}")]
    Settings(String),
    /// The component stopped: a trap, or a limit.
    #[error("mapping component stopped ({kind})")]
    Stopped {
        /// What stopped it.
        kind: StopKind,
        /// What wasmtime says.
        #[source]
        source: wasmtime::Error,
    },
    /// The component gave an answer that does not fit the batch.
    #[error("mapping component broke its contract: {0}")]
    Contract(String),
}

impl MapperError {
    /// What stopped the component, if it is that.
    pub fn stop(&self) -> Option<StopKind> {
        match self {
            Self::Settings(_) => None,
            Self::Stopped { kind, .. } => Some(*kind),
            Self::Contract(_) => Some(StopKind::Contract),
        }
    }

    /// One line for people, without a backtrace.
    pub fn explain(&self) -> String {
        match self {
            Self::Stopped { kind, source } => format!("mapping component stopped ({kind}): {}", source.root_cause()),
            other => other.to_string(),
        }
    }
}

/// What the host keeps for an instance.
pub(crate) struct State {
    /// The same ones for as long as the instance lives, which keeps what they told.
    pub(super) geo: Arc<Databases>,
    /// The most that the host may hand over at once.
    pub(super) result_bytes: usize,
    limiter: Limiter,
}

/// One instance of a component and its open session.
pub(super) struct Instance {
    store: Store<State>,
    mapping: Mapping,
    session: ResourceAny,
    fuel: Option<u64>,
}

impl Instance {
    pub(super) fn new(
        component: &Component,
        settings: &Settings,
        limits: &Limits,
        geo: Arc<Databases>,
        usage: Arc<Usage>,
    ) -> Result<Self, MapperError> {
        let mut store = new_store(&component.pre, limits, geo, usage);
        let mapping = match component.pre.instantiate(&mut store) {
            Ok(mapping) => mapping,
            Err(error) => return Err(stopped(&store, error)),
        };
        let opened = mapping.exotrace_mapping_mapper().session().call_open(&mut store, &settings.clone().into());
        let session = match opened {
            Ok(Ok(session)) => session,
            Ok(Err(error)) => return Err(MapperError::Settings(error.explain())),
            Err(error) => return Err(stopped(&store, error)),
        };
        Ok(Self { store, mapping, session, fuel: limits.fuel })
    }

    /// Maps one part of a batch. After an error the instance is of no use any more.
    pub(super) fn map_part(
        &mut self,
        records: &str,
        origin: &Origin,
        allowed: Duration,
        reading: Reading,
    ) -> Result<MappedBatch, MapperError> {
        begin_call(&mut self.store, allowed, self.fuel);
        let session = self.mapping.exotrace_mapping_mapper().session();
        let mapped = session.call_map_batch(&mut self.store, self.session, records, &origin.clone().into());
        let batch = mapped.map_err(|error| stopped(&self.store, error))?;
        check(records, &batch, reading).map_err(MapperError::Contract)?;
        Ok(batch.into())
    }

    /// Whether it asks these databases.
    pub(super) fn asks(&self, databases: &Arc<Databases>) -> bool {
        Arc::ptr_eq(&self.store.data().geo, databases)
    }

    /// Whether it has taken most of the memory that it may have: it is better let go than kept until it stops.
    pub(super) fn is_worn(&self, limits: &Limits) -> bool {
        self.store.data().limiter.memory_left() < limits.memory_bytes / 4
    }
}

/// The longest that a component may take to say what it is.
const DESCRIBE_TIME: Duration = Duration::from_secs(5);

/// How many bytes of records a component gets at once. Records and documents then stay in the processor's second-level
/// cache, and the memory of an instance stays small, however large a batch is.
const PART_BYTES: usize = 128 * 1024;

/// Cuts off the lines that fit into one part, at least one.
pub(super) fn split_part(records: &str) -> Option<(&str, &str)> {
    let bytes = records.as_bytes();
    if bytes.len() <= PART_BYTES {
        return (!records.is_empty()).then_some((records, ""));
    }
    let fitting = bytes.iter().take(PART_BYTES).rposition(|byte| *byte == b'\n');
    let end = fitting.or_else(|| bytes.iter().position(|byte| *byte == b'\n')).map_or(bytes.len(), |end| end + 1);
    records.split_at_checked(end)
}

/// Asks a component what it is, on an instance of its own.
pub(super) fn describe(pre: &MappingPre<State>, wit_version: String) -> Result<Description, MapperError> {
    let limits = Limits { batch_time: DESCRIBE_TIME, fuel: None, ..Limits::default() };
    let mut store = new_store(pre, &limits, Arc::default(), Arc::default());
    let described =
        pre.instantiate(&mut store).and_then(|mapping| mapping.exotrace_mapping_mapper().call_describe(&mut store));
    let description = described.map_err(|error| stopped(&store, error))?;
    let mapper::Description { name, mapping_version, ecs_version, record_kinds: _ } = description;
    Ok(Description { name, mapping_version, ecs_version, wit_version })
}

fn new_store(pre: &MappingPre<State>, limits: &Limits, geo: Arc<Databases>, usage: Arc<Usage>) -> Store<State> {
    let limiter = Limiter::new(limits, usage);
    let mut store =
        Store::new(pre.instance_pre().component().engine(), State { geo, result_bytes: limits.result_bytes, limiter });
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.result_bytes);
    begin_call(&mut store, limits.batch_time, limits.fuel);
    store
}

fn begin_call(store: &mut Store<State>, allowed: Duration, fuel: Option<u64>) {
    store.set_epoch_deadline(ticks(allowed));
    // An engine that meters starts a store without any; the other one has nothing to set.
    drop(store.set_fuel(fuel.unwrap_or(u64::MAX)));
}

fn stopped(store: &Store<State>, source: wasmtime::Error) -> MapperError {
    let limiter = &store.data().limiter;
    let kind = limiter.kind(&source);
    // What the component did about it tells nobody anything.
    let source = limiter.explain_memory().filter(|_| kind == StopKind::Memory).map_or(source, wasmtime::Error::msg);
    MapperError::Stopped { kind, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(records: &str, expected: &[usize]) {
        let mut parts = Vec::new();
        let mut rest = records;
        while let Some((part, after)) = split_part(rest) {
            parts.push(part.len());
            rest = after;
        }
        assert_eq!(parts, expected);
    }

    #[test]
    fn parts_end_with_a_line() {
        let line = |length: usize| format!("{}\n", "x".repeat(length - 1));
        check("", &[]);
        check("{}", &[2]);
        check(&line(PART_BYTES), &[PART_BYTES]);
        check(&format!("{}{}", line(PART_BYTES), line(1)), &[PART_BYTES, 1]);
        check(&line(PART_BYTES / 4).repeat(5), &[PART_BYTES, PART_BYTES / 4]);
        check(&format!("{}{}{{}}", line(10), line(PART_BYTES + 5)), &[10, PART_BYTES + 5, 2]);
    }
}
