//! A running component with its session.

use std::{sync::Arc, time::Duration};

use wasmtime::Store;

use super::{
    batch::MappedBatch,
    contract::{LinkedComponent, Session},
    description::Description,
    engine::ticks,
    fault_kind::FaultKind,
    instance_state::InstanceState,
    limiter::{InstanceUsage, Limiter},
    limits::Limits,
    mapper_error::MapperError,
    origin::Origin,
    settings::Settings,
    validate::{Validation, check},
};
use crate::{geo::Databases, support::shortage::is_shortage};

/// One instance of a component and its open session.
pub(super) struct Instance {
    store: Store<InstanceState>,
    session: Box<dyn Session>,
    fuel: Option<u64>,
}

impl Instance {
    pub(super) fn new(
        component: &dyn LinkedComponent,
        settings: &Settings,
        limits: &Limits,
        geo: Arc<Databases>,
        limiter: Limiter,
    ) -> Result<Self, MapperError> {
        let mut store = new_store(component, limits, geo, limiter);
        match component.open(&mut store, settings) {
            Ok(Ok(session)) => Ok(Self { store, session, fuel: limits.fuel }),
            Ok(Err(refusal)) => Err(MapperError::Settings(refusal)),
            Err(error) => Err(stopped(&mut store, error)),
        }
    }

    /// Maps one part of a batch. After an error the instance must be discarded.
    pub(super) fn map_part(
        &mut self,
        records: &str,
        origin: &Origin,
        allowed: Duration,
        validation: Validation,
    ) -> Result<MappedBatch, MapperError> {
        begin_call(&mut self.store, allowed, self.fuel);
        let mapped = self.session.map_batch(&mut self.store, records, origin);
        let batch = mapped.map_err(|error| stopped(&mut self.store, error))?;
        check(records, &batch, validation).map_err(MapperError::Contract)?;
        Ok(batch)
    }

    /// Whether it asks these databases.
    pub(super) fn asks(&self, databases: &Arc<Databases>) -> bool {
        Arc::ptr_eq(&self.store.data().geo, databases)
    }

    /// Whether it is one of those.
    pub(super) fn is_among(&self, usage: &Arc<InstanceUsage>) -> bool {
        self.store.data().limiter.is_among(usage)
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
pub(super) fn describe(component: &dyn LinkedComponent) -> Result<Description, MapperError> {
    let limits = Limits { batch_time: DESCRIBE_TIME, fuel: None, ..Limits::default() };
    let mut store = new_store(component, &limits, Arc::default(), Limiter::new(&limits, Arc::default(), false));
    component.describe(&mut store).map_err(|error| stopped(&mut store, error))
}

fn new_store(
    component: &dyn LinkedComponent,
    limits: &Limits,
    geo: Arc<Databases>,
    limiter: Limiter,
) -> Store<InstanceState> {
    let state = InstanceState { geo, result_bytes: limits.result_bytes, limiter };
    let mut store = Store::new(component.compiled().engine(), state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.result_bytes);
    begin_call(&mut store, limits.batch_time, limits.fuel);
    store
}

fn begin_call(store: &mut Store<InstanceState>, allowed: Duration, fuel: Option<u64>) {
    store.set_epoch_deadline(ticks(allowed));
    // An engine that meters starts a store without any; the other one has nothing to set.
    drop(store.set_fuel(fuel.unwrap_or(u64::MAX)));
}

fn stopped(store: &mut Store<InstanceState>, source: wasmtime::Error) -> MapperError {
    let limiter = &mut store.data_mut().limiter;
    // The component itself can only stop when it does not get what it may have.
    if let Some(shortage) = limiter.take_shortage() {
        return MapperError::Machine(shortage);
    }
    if is_shortage(source.as_ref()) {
        return MapperError::Machine(source);
    }
    let kind = limiter.kind(&source);
    // What the component did about it tells nobody anything.
    let source = limiter.explain_memory().filter(|_| kind == FaultKind::Memory).map_or(source, wasmtime::Error::new);
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
