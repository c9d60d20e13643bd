//! Geo databases are replaced while mail flows.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use exotrace::{
    geo::Geo,
    mapper::{Component, Mapper, Origin, Settings, built_in},
};
use serde_json::Value;

use crate::harness::{Folder, MappingDaemon, NOWHERE, fixture, project, wait_for};

const CITY: &str = "fixtures/geo/City.mmdb";
const ASN: &str = "fixtures/geo/ASN.mmdb";

/// Puts another database where one is, as `geoipupdate` does.
fn put(file: &Path, database: &str) {
    let new = file.with_extension("new");
    fs::copy(project().join(database), &new).unwrap();
    fs::rename(new, file).unwrap();
}

/// Puts a database there that knows nothing of networks, and does not say so in its type.
fn put_other(file: &Path) {
    let mut database = fs::read(project().join(CITY)).unwrap();
    let name = b"GeoLite2-City";
    let at = database.windows(name.len()).position(|bytes| bytes == name).unwrap();
    database[at..at + name.len()].copy_from_slice(b"GeoLite2-Test");
    let new = file.with_extension("new");
    fs::write(&new, database).unwrap();
    fs::rename(new, file).unwrap();
}

/// Looks as often as it takes to see a change.
fn look(geo: &Geo) {
    geo.look_for_changes();
    geo.look_for_changes();
}

fn mapper(geo: &Arc<Geo>) -> Mapper {
    Mapper::new(Component::new(built_in("2.2").unwrap().bytes).unwrap(), Settings::default(), Arc::clone(geo)).unwrap()
}

/// The names of those who announce the addresses of `records` records, all of which are the same.
fn organizations(mapper: &Mapper, records: usize) -> Vec<Option<String>> {
    let record = "{\"id\":\"1\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"fromIP\":\"192.0.2.1\"}\n";
    let batch = mapper.map_batch(&record.repeat(records), &Origin::default()).unwrap();
    let mut names = Vec::new();
    for document in batch.documents.lines() {
        let document: Value = serde_json::from_str(document).unwrap();
        let name = document["source"]["as"]["organization"]["name"].as_str();
        names.push(name.map(str::to_owned));
    }
    names
}

#[test]
fn another_database_counts_from_the_next_batch_on() {
    let folder = Folder::new();
    let file = folder.path("ASN.mmdb");
    put_other(&file);
    let geo = Arc::new(Geo::open(None, Some(&file)).unwrap());
    let mapper = mapper(&geo);
    assert_eq!(organizations(&mapper, 1), [None]);
    put(&file, ASN);
    geo.look_for_changes();
    assert_eq!(organizations(&mapper, 1), [None], "perhaps half written");
    geo.look_for_changes();
    let found = Some("Fabrikam Networks Ltd".to_owned());
    assert_eq!(organizations(&mapper, 2), [found.clone(), found.clone()], "no instance keeps what it knew");

    for broken in ["", "no database"] {
        fs::write(&file, broken).unwrap();
        look(&geo);
        assert_eq!(organizations(&mapper, 1), std::slice::from_ref(&found), "the one before stays");
    }
    fs::remove_file(&file).unwrap();
    look(&geo);
    assert_eq!(organizations(&mapper, 1), std::slice::from_ref(&found));
    put(&file, CITY);
    look(&geo);
    assert_eq!(organizations(&mapper, 1), [found], "one of the other kind is not taken");
    put_other(&file);
    look(&geo);
    assert_eq!(organizations(&mapper, 1), [None]);
}

#[test]
fn a_batch_asks_the_same_databases_from_start_to_end() {
    let folder = Folder::new();
    let file = folder.path("ASN.mmdb");
    put(&file, ASN);
    let geo = Arc::new(Geo::open(None, Some(&file)).unwrap());
    let mapper = mapper(&geo);
    let (stop, batches) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let stream = scope.spawn(|| {
            let mut known = 0;
            while !stop.load(Ordering::Relaxed) {
                let names = organizations(&mapper, 50);
                assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
                known += usize::from(names[0].is_some());
                batches.fetch_add(1, Ordering::Relaxed);
            }
            (known, batches.load(Ordering::Relaxed))
        });
        for round in 0..60 {
            let before = batches.load(Ordering::Relaxed);
            if round % 2 == 0 {
                put_other(&file);
            } else {
                put(&file, ASN);
            }
            look(&geo);
            wait_for("mail goes on", || batches.load(Ordering::Relaxed) > before + 1 || stream.is_finished());
        }
        stop.store(true, Ordering::Relaxed);
        let (known, all) = stream.join().unwrap();
        assert!(known > 0 && (known as u64) < all, "{known} of {all}");
    });
}

#[test]
fn the_running_program_takes_another_database_and_names_a_broken_one_once() {
    let geoip = "path = \"mapping.wasm\"\n[geoip]\ncity = \"City.mmdb\"";
    let daemon = MappingDaemon::prepared(geoip, NOWHERE, |folder| put(&folder.path("City.mmdb"), CITY));
    put_other(&daemon.path("City.mmdb"));
    daemon.wait_for_log("geo database replaced");
    // At once: an empty file would be another broken one.
    fs::rename(daemon.write("new", "no database"), daemon.path("City.mmdb")).unwrap();
    let problem = "could not replace the geo database; the previous one is used";
    daemon.wait_for_log(problem);
    assert!(daemon.log().contains("City.mmdb` is not a database in MaxMind format"), "{}", daemon.log());
    put(&daemon.path("City.mmdb"), CITY);
    daemon.wait_until("it is mended", |daemon| daemon.log().matches("geo database replaced").count() == 2);
    assert_eq!(daemon.log().matches(problem).count(), 1, "{}", daemon.log());
}

#[test]
fn swapped_databases_are_refused_with_what_to_swap() {
    let file = |name: &str| fixture("geo").join(name);
    let settings = |city: &str, asn: &str| {
        format!(
            "state_dir = \"state\"\n[geoip]\ncity = {:?}\nasn = {:?}\n[[source]]\ntype = \"file\"\n\
             paths = [\"/nowhere/*\"]\n[[output]]\ntype = \"stdout\"\n",
            file(city),
            file(asn)
        )
    };
    let folder = Folder::with_settings(&settings("ASN.mmdb", "City.mmdb"));
    for command in ["check", "run", "doctor"] {
        let ended = folder.exotrace(&[command]).run();
        let said = ended.all();
        let expected = "ASN.mmdb` is a database of type `GeoLite2-ASN`, which tells nothing for `geoip.city`";
        assert!(said.contains(expected) && said.contains("swap `geoip.city` and `geoip.asn`"), "{ended}");
        assert!(!ended.status.success(), "{ended}");
    }
    folder.write_settings(&settings("City.mmdb", "ASN.mmdb"));
    let said = folder.exotrace(&["doctor"]).run().stdout;
    assert!(said.contains("City.mmdb: GeoLite2-City of ") && said.contains(" old; "), "{said}");
}
