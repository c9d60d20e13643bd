//! What replacing the mapping costs: throughput and the longest batch, without and while it is replaced all the time.
//!
//! `make bench` runs it. One thread maps as a source does; on another one candidates are made and put in place as fast
//! as that goes. Making a candidate takes a processor, so it is also measured what making them alone costs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use exotrace::{
    deployment::{DeployedMapper, Deployment, RollbackPolicy},
    mapper::{Component, Limits, Origin, RecordKind, Settings, default_mapping},
};

#[allow(dead_code, reason = "another bench needs the rest")]
#[path = "mapping/records.rs"]
mod records;

use records::{Shape, records};

/// How long each case is measured at a time.
const TIME: Duration = Duration::from_secs(2);

/// How often. The best counts, since a busy machine only makes things slower.
const ROUNDS: usize = 5;

const RECORDS: usize = 1000;

/// What is done beside the mail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// Candidates are made, and none is put in place.
    Preparing,
    /// Two mappings that are compiled already take turns.
    Replacing,
    /// Every candidate is compiled again.
    Compiling,
}

#[expect(clippy::print_stdout, reason = "the result")]
fn main() {
    let records = records(Shape::Graph, RECORDS, 590);
    println!("\n{RECORDS} records a batch; milliseconds; the fastest of {ROUNDS} rounds");
    println!(
        "{:<36} {:>9} {:>7} {:>7} {:>8} {:>12} {:>8}",
        "beside the mail", "records/s", "median", "99 %", "longest", "longest wait", "replaced"
    );
    for (name, beside) in [
        ("nothing", Beside::Nothing),
        ("candidates are made", Beside::Preparing),
        ("candidates are made and put in place", Beside::Replacing),
        ("the same, each compiled again", Beside::Compiling),
    ] {
        let rounds = (0..ROUNDS).map(|_| round(beside, &records));
        let best = rounds.max_by_key(|round| round.batches.len());
        report(name, &best.expect("there are rounds"));
    }
}

/// What came of one round.
struct Round {
    /// How long each batch took, shortest first.
    batches: Vec<Duration>,
    /// The longest time from the end of one batch to the end of the next.
    longest_wait: Duration,
    replaced: u32,
}

fn round(beside: Beside, records: &str) -> Round {
    let deployment = deployment();
    let mapper = deployment.mapper(0);
    measure(&mapper, records, Duration::from_millis(500));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = scope.spawn(|| keep_busy(&deployment, beside, &stop));
        let (batches, longest_wait) = measure(&mapper, records, TIME);
        stop.store(true, Ordering::Relaxed);
        Round { batches, longest_wait, replaced: busy.join().expect("what is beside the mail does not panic") }
    })
}

fn deployment() -> Arc<Deployment> {
    let component = Component::new(&with_section(u32::MAX)).expect("built-in components are whole");
    let policy = RollbackPolicy { max_slowdown: 1e9, ..RollbackPolicy::default() };
    let starts = vec![(component, Settings::default())];
    Deployment::new(starts, Limits::default(), policy, &Arc::default()).expect("the settings are right")
}

/// Does what is to be done beside the mail; gives how often the mapping was replaced.
fn keep_busy(deployment: &Arc<Deployment>, beside: Beside, stop: &AtomicBool) -> u32 {
    let (mut replaced, mut round) = (0, 0_u32);
    while beside != Beside::Nothing && !stop.load(Ordering::Relaxed) {
        let component = with_section(match beside {
            Beside::Compiling => round,
            Beside::Replacing => round % 2,
            // The current one is not a candidate.
            Beside::Preparing | Beside::Nothing => 0,
        });
        let candidate = deployment.prepare(&component).expect("built-in mappings prove themselves");
        if beside != Beside::Preparing {
            deployment.replace(candidate, "bench").expect("nothing is pinned");
            replaced += 1;
        }
        round += 1;
    }
    replaced
}

/// The same mapping in other bytes, so that what maps is equally fast: one more custom section, of four bytes.
fn with_section(number: u32) -> Vec<u8> {
    let mut bytes = default_mapping(RecordKind::Graph).bytes.to_vec();
    bytes.extend([0, 6, 1, b'n']);
    bytes.extend(number.to_le_bytes());
    bytes
}

/// How long each batch took, shortest first, and the longest time from the end of one to the end of the next.
fn measure(mapper: &DeployedMapper, records: &str, time: Duration) -> (Vec<Duration>, Duration) {
    let (began, mut took, mut longest_wait) = (Instant::now(), Vec::new(), Duration::ZERO);
    let mut end = Instant::now();
    while began.elapsed() < time {
        let begin = Instant::now();
        let batch = mapper.map_batch(records, &Origin::default()).expect("the mapping works");
        assert_eq!(batch.outcomes.len(), RECORDS);
        took.push(begin.elapsed());
        longest_wait = longest_wait.max(end.elapsed());
        end = Instant::now();
    }
    took.sort();
    (took, longest_wait)
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report(case: &str, Round { batches: took, longest_wait, replaced }: &Round) {
    let total: Duration = took.iter().sum();
    let rate = (took.len() * RECORDS) as f64 / total.as_secs_f64();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let at = |part: f64| milliseconds(took[((took.len() - 1) as f64 * part) as usize]);
    println!(
        "{case:<36} {rate:>9.0} {:>7.2} {:>7.2} {:>8.2} {:>12.2} {replaced:>8}",
        at(0.5),
        at(0.99),
        at(1.0),
        milliseconds(*longest_wait),
    );
}
