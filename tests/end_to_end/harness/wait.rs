//! Waiting for what has to happen, and not for longer than that.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long something may take that has to happen: far longer than it does, on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for_some(what, || is_so().then_some(()));
}

/// Waits until there is something.
#[track_caller]
pub(crate) fn wait_for_some<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
