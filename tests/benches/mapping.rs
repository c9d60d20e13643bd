//! How fast records are mapped: natively, through the component, and against parsing the same bytes to a `Value`.
//!
//! `make bench` runs it and prints records a second and the ratios. Times differ from machine to machine; ratios hardly.

use std::{fs, hint::black_box, path::PathBuf, sync::Arc};

use criterion::{Criterion, Throughput};
use exotrace::{
    geo::Geo,
    mapper::{BUILT_IN, Component, Mapper, Origin, Settings},
};
use exotrace_mapping as native;
use exotrace_simulator::{Tenant, TenantConfig};
use serde_json::{Value, json};

/// How many records one call gets.
const RECORDS: usize = 1000;

/// How long every record is made, in bytes: what a record of the legacy service has on average.
const RECORD_BYTES: usize = 590;

fn main() {
    let output = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/criterion");
    let mut criterion = Criterion::default().output_directory(&output).configure_from_args();
    let records = records();
    bench(&mut criterion, &records);
    criterion.final_summary();
    report(&output, records.len());
}

/// Believable mail as the legacy service tells it, every record padded to the same length in its subject.
fn records() -> String {
    let tenant = Tenant::new(TenantConfig { rows: RECORDS, ..TenantConfig::default() });
    let mut records = String::new();
    for (index, row) in tenant.rows().iter().enumerate() {
        let row = serde_json::to_value(row).expect("a row is JSON");
        let mut record = legacy(&row, index);
        let missing = RECORD_BYTES.saturating_sub(record.to_string().len());
        let subject = record["Subject"].as_str().unwrap_or_default().to_owned();
        record["Subject"] =
            Value::String(subject + &" and so on".repeat(RECORD_BYTES).chars().take(missing).collect::<String>());
        records.push_str(&record.to_string());
        records.push('\n');
    }
    records
}

fn legacy(row: &Value, index: usize) -> Value {
    let received = row["receivedDateTime"].as_str().unwrap_or_default().trim_end_matches('Z');
    json!({
        "Organization": "contoso.onmicrosoft.com",
        "MessageId": row["messageId"],
        "Received": format!("{received}4907"),
        "SenderAddress": row["senderAddress"],
        "RecipientAddress": row["recipientAddress"],
        "Subject": row["subject"],
        "Status": row["status"],
        "ToIP": row["toIP"],
        "FromIP": row["fromIP"],
        "Size": row["size"],
        "MessageTraceId": row["id"],
        "StartDate": "2026-11-23T08:00:00.0369423Z",
        "EndDate": "2026-11-23T09:00:00.0369423Z",
        "Index": index,
    })
}

fn bench(criterion: &mut Criterion, records: &str) {
    let mut group = criterion.benchmark_group("mapping");
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("serde_json_value", |bencher| {
        bencher.iter(|| {
            for line in records.lines() {
                black_box(serde_json::from_slice::<Value>(line.as_bytes()).expect("records are JSON"));
            }
        });
    });
    for built_in in BUILT_IN {
        let name = built_in.version;
        let mut session = native_session(name);
        group.bench_function(format!("native_{name}"), |bencher| {
            bencher.iter(|| session.map_batch(records, &native::Origin::default(), &mut native::NoGeo));
        });
        let component = Component::new(built_in.bytes).expect("built-in components are whole");
        let settings = Settings {
            local_domains: Some(vec!["contoso.com".to_owned()]),
            preserve_original_event: true,
            tags: vec!["forwarded".to_owned()],
            ..Settings::default()
        };
        let mapper = Mapper::new(component, settings, Arc::new(Geo::default())).expect("the settings are right");
        group.bench_function(format!("component_{name}"), |bencher| {
            bencher.iter(|| mapper.map_batch(records, &Origin::default()).expect("the component works"));
        });
    }
    group.finish();
}

fn native_session(version: &str) -> native::Session {
    let settings = native::Settings {
        local_domains: Some(vec!["contoso.com".to_owned()]),
        preserve_original_event: true,
        tags: vec!["forwarded".to_owned()],
        ..native::Settings::default()
    };
    let version = if version == "1.20" { &native::Version::V1_20 } else { &native::Version::V2_2 };
    native::Session::open(version, &settings).expect("the settings are right")
}

#[expect(clippy::print_stdout, reason = "the result")]
fn report(output: &std::path::Path, bytes: usize) {
    let nanoseconds = |name: &str| {
        let file = output.join("mapping").join(name).join("new/estimates.json");
        let estimates: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    };
    let Some(parsing) = nanoseconds("serde_json_value") else { return };
    println!("{RECORDS} records of {} bytes, one core, medians", bytes / RECORDS);
    println!("{:<20} {:>12} {:>10} {:>22}", "", "records/s", "ns/byte", "rate against parsing");
    let names = BUILT_IN.iter().flat_map(|known| ["native", "component"].map(|way| format!("{way}_{}", known.version)));
    for name in ["serde_json_value".to_owned()].into_iter().chain(names) {
        let Some(time) = nanoseconds(&name) else { continue };
        let per_second = RECORDS as f64 / time * 1e9;
        println!("{name:<20} {per_second:>12.0} {:>10.2} {:>22.2}", time / bytes as f64, parsing / time);
    }
}
