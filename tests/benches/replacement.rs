//! What replacing the mapping costs: throughput and the longest batch, without and while it is replaced all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use exotrace::mapper::{Component, Limits, Live, Mapper, Origin, Rules, Settings, built_in};

#[allow(dead_code, reason = "another bench needs the rest")]
#[path = "mapping/records.rs"]
mod records;

use records::{Shape, records};

/// How long each case is measured.
const TIME: Duration = Duration::from_secs(8);

const RECORDS: usize = 1000;

fn main() {
    let component = Component::new(bytes("2.2")).expect("built-in components are whole");
    let rules = Rules { max_slowdown: 1e9, ..Rules::default() };
    let starts = vec![(component, Settings::default())];
    let live = Live::new(starts, Limits::default(), rules, &Arc::default()).expect("the settings are right");
    let mapper = live.mapper(0);
    let records = records(Shape::Graph, RECORDS, 590);
    measure(&mapper, &records, Duration::from_secs(1));
    report("no replacement", &measure(&mapper, &records, TIME), 0);
    // The other processor prepares candidates and replaces the mapping as often as it can.
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let replacing = scope.spawn(|| {
            let mut replaced = 0;
            while !stop.load(Ordering::Relaxed) {
                let version = if replaced % 2 == 0 { "1.20" } else { "2.2" };
                let candidate = live.prepare(bytes(version)).expect("built-in mappings prove themselves");
                live.replace(candidate, "bench").expect("nothing is pinned");
                replaced += 1;
            }
            replaced
        });
        let measured = measure(&mapper, &records, TIME);
        stop.store(true, Ordering::Relaxed);
        report("replaced all the time", &measured, replacing.join().expect("replacing does not panic"));
    });
}

fn bytes(version: &str) -> &'static [u8] {
    built_in(version).expect("a built-in version").bytes
}

/// How long each batch took, shortest first.
fn measure(mapper: &Mapper, records: &str, time: Duration) -> Vec<Duration> {
    let (began, mut took) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let before = Instant::now();
        let batch = mapper.map_batch(records, &Origin::default()).expect("the mapping works");
        assert_eq!(batch.outcomes.len(), RECORDS);
        took.push(before.elapsed());
    }
    took.sort();
    took
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report(case: &str, took: &[Duration], replaced: u32) {
    let total: Duration = took.iter().sum();
    let rate = (took.len() * RECORDS) as f64 / total.as_secs_f64();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "{case:<22} {rate:>9.0} records/s, a batch of {RECORDS} takes {:.2} ms, 99 % at most {:.2}, the longest {:.2}; {replaced} replacements",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
