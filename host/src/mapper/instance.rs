//! A running component with its session.

use std::sync::Arc;

use wasmtime::{Store, StoreLimits, StoreLimitsBuilder, component::ResourceAny};

use super::{
    Component, Description, MappedBatch, Origin, Settings,
    bindings::{Mapping, MappingPre, geo, mapper},
    engine::{DEADLINE_TICKS, ENGINE, MAX_MEMORY_BYTES},
};
use crate::geo::Geo;

/// Why a batch could not be mapped, or a mapping not be started.
#[derive(Debug, thiserror::Error)]
pub enum MapperError {
    /// The mapping does not take the settings.
    #[error("mapping refuses its settings: {0}")]
    Settings(String),
    /// The component stopped: a trap, or a limit of time or memory.
    #[error("mapping component stopped")]
    Stopped(#[source] wasmtime::Error),
    /// The component gave an answer that does not fit the batch.
    #[error("mapping component broke its contract: {0}")]
    Contract(String),
}

/// What the host keeps for an instance.
pub(crate) struct State {
    geo: Arc<Geo>,
    limits: StoreLimits,
}

impl geo::Host for State {
    fn lookup(&mut self, addresses: Vec<String>) -> Vec<Option<geo::Network>> {
        addresses.iter().map(|address| self.geo.lookup(address).map(Into::into)).collect()
    }
}

/// One instance of a component and its open session.
pub(super) struct Instance {
    store: Store<State>,
    mapping: Mapping,
    session: ResourceAny,
}

impl Instance {
    pub(super) fn new(component: &Component, settings: &Settings, geo: Arc<Geo>) -> Result<Self, MapperError> {
        let mut store = new_store(geo);
        let mapping = component.pre.instantiate(&mut store).map_err(MapperError::Stopped)?;
        let opened = mapping.exotrace_mapping_mapper().session().call_open(&mut store, &settings.clone().into());
        let session = opened.map_err(MapperError::Stopped)?.map_err(|error| MapperError::Settings(error.explain()))?;
        Ok(Self { store, mapping, session })
    }

    pub(super) fn map_batch(&mut self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        let mut mapped = MappedBatch::default();
        let mut rest = records;
        while let Some((part, after)) = split_part(rest) {
            let batch = self.map_part(part, &origin.advanced_by(records.len() - rest.len()))?;
            if mapped.outcomes.is_empty() {
                mapped = batch;
                mapped.documents.reserve(mapped.documents.len() * after.len().div_ceil(part.len()));
            } else {
                mapped.documents.push_str(&batch.documents);
                mapped.outcomes.extend(batch.outcomes);
            }
            rest = after;
        }
        Ok(mapped)
    }

    fn map_part(&mut self, records: &str, origin: &Origin) -> Result<MappedBatch, MapperError> {
        self.store.set_epoch_deadline(DEADLINE_TICKS);
        let session = self.mapping.exotrace_mapping_mapper();
        let batch = session
            .session()
            .call_map_batch(&mut self.store, self.session, records, &origin.clone().into())
            .map_err(MapperError::Stopped)?;
        check(&batch)?;
        Ok(batch.into())
    }
}

/// How many bytes of records a component gets at once. Records and documents then stay in the processor's second-level
/// cache, and the memory of an instance stays small, however large a batch is.
const PART_BYTES: usize = 128 * 1024;

/// Cuts off the lines that fit into one part, at least one.
fn split_part(records: &str) -> Option<(&str, &str)> {
    let bytes = records.as_bytes();
    if bytes.len() <= PART_BYTES {
        return (!records.is_empty()).then_some((records, ""));
    }
    let fitting = bytes.iter().take(PART_BYTES).rposition(|byte| *byte == b'\n');
    let end = fitting.or_else(|| bytes.iter().position(|byte| *byte == b'\n')).map_or(bytes.len(), |end| end + 1);
    records.split_at_checked(end)
}

/// Asks a component what it is, on an instance of its own.
pub(super) fn describe(pre: &MappingPre<State>, wit_version: String) -> wasmtime::Result<Description> {
    let mut store = new_store(Arc::default());
    let description = pre.instantiate(&mut store)?.exotrace_mapping_mapper().call_describe(&mut store)?;
    let mapper::Description { name, mapping_version, ecs_version, record_kinds: _ } = description;
    Ok(Description { name, mapping_version, ecs_version, wit_version })
}

fn new_store(geo: Arc<Geo>) -> Store<State> {
    let limits = StoreLimitsBuilder::new().memory_size(MAX_MEMORY_BYTES).instances(16).build();
    let mut store = Store::new(&ENGINE, State { geo, limits });
    store.limiter(|state| &mut state.limits);
    // All that the component can have in its memory it may also hand over: a record of 16 MiB fills documents of over 100.
    store.set_hostcall_fuel(MAX_MEMORY_BYTES);
    store.set_epoch_deadline(DEADLINE_TICKS);
    store
}

/// The lengths of the documents must add up to the buffer: everything that follows cuts it by them.
fn check(batch: &mapper::MappedBatch) -> Result<(), MapperError> {
    let lengths = batch.outcomes.iter().filter_map(|outcome| match outcome {
        mapper::Outcome::Mapped(mapped) => Some(mapped.length),
        mapper::Outcome::Failed(failed) => Some(failed.length),
        mapper::Outcome::Dropped(_) => None,
    });
    let bytes = batch.documents.as_bytes();
    let mut end = 0;
    for length in lengths {
        end += length as usize;
        if bytes.get(end) != Some(&b'\n') {
            return Err(MapperError::Contract(format!("no document ends at byte {end}")));
        }
        end += 1;
    }
    if end == bytes.len() {
        return Ok(());
    }
    Err(MapperError::Contract(format!("documents are {} bytes long, their outcomes account for {end}", bytes.len())))
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
