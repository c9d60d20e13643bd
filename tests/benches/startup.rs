//! How long it takes from a component's bytes to the first document: compiled again, and with a warm cache.
//!
//! `make bench` runs it. The best of several runs, since a busy machine only makes things slower.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use exotrace::{
    geo::Geo,
    mapper::{BUILT_IN, BuiltIn, Loader, Mapper, Origin, Settings},
};

/// How often each is measured.
const RUNS: usize = 5;

const RECORD: &str = r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"ann@contoso.com"}"#;

#[expect(clippy::print_stdout, reason = "the result")]
fn main() {
    // The engine, its clock and the allocator are there once in a process; they are not part of either.
    first_document(BUILT_IN[0], &Loader::default());
    println!("\ntime to the first document, milliseconds, best of {RUNS}");
    println!("{:<10} {:>10} {:>10} {:>10}", "mapping", "no cache", "cold", "warm");
    for built_in in BUILT_IN {
        let none = best(|| first_document(built_in, &Loader::default()));
        let cold = best(|| {
            let folder = tempfile::tempdir().expect("there is room for a folder");
            with_cache(built_in, folder.path())
        });
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let warm = best(|| with_cache(built_in, folder.path()));
        let [none, cold, warm] = [none, cold, warm].map(|time| time.as_secs_f64() * 1e3);
        println!("{:<10} {none:>10.1} {cold:>10.1} {warm:>10.1}", built_in.version);
    }
}

fn with_cache(built_in: BuiltIn, folder: &Path) -> Duration {
    let begin = Instant::now();
    let loader = Loader::default().with_cache(folder);
    first_document(built_in, &loader);
    begin.elapsed()
}

fn first_document(built_in: BuiltIn, loader: &Loader) -> Duration {
    let begin = Instant::now();
    let component = loader.built_in(built_in).expect("built-in components are whole");
    let mapper = Mapper::new(component, Settings::default(), Arc::new(Geo::default())).expect("the settings are right");
    let batch = mapper.map_batch(RECORD, &Origin::default()).expect("the component works");
    assert_eq!(batch.documents().count(), 1);
    begin.elapsed()
}

fn best(measure: impl Fn() -> Duration) -> Duration {
    (0..RUNS).map(|_| measure()).min().expect("there are runs")
}
