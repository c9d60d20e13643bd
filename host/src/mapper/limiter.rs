//! Says no to an instance that wants more than it may have.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use wasmtime::{ResourceLimiter, Result, Trap};

use super::{
    fault_kind::FaultKind,
    limits::Limits,
    memory::{Share, Taken, TotalMemoryTaken},
};
use crate::support::shortage::is_shortage;

/// The most tables of functions that an instance may fill, in elements. The built-in mappings have some hundreds.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// The most core instances in one component. One of one module has three or four, one of componentize-py has 38: a
/// module for each of its libraries, and for each interface of WASI that is not there.
const MAX_INSTANCES: usize = 64;

/// The most tables and memories in one component; a component of one module has one or two.
const MAX_ITEMS: usize = 16;

/// What the instances of a mapping have taken.
#[derive(Debug, Default)]
pub(crate) struct InstanceUsage {
    instances: AtomicU64,
    memory_bytes: AtomicU64,
    /// Whether what they map is delivered.
    delivers: AtomicBool,
}

impl InstanceUsage {
    /// What they map is delivered from now on.
    pub(crate) fn deliver(&self) {
        self.delivers.store(true, Ordering::Relaxed);
    }

    /// Whether what they map is delivered.
    pub(super) fn delivers(&self) -> bool {
        self.delivers.load(Ordering::Relaxed)
    }

    /// Instances that there are.
    pub(crate) fn instances(&self) -> u64 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Memory of all of them.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes.load(Ordering::Relaxed)
    }
}

/// Says no to an instance that wants more than its limits, and remembers it: all that the component itself does
/// about it is to stop.
pub(crate) struct Limiter {
    memory_left: usize,
    memory_taken: Taken,
    table_left: usize,
    refused: Option<FaultKind>,
    /// Whether it was refused for what others have.
    is_total: bool,
    /// Whether it is there only to save time.
    is_spare: bool,
    /// Why the machine did not give what the limits allow.
    shortage: Option<wasmtime::Error>,
    usage: Arc<InstanceUsage>,
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.usage.instances.fetch_sub(1, Ordering::Relaxed);
        self.usage.memory_bytes.fetch_sub(self.memory_taken.bytes(), Ordering::Relaxed);
    }
}

impl Limiter {
    pub(super) fn new(limits: &Limits, usage: Arc<InstanceUsage>, is_spare: bool) -> Self {
        usage.instances.fetch_add(1, Ordering::Relaxed);
        let (memory_left, table_left) = (limits.memory_bytes, MAX_TABLE_ELEMENTS);
        let memory_taken = Taken::default();
        Self { memory_left, memory_taken, table_left, refused: None, is_total: false, is_spare, shortage: None, usage }
    }

    /// How much memory is left to the instance.
    pub(super) fn memory_left(&self) -> usize {
        self.memory_left
    }

    /// Why there is no more memory, where the component itself is not to blame.
    pub(super) fn explain_memory(&self) -> Option<TotalMemoryTaken> {
        self.is_total.then(TotalMemoryTaken::new)
    }

    /// What it may help to use up.
    fn share(&self) -> Share {
        match (self.is_spare, self.usage.delivers()) {
            (true, _) => Share::Half,
            (false, true) => Share::All,
            (false, false) => Share::ThreeQuarters,
        }
    }

    /// Whether it counts as one of these.
    pub(super) fn is_among(&self, usage: &Arc<InstanceUsage>) -> bool {
        Arc::ptr_eq(&self.usage, usage)
    }

    /// Why the machine did not give what the limits allow, if that happened.
    pub(super) fn take_shortage(&mut self) -> Option<wasmtime::Error> {
        self.shortage.take()
    }

    /// What stopped the component, given what wasmtime says.
    pub(super) fn kind(&self, error: &wasmtime::Error) -> FaultKind {
        match (error.downcast_ref(), self.refused) {
            (Some(Trap::Interrupt), _) => FaultKind::Time,
            (Some(Trap::OutOfFuel), _) => FaultKind::Fuel,
            (_, Some(refused)) => refused,
            (Some(Trap::StackOverflow), None) => FaultKind::Stack,
            (Some(_), None) => FaultKind::Trap,
            (None, None) => kind_of_answer(error),
        }
    }
}

/// No trap: the host could not take the answer. wasmtime has no type for why.
fn kind_of_answer(error: &wasmtime::Error) -> FaultKind {
    let text = error.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls") || text.contains("longer than its answer may be") {
        return FaultKind::Result;
    }
    FaultKind::Contract
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let more = desired.saturating_sub(current);
        let mut may_have = take(&mut self.memory_left, more, &mut self.refused, FaultKind::Memory);
        if may_have && !self.memory_taken.take(more as u64, self.share()) {
            self.memory_left += more;
            (self.refused, self.is_total, may_have) = (Some(FaultKind::Memory), true, false);
        }
        if may_have {
            self.usage.memory_bytes.fetch_add(more as u64, Ordering::Relaxed);
        }
        Ok(may_have)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        // Otherwise it is for the limits of the component itself.
        if is_shortage(error.as_ref()) {
            self.shortage = Some(error);
        }
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(take(&mut self.table_left, desired.saturating_sub(current), &mut self.refused, FaultKind::Table))
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_ITEMS
    }

    fn memories(&self) -> usize {
        MAX_ITEMS
    }
}

fn take(left: &mut usize, more: usize, refused: &mut Option<FaultKind>, kind: FaultKind) -> bool {
    match left.checked_sub(more) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => {
            *refused = Some(kind);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{Component, InstanceSection, Module, ModuleArg, ModuleSection};
    use wasmtime::{Store, component};

    use super::*;
    use crate::mapper::engine::engine;

    /// Makes a component of this many core instances, and an instance of it.
    fn instantiate(instances: usize) -> Result<()> {
        let (mut bytes, mut section) = (Component::new(), InstanceSection::new());
        for _ in 0..instances {
            section.instantiate(0, [] as [(&str, ModuleArg); 0]);
        }
        bytes.section(&ModuleSection(&Module::new())).section(&section);
        let component = component::Component::new(engine(false), bytes.finish())?;
        let mut store = Store::new(engine(false), Limiter::new(&Limits::default(), Arc::default(), false));
        store.limiter(|limiter| limiter);
        component::Linker::new(engine(false)).instantiate(&mut store, &component)?;
        Ok(())
    }

    #[test]
    fn who_delivers_may_use_up_all_memory_and_who_maps_ahead_half_of_it() {
        let share = |delivers: bool, is_spare: bool| {
            let usage = Arc::<InstanceUsage>::default();
            if delivers {
                usage.deliver();
            }
            Limiter::new(&Limits::default(), usage, is_spare).share()
        };
        assert_eq!([share(true, false), share(false, false)], [Share::All, Share::ThreeQuarters]);
        assert_eq!([share(true, true), share(false, true)], [Share::Half; 2]);
        assert_eq!([Share::All, Share::ThreeQuarters, Share::Half].map(|share| share.of(800)), [800, 600, 400]);
    }

    #[test]
    fn a_component_has_no_more_than_64_core_instances() {
        instantiate(64).unwrap();
        let error = instantiate(65).unwrap_err().to_string();
        assert!(error.contains("instance count too high at 65"), "{error}");
    }
}
