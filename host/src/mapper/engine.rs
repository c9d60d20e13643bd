//! The wasmtime engines that components share.

use std::{sync::LazyLock, thread, time::Duration};

use exotrace_built_in::config;
use wasmtime::{Config, Engine};

/// How often the engines look whether a call has run too long.
const TICK: Duration = Duration::from_millis(50);

/// The engine of the process, with its clock.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| ticking(&config()));

/// The engine that counts what is executed as well, which makes mapping slower by about a third.
static METERED: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = config();
    config.consume_fuel(true);
    ticking(&config)
});

/// The engine that meters, or the other one.
pub(super) fn engine(is_metering: bool) -> &'static Engine {
    if is_metering { &METERED } else { &ENGINE }
}

/// A span of time in ticks, never too short.
pub(crate) fn ticks(span: Duration) -> u64 {
    let ticks = span.as_nanos().div_ceil(TICK.as_nanos()) + 1;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

fn ticking(config: &Config) -> Engine {
    let engine = Engine::new(config).expect("the settings of the engine go together");
    let ticking = engine.weak();
    thread::spawn(move || {
        while let Some(engine) = ticking.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    });
    engine
}
