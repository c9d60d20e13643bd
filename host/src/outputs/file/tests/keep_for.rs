//! Finished files that are too old.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn finished_files_are_deleted_when_they_are_too_old() {
    let mut setup = FileSetup::new();
    setup.config = FileOutputConfig { keep_for: Some(Duration::from_secs(21 * 24 * 3600)), ..setup.config };
    let age = |days: i64| (Utc::now() - chrono::Duration::days(days)).format("%Y%m%dT%H%M%S.000Z").to_string();
    let (young, old, older) = (age(20), age(22), age(400));
    let kept = [
        format!("trace-{young}.ndjson"),
        format!("trace-{young}.ndjson.gz"),
        // Not of this output: another stem, another extension, no time, a time of another form, notes beside it.
        format!("trace-it-{old}.ndjson"),
        format!("trace-{old}.json"),
        "trace-notes.ndjson".to_owned(),
        "trace-20200101T000000Z.ndjson".to_owned(),
        format!("trace-{old}.ndjson.txt"),
        format!("trace-{old}.ndjson.gz.part"),
    ];
    let deleted =
        [format!("trace-{old}.ndjson"), format!("trace-{older}.ndjson.gz"), format!("trace-{older}.ndjson.zst")];
    let put_all =
        || kept.iter().chain(&deleted).for_each(|name| fs::write(setup.folder.path().join(name), "x").unwrap());
    let mut kept_sorted = kept.to_vec();
    kept_sorted.sort();
    // The file that is written is not touched, however old it is.
    fs::write(&setup.config.path, "1\n").unwrap();
    let year = std::time::SystemTime::now() - Duration::from_secs(365 * 24 * 3600);
    fs::File::options().append(true).open(&setup.config.path).unwrap().set_modified(year).unwrap();
    let mut output = FileOutput::new(&setup.config);
    for look in [FileOutput::noted, FileOutput::tidy] {
        put_all();
        look(&mut output);
        assert_eq!(setup.finished(), kept_sorted);
        assert_eq!(setup.content(), "1\n");
    }
    put_all();
    setup.config.keep_for = None;
    FileOutput::new(&setup.config).noted();
    FileOutput::new(&setup.config).tidy();
    assert_eq!(setup.finished().len(), kept.len() + deleted.len());
}
