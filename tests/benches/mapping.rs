//! How fast records are mapped: natively, through the component, and against parsing the same bytes to a `Value`.
//!
//! `make bench` runs it and prints records a second and the ratios. Times differ from machine to machine; ratios hardly.

use std::{fs, hint::black_box, path::Path, sync::Arc, time::Duration};

use criterion::{Bencher, Criterion, Throughput};
use exotrace::{
    geo::Geo,
    mapper::{BUILT_IN, BuiltIn, Component, Mapper, Origin, PseudonymKey, Settings},
};
use exotrace_mapping as native;
use serde_json::Value;

#[path = "mapping/records.rs"]
mod records;

use records::{Shape, records};

/// How many records one call gets where nothing else is said.
const RECORDS: usize = 1000;

/// How long every record is made, in bytes, where nothing else is said: what one of the legacy service has on average.
const RECORD_BYTES: usize = 590;

/// The lengths of records in the table of sizes, in bytes.
const LENGTHS: [usize; 4] = [400, 590, 4 * 1024, 64 * 1024];

/// The sizes of batches in the table of sizes, in records.
const BATCHES: [usize; 4] = [1, 10, 1000, 10_000];

/// What does not fit in a machine's memory several times over is left out, in bytes.
const MOST_BYTES: usize = 100_000_000;

/// What is measured three ways.
struct Case {
    built_in: BuiltIn,
    shape: Shape,
    preserve_original_event: bool,
    hides_people: bool,
}

/// The profile of the case that hides people, and its key.
const OPTIONS: &str = r#"{"privacy":{"key_id":"k"}}"#;
const KEY: &[u8; 32] = b"0123456789abcdef0123456789ABCDEF";

/// Every version with the records that are longest to parse, and the newest one with others.
fn cases() -> Vec<Case> {
    let case = |built_in, shape, preserve_original_event| Case {
        built_in,
        shape,
        preserve_original_event,
        hides_people: false,
    };
    let mut cases = Vec::from(BUILT_IN.map(|built_in| case(built_in, Shape::Legacy, false)));
    cases.extend([case(newest(), Shape::Graph, false), case(newest(), Shape::Legacy, true)]);
    cases.push(Case { hides_people: true, ..case(newest(), Shape::Graph, false) });
    cases
}

/// The newest of ECS.
fn newest() -> BuiltIn {
    BUILT_IN.into_iter().rfind(|built_in| !built_in.version.contains('-')).expect("there are some")
}

fn main() {
    let output = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/criterion");
    let mut criterion = Criterion::default().output_directory(&output).configure_from_args();
    for case in &cases() {
        measure(&mut criterion, case);
    }
    measure_sizes(&mut criterion);
    criterion.final_summary();
    report(&output);
    report_allocations();
    report_sizes(&output);
}

impl Case {
    fn name(&self) -> String {
        let shape = match self.shape {
            Shape::Legacy => "legacy",
            Shape::Graph => "graph",
        };
        let original = if self.preserve_original_event { " original" } else { "" };
        let hidden = if self.hides_people { " hidden" } else { "" };
        format!("{} {shape}{original}{hidden}", self.built_in.version)
    }

    fn mapper(&self) -> Mapper {
        let component = Component::new(self.built_in.bytes).expect("built-in components are whole");
        let settings = Settings {
            local_domains: Some(vec!["contoso.com".to_owned()]),
            preserve_original_event: self.preserve_original_event,
            tags: vec!["forwarded".to_owned()],
            options: self.hides_people.then(|| serde_json::from_str(OPTIONS).expect("options are JSON")),
            pseudonym_key: self.hides_people.then(|| PseudonymKey::new(KEY.to_vec())),
            ..Settings::default()
        };
        Mapper::new(component, settings, Arc::new(Geo::default())).expect("the settings are right")
    }

    fn session(&self) -> native::Session {
        let settings = native::Settings {
            local_domains: Some(vec!["contoso.com".to_owned()]),
            preserve_original_event: self.preserve_original_event,
            tags: vec!["forwarded".to_owned()],
            options: self.hides_people.then(|| OPTIONS.to_owned()),
            pseudonym_key: self.hides_people.then(|| KEY.to_vec()),
            ..native::Settings::default()
        };
        let version = native::versions::find(self.built_in.version).expect("the library has every built-in version");
        native::Session::open(version, &settings).expect("the settings are right")
    }
}

fn measure(criterion: &mut Criterion, case: &Case) {
    let records = records(case.shape, RECORDS, RECORD_BYTES);
    let mut group = criterion.benchmark_group(case.name());
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("parsing", |bencher| parse(bencher, &records));
    let mut session = case.session();
    group.bench_function("native", |bencher| bencher.iter(|| map(&mut session, &records)));
    let mapper = case.mapper();
    group.bench_function("component", |bencher| {
        bencher.iter(|| mapper.map_batch(&records, &Origin::default()).expect("the component works"));
    });
    group.finish();
}

fn parse(bencher: &mut Bencher<'_>, records: &str) {
    bencher.iter(|| {
        for line in records.lines() {
            black_box(serde_json::from_slice::<Value>(line.as_bytes()).expect("records are JSON"));
        }
    });
}

fn map(session: &mut native::Session, records: &str) -> native::MappedBatch {
    session.map_batch(records, &native::Origin::default(), &mut native::NoGeo)
}

/// Every length of record in every size of batch, through the component.
fn sizes() -> impl Iterator<Item = (usize, usize)> {
    LENGTHS.into_iter().flat_map(|length| BATCHES.map(|batch| (length, batch)))
}

fn measure_sizes(criterion: &mut Criterion) {
    let case = Case { built_in: newest(), shape: Shape::Graph, preserve_original_event: false, hides_people: false };
    let mapper = case.mapper();
    let mut group = criterion.benchmark_group("sizes");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    for (length, batch) in sizes().filter(|(length, batch)| length * batch <= MOST_BYTES) {
        let records = records(Shape::Graph, batch, length);
        group.throughput(Throughput::Bytes(records.len() as u64));
        group.bench_function(format!("{length} {batch}"), |bencher| {
            bencher.iter(|| mapper.map_batch(&records, &Origin::default()).expect("the component works"));
        });
    }
    group.finish();
}

/// The median of one measurement, in nanoseconds.
fn median(output: &Path, group: &str, name: &str) -> Option<f64> {
    let file = output.join(group).join(name).join("new/estimates.json");
    let estimates: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report(output: &Path) {
    println!("\n{RECORDS} records of {RECORD_BYTES} bytes, one core, medians; rates are against parsing to a `Value`");
    println!("{:<20} {:>12} {:>9} {:>10} {:>15}", "", "records/s", "rate", "native", "native/component");
    for case in &cases() {
        let time = |name| median(output, &case.name(), name);
        let (Some(parsing), Some(native), Some(component)) = (time("parsing"), time("native"), time("component"))
        else {
            continue;
        };
        let (name, per_second) = (case.name(), RECORDS as f64 / component * 1e9);
        let (rate, native_rate, slower) = (parsing / component, parsing / native, component / native);
        println!("{name:<20} {per_second:>12.0} {rate:>9.2} {native_rate:>10.2} {slower:>15.2}");
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report_allocations() {
    let records = records(Shape::Legacy, RECORDS, RECORD_BYTES);
    let case = Case { built_in: newest(), shape: Shape::Legacy, preserve_original_event: false, hides_people: false };
    let mut session = case.session();
    map(&mut session, &records); // fills the caches
    let counted = allocation_counter::measure(|| drop(black_box(map(&mut session, &records))));
    println!("\nallocations: {:.2} a record", counted.count_total as f64 / RECORDS as f64);
    for built_in in BUILT_IN {
        println!("component {}: {} bytes", built_in.version, built_in.bytes.len());
    }
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report_sizes(output: &Path) {
    println!("\nns per byte of Graph records, mapping {}\n", newest().version);
    println!("| bytes a record | {} |", BATCHES.map(|batch| format!("{batch} a batch")).join(" | "));
    println!("|--:|--:|--:|--:|--:|");
    for length in LENGTHS {
        let cell = |batch| match median(output, "sizes", &format!("{length} {batch}")) {
            Some(time) if length * batch <= MOST_BYTES => format!("{:.2}", time / (length * batch) as f64),
            _ => "-".to_owned(),
        };
        println!("| {length} | {} |", BATCHES.map(cell).join(" | "));
    }
}
