//! What the process uses of its machine, under the names that Prometheus gives to that everywhere.
//!
//! Linux tells it in `/proc`; elsewhere, and where that is hidden, what cannot be had is left out.

use std::{fs, sync::atomic::AtomicU64};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

type Seconds = Gauge<f64, AtomicU64>;
type Size = Gauge<u64, AtomicU64>;

/// Numbers of fields in `proc(5)`.
const USER_TIME: usize = 14;
const SYSTEM_TIME: usize = 15;
const START_TIME: usize = 22;

/// What the process uses now.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::with_prefix("process");
    if let Some(used) = used_seconds() {
        let counter = Counter::<f64, AtomicU64>::default();
        counter.inc_by(used);
        registry.register("cpu_seconds", "Time of processors that the process has used", counter);
    }
    if let Some(started) = started() {
        let gauge = Seconds::default();
        gauge.set(started);
        registry.register("start_time_seconds", "When the process was started, in seconds since 1970", gauge);
    }
    let mut size = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            let gauge = Size::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
    };
    let pages = pages();
    size("virtual_memory_bytes", "Address space of the process", pages.map(|(all, _)| all));
    size("resident_memory_bytes", "Memory of the process that is in use", pages.map(|(_, resident)| resident));
    size("open_fds", "Open files and sockets", open_files());
    size("max_fds", "Open files and sockets that are allowed", getrlimit(Resource::Nofile).current);
    registry
}

/// Address space and resident memory, in bytes.
fn pages() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let mut numbers = text.split(' ').map_while(|number| number.parse::<u64>().ok());
    let size = page_size() as u64;
    Some((numbers.next()?.checked_mul(size)?, numbers.next()?.checked_mul(size)?))
}

/// Without the one that counts them.
fn open_files() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    count.checked_sub(1)
}

/// Time that the process has used, for itself and in the system.
fn used_seconds() -> Option<f64> {
    let [user, system] = fields([USER_TIME, SYSTEM_TIME])?;
    Some(in_seconds(user + system))
}

/// When the process was started, in ticks after the start of the machine.
fn started() -> Option<f64> {
    let [ticks] = fields([START_TIME])?;
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let booted: u64 = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(booted as f64 + in_seconds(ticks))
}

fn in_seconds(ticks: u64) -> f64 {
    ticks as f64 / clock_ticks_per_second() as f64
}

/// Fields of `/proc/self/stat` by their numbers in `proc(5)`.
fn fields<const N: usize>(numbers: [usize; N]) -> Option<[u64; N]> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, which may have anything in it, ends with the last parenthesis; the state behind it is the third field.
    let (_, behind) = text.rsplit_once(')')?;
    let fields: Vec<_> = behind.split_whitespace().collect();
    let mut values = [0; N];
    for (value, number) in values.iter_mut().zip(numbers) {
        *value = fields.get(number - 3)?.parse().ok()?;
    }
    Some(values)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use chrono::Utc;

    use super::*;

    #[test]
    fn the_process_knows_itself() {
        let now = Utc::now().timestamp() as f64;
        let started = started().unwrap();
        assert!(started <= now + 2.0 && started > now - 86_400.0, "{started} {now}");
        assert!(used_seconds().unwrap() < 86_400.0);
        let (all, resident) = pages().unwrap();
        assert!(resident > 100_000 && all >= resident, "{all} {resident}");
        let before = open_files().unwrap();
        let file = fs::File::open("/dev/null").unwrap();
        assert!(open_files().unwrap() > 0 && before > 0);
        drop(file);
    }
}
