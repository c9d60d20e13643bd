//! Waiting for what has to happen, and not for longer than that.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long something may take that has to happen: far longer than it does, on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long work of minutes may take.
const LONG_PATIENCE: Duration = Duration::from_secs(1200);

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for_some(what, || is_so().then_some(()));
}

/// Waits until something is so that takes minutes.
#[track_caller]
pub(crate) fn wait_long_for(what: &str, mut is_so: impl FnMut() -> bool) {
    look_for(what, (LONG_PATIENCE, Duration::from_millis(200)), || is_so().then_some(()));
}

/// Waits until there is something.
#[track_caller]
pub(crate) fn wait_for_some<T>(what: &str, find: impl FnMut() -> Option<T>) -> T {
    look_for(what, (PATIENCE, Duration::from_millis(5)), find)
}

#[track_caller]
fn look_for<T>(what: &str, (limit, pause): (Duration, Duration), mut find: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(began.elapsed() < limit, "waited in vain for {what}");
        thread::sleep(pause);
    }
}
