//! Whether this process may have threads.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    thread,
};

/// How many threads commands need that wait for the network and map, beside two for each processor.
const NEEDED: usize = 8;

/// What a thread needs that only waits, in bytes.
const STACK_BYTES: usize = 64 * 1024;

/// Starts as many threads as a command needs, and ends them again. Where there is a limit, as by `TasksMax` of a unit,
/// the libraries that start threads later would panic or wait for ever.
///
/// # Errors
///
/// When the system gives fewer.
pub(crate) fn check() -> io::Result<()> {
    let count = NEEDED + 2 * thread::available_parallelism().map_or(1, usize::from);
    let gate = Arc::new(RwLock::new(()));
    let closed = gate.write().unwrap_or_else(PoisonError::into_inner);
    let mut started = Vec::new();
    let mut missing = None;
    for _ in 0..count {
        let gate = Arc::clone(&gate);
        let waits = move || drop(gate.read());
        match thread::Builder::new().stack_size(STACK_BYTES).spawn(waits) {
            Ok(thread) => started.push(thread),
            Err(error) => {
                missing = Some(error);
                break;
            }
        }
    }
    drop(closed);
    for thread in started {
        // It does nothing that could panic.
        drop(thread.join());
    }
    missing.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_there_where_nothing_limits_them() {
        check().unwrap();
    }
}
