//! How fast the core modules are in the hosts of the tests: records of the fixtures, one at a time.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench that panics has failed")]

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use exotrace_module_hosts::{FLUENT_BIT, FluentBit, REDPANDA_CONNECT, RedpandaConnect, fixture};

fn modules(criterion: &mut Criterion) {
    let records: Vec<_> = fixture("well-formed").unwrap().into_iter().map(|(record, _)| record).collect();
    let mut group = criterion.benchmark_group("modules");
    group.throughput(Throughput::Elements(records.len() as u64));
    let mut filter = FluentBit::load(Path::new(FLUENT_BIT)).unwrap();
    group.bench_function("fluent_bit", |bencher| {
        bencher.iter(|| records.iter().map(|record| filter.filter(record.as_bytes())).count());
    });
    let mut processor = RedpandaConnect::load(Path::new(REDPANDA_CONNECT)).unwrap();
    group.bench_function("redpanda_connect", |bencher| {
        bencher.iter(|| records.iter().map(|record| processor.process(record.as_bytes()).unwrap()).count());
    });
    group.finish();
}

criterion_group!(benches, modules);
criterion_main!(benches);
