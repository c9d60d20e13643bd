//! Instances that are there only to save time: they map beside those that map in order, and give way to them.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::{instance::Instance, limiter::InstanceUsage};
use crate::geo::Databases;

/// Those of the process.
static SPARES: LazyLock<Spares> = LazyLock::new(|| Spares::new(most_spares()));

/// How many there may be at a time: one for each core but that of what they save time for; more save no more.
pub(crate) fn most_spares() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get) - 1
}

/// Spare instances, and who wants their memory.
pub(super) struct Spares {
    most: usize,
    state: Mutex<SpareState>,
    /// Told whenever an instance has gone, or waits for work.
    ended: Condvar,
}

#[derive(Default)]
struct SpareState {
    /// Instances that wait for work, each with whom it works for.
    idle: Vec<(u64, Instance)>,
    busy: usize,
    /// How many want all of them to be gone.
    wanted: usize,
}

impl Spares {
    /// Those of the process.
    pub(super) fn of_process() -> &'static Self {
        &SPARES
    }

    fn new(most: usize) -> Self {
        Self { most, state: Mutex::default(), ended: Condvar::new() }
    }

    /// A place for an instance that works for `owner`, and the instance if one waits; `None` when there are enough, or
    /// somebody wants them to be gone.
    pub(super) fn begin(
        &self,
        owner: u64,
        usage: &Arc<InstanceUsage>,
        databases: &Arc<Databases>,
    ) -> Option<(SparePlace<'_>, Option<Instance>)> {
        let mut state = self.state();
        // Those of a mapping that was replaced, or that ask databases of yesterday.
        state.idle.retain(|(of, instance)| *of != owner || (instance.is_among(usage) && instance.asks(databases)));
        if state.wanted > 0 || state.busy >= self.most {
            return None;
        }
        let waiting = state.idle.iter().position(|(of, _)| *of == owner);
        let instance = waiting.map(|place| state.idle.swap_remove(place).1);
        if state.idle.len() + state.busy >= self.most {
            state.idle.pop();
        }
        state.busy += 1;
        Some((SparePlace { spares: self, owner }, instance))
    }

    /// Lets those go that wait for work of `owner`.
    pub(super) fn let_go(&self, owner: u64) {
        self.state().idle.retain(|(of, _)| *of != owner);
    }

    /// Lets those go that wait for work by a mapping that is not there any more.
    pub(super) fn let_go_of(&self, usage: &Arc<InstanceUsage>) {
        self.state().idle.retain(|(_, instance)| !instance.is_among(usage));
    }

    /// Whether somebody wants all of them to be gone.
    pub(super) fn are_wanted(&self) -> bool {
        self.state().wanted > 0
    }

    /// Waits until all of them are gone, so long at the most; none begins to work until the room is given back.
    pub(super) fn make_room(&self, longest: Duration) -> Room<'_> {
        let mut state = self.state();
        state.idle.clear();
        state.wanted += 1;
        let room = Room(self);
        let waited = self.ended.wait_timeout_while(state, longest, |state| state.busy > 0);
        drop(waited);
        room
    }

    fn state(&self) -> MutexGuard<'_, SpareState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a spare instance that works. Given back last, when the instance is gone.
pub(super) struct SparePlace<'s> {
    spares: &'s Spares,
    owner: u64,
}

impl SparePlace<'_> {
    /// Has the instance wait for more work.
    pub(super) fn keep(self, instance: Instance) {
        let mut state = self.spares.state();
        if state.wanted == 0 {
            state.idle.push((self.owner, instance));
        }
    }
}

impl Drop for SparePlace<'_> {
    fn drop(&mut self) {
        self.spares.state().busy -= 1;
        self.spares.ended.notify_all();
    }
}

/// As long as this is there, no spare instance begins to work.
pub(super) struct Room<'s>(&'s Spares);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.0.state().wanted -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(spares: &Spares) -> Option<SparePlace<'_>> {
        spares.begin(1, &Arc::default(), &Arc::default()).map(|(place, _)| place)
    }

    #[test]
    fn there_are_no_more_than_allowed() {
        let spares = Spares::new(2);
        let places = [begin(&spares), begin(&spares)];
        assert!(places.iter().all(Option::is_some) && begin(&spares).is_none());
        drop(places);
        assert!(begin(&spares).is_some());
    }

    #[test]
    fn who_needs_room_waits_until_all_are_gone_and_none_begins_meanwhile() {
        let spares = Spares::new(2);
        let place = begin(&spares).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| spares.make_room(Duration::from_secs(600)));
            while !spares.are_wanted() {
                thread::yield_now();
            }
            assert!(begin(&spares).is_none());
            assert!(!waiting.is_finished(), "one is busy");
            drop(place);
            let room = waiting.join().unwrap();
            assert!(begin(&spares).is_none(), "the room is for somebody else");
            drop(room);
        });
        assert!(begin(&spares).is_some());
    }

    #[test]
    fn who_needs_room_waits_no_longer_than_that() {
        let spares = Spares::new(2);
        let place = begin(&spares).unwrap();
        drop(spares.make_room(Duration::ZERO));
        drop(place);
        assert!(!spares.are_wanted());
    }
}
