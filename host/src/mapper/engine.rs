//! The wasmtime engine that every component shares.

use std::{sync::LazyLock, thread, time::Duration};

use wasmtime::{Config, Engine};

/// How often the engine looks whether a call has run too long.
const TICK: Duration = Duration::from_millis(100);

/// The longest that one call may take, in ticks: 30 s. A batch of 10,000 records takes well under one.
pub(crate) const DEADLINE_TICKS: u64 = 300;

/// The most memory that one instance may have, in bytes.
pub(crate) const MAX_MEMORY_BYTES: usize = 512 * 1024 * 1024;

/// The one engine of the process, with its clock.
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).expect("the settings of the engine go together");
    let ticking = engine.weak();
    thread::spawn(move || {
        while let Some(engine) = ticking.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    });
    engine
});
