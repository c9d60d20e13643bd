use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use super::{settings::FileCompression, *};
use crate::{mapper::MappedBatch, pipeline::Tail, support::finding::Verdict};

mod keep_for;

struct FileSetup {
    folder: tempfile::TempDir,
    config: FileOutputConfig,
}

impl FileSetup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = FileOutputConfig {
            path: folder.path().join("trace.ndjson"),
            rotate_bytes: 1_000_000,
            rotate_age: Duration::from_secs(3600),
            compression: FileCompression::None,
            keep: None,
            keep_for: None,
            mode: None,
        };
        Self { folder, config }
    }

    fn content(&self) -> String {
        fs::read_to_string(&self.config.path).unwrap()
    }

    /// The names of finished files, in order.
    fn finished(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name != "trace.ndjson" && name != ".trace.ndjson.exotrace");
        names.sort();
        names
    }
}

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-03-04T05:06:07.008Z").unwrap().to_utc()
}

/// Delivers a line, and notes it.
fn deliver(output: &mut FileOutput, line: &str) -> WritePosition {
    deliver_at(output, line, now())
}

fn deliver_at(output: &mut FileOutput, line: &str, now: DateTime<Utc>) -> WritePosition {
    output.prepare_at(now).unwrap();
    output.write(batch(line).documents.as_bytes()).unwrap();
    output.noted();
    output.position().unwrap()
}

fn batch(line: &str) -> MappedBatch {
    MappedBatch { documents: format!("{line}\n"), ..MappedBatch::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_does_not_know_is_cut_off() {
    let setup = FileSetup::new();
    let mut output = FileOutput::new(&setup.config);
    let noted = deliver(&mut output, "1");
    output.write(b"2\n3").unwrap();
    drop(output);

    let mut output = FileOutput::new(&setup.config);
    output.recover(noted);
    assert_eq!(deliver(&mut output, "2").length, 4);
    assert_eq!(setup.content(), "1\n2\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_others_is_gone_on_with() {
    let setup = FileSetup::new();
    fs::write(&setup.config.path, "theirs").unwrap();
    let mut output = FileOutput::new(&setup.config);
    output.recover(WritePosition { length: 2, ..WritePosition::default() });
    deliver(&mut output, "1");
    assert_eq!(setup.content(), "theirs\n1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_noted_before_it_is_written() {
    let setup = FileSetup::new();
    let mut output = FileOutput::new(&setup.config);
    let begun = output.prepare_at(now()).unwrap().unwrap();
    assert_eq!((begun.length, begun.began), (0, now().timestamp_millis()));
    assert_eq!(output.prepare_at(now()).unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_moved_or_deleted_is_begun_anew() {
    let setup = FileSetup::new();
    let mut output = FileOutput::new(&setup.config);
    deliver(&mut output, "1");
    fs::rename(&setup.config.path, setup.folder.path().join("moved")).unwrap();
    deliver(&mut output, "2");
    fs::remove_file(&setup.config.path).unwrap();
    deliver(&mut output, "3");
    assert_eq!(setup.content(), "3\n");
    assert_eq!(fs::read_to_string(setup.folder.path().join("moved")).unwrap(), "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_or_old_file_is_finished() {
    let mut setup = FileSetup::new();
    setup.config.rotate_bytes = 3;
    let mut output = FileOutput::new(&setup.config);
    for line in ["1", "2", "3"] {
        deliver(&mut output, line);
    }
    assert_eq!(setup.finished(), ["trace-20260304T050607.008Z.ndjson"]);
    assert_eq!(setup.content(), "3\n");
    // Of the same millisecond.
    deliver(&mut output, "4");
    deliver(&mut output, "5");
    deliver_at(&mut output, "6", now() + chrono::Duration::hours(1));
    let expected =
        ["trace-20260304T050607.008Z.ndjson", "trace-20260304T050607.009Z.ndjson", "trace-20260304T060607.008Z.ndjson"];
    assert_eq!(setup.finished(), expected);
    assert_eq!(setup.content(), "6\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_files_are_compressed_and_the_oldest_deleted() {
    for (compression, extension) in [(FileCompression::Gzip, "gz"), (FileCompression::Zstd, "zst")] {
        let mut setup = FileSetup::new();
        setup.config = FileOutputConfig { rotate_bytes: 1, compression, keep: Some(2), ..setup.config };
        fs::write(setup.folder.path().join("trace-notes.ndjson"), "theirs").unwrap();
        let mut output = FileOutput::new(&setup.config);
        for (hour, line) in ["1", "2", "3", "4"].into_iter().enumerate() {
            deliver_at(&mut output, line, now() + chrono::Duration::minutes(hour as i64));
        }
        let expected = ["08", "09"].map(|minute| format!("trace-20260304T05{minute}07.008Z.ndjson.{extension}"));
        assert_eq!(setup.finished(), [&expected[..], &["trace-notes.ndjson".to_owned()]].concat());
        let bytes = fs::File::open(setup.folder.path().join(&expected[1])).unwrap();
        let mut text = String::new();
        match compression {
            FileCompression::Zstd => zstd::Decoder::new(bytes).unwrap().read_to_string(&mut text).unwrap(),
            _ => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap(),
        };
        assert_eq!(text, "3\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_that_was_killed_left_uncompressed_is_compressed_at_the_start() {
    let mut setup = FileSetup::new();
    setup.config.compression = FileCompression::Gzip;
    let finished = setup.folder.path().join("trace-20260304T050607.008Z.ndjson");
    fs::write(&finished, "1\n").unwrap();
    fs::write(finished.with_added_extension("gz"), "whole or not").unwrap();
    FileOutput::new(&setup.config).noted();
    assert_eq!(setup.finished(), ["trace-20260304T050607.008Z.ndjson.gz"]);
    let mut text = String::new();
    let bytes = fs::File::open(finished.with_added_extension("gz")).unwrap();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    assert_eq!(text, "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_file_is_not_written_to_after_a_crash() {
    let mut setup = FileSetup::new();
    setup.config.rotate_bytes = 2;
    let mut output = FileOutput::new(&setup.config);
    let noted = deliver(&mut output, "1");
    // Finished and begun again, and the ledger has not heard.
    output.prepare_at(now()).unwrap();
    drop(output);
    let mut output = FileOutput::new(&setup.config);
    output.recover(noted);
    deliver(&mut output, "2");
    assert_eq!(setup.content(), "2\n");
    assert_eq!(fs::read_to_string(setup.folder.path().join(&setup.finished()[0])).unwrap(), "1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_made_and_a_place_that_cannot_be_written_is_named() {
    let mut setup = FileSetup::new();
    setup.config.path = setup.folder.path().join("missing/trace.ndjson");
    FileOutput::new(&setup.config).prepare_at(now()).unwrap();
    setup.config.path = setup.folder.path().join("missing/trace.ndjson/trace.ndjson");
    let error = FileOutput::new(&setup.config).prepare_at(now()).unwrap_err();
    assert!(error.to_string().ends_with("missing/trace.ndjson/trace.ndjson`"), "{error}");
    assert!(!error.is_transient() && !error.is_final());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_takes_nothing_in_part_and_may_get_room() {
    let mut setup = FileSetup::new();
    setup.config.path = "/dev/full".into();
    let mut output = FileOutput::new(&setup.config);
    output.prepare_at(now()).unwrap();
    let error = output.write(b"1\n").unwrap_err();
    assert_eq!(error.to_string(), "could not write `/dev/full`");
    assert!(error.is_transient());
}

/// What the file has, and what the finished one has, after another line was delivered on from this position.
fn gone_on_with(setup: &FileSetup, noted: WritePosition) -> (String, String) {
    let mut output = FileOutput::new(&setup.config);
    output.recover(noted);
    deliver(&mut output, "next");
    let finished = setup.finished();
    let finished = finished.first().map(|name| fs::read_to_string(setup.folder.path().join(name)).unwrap());
    (setup.content(), finished.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_from_a_backup_cuts_nothing() {
    let setup = FileSetup::new();
    let mut output = FileOutput::new(&setup.config);
    let backup = deliver(&mut output, "1");
    deliver(&mut output, "2");
    drop(output);
    assert_eq!(gone_on_with(&setup, backup), ("next\n".to_owned(), "1\n2\n".to_owned()));
    // The same of a run that was killed in the middle of what it wrote.
    let setup = FileSetup::new();
    let mut output = FileOutput::new(&setup.config);
    let backup = deliver(&mut output, "1");
    deliver(&mut output, "2");
    output.write(b"3\nhal").unwrap();
    drop(output);
    assert_eq!(gone_on_with(&setup, backup), ("next\n".to_owned(), "1\n2\n3\nhal\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_was_left_is_kept() {
    for others in ["theirs, which is longer\nand has no end", "1\ntheirs\n", "2\n"] {
        let setup = FileSetup::new();
        let mut output = FileOutput::new(&setup.config);
        let noted = deliver(&mut output, "1");
        drop(output);
        // The same inode, as `cp` does it.
        fs::write(&setup.config.path, others).unwrap();
        let (current, finished) = gone_on_with(&setup, noted);
        assert_eq!((current.as_str(), finished.trim_end()), ("next\n", others.trim_end()), "{others:?}");
        assert!(finished.ends_with('\n'));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_of_an_earlier_version_is_believed() {
    let setup = FileSetup::new();
    let mut output = FileOutput::new(&setup.config);
    let noted = deliver(&mut output, "1");
    output.write(b"2\n3").unwrap();
    drop(output);
    fs::remove_file(write_marker::name(&setup.config.path)).unwrap();
    let (current, finished) = gone_on_with(&setup, WritePosition { tail: Tail::default(), ..noted });
    assert_eq!((current.as_str(), finished.as_str()), ("1\nnext\n", ""));
    // Without one that says so, nothing is cut.
    fs::remove_file(write_marker::name(&setup.config.path)).unwrap();
    let (current, finished) = gone_on_with(&setup, noted);
    assert_eq!((current.as_str(), finished.as_str()), ("next\n", "1\nnext\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_the_mode_that_was_asked_for() {
    let mut setup = FileSetup::new();
    setup.config =
        FileOutputConfig { rotate_bytes: 1, compression: FileCompression::Zstd, mode: Some(0o664), ..setup.config };
    let mut output = FileOutput::new(&setup.config);
    deliver(&mut output, "1");
    deliver(&mut output, "2");
    let finished = setup.folder.path().join(&setup.finished()[0]);
    for path in [&setup.config.path, &finished] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o664, "{path:?}");
    }
}

/// As in a folder of another user, who has made the output file for us.
#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_made_beside_it_the_file_is_written_all_the_same() {
    let setup = FileSetup::new();
    fs::create_dir(write_marker::name(&setup.config.path)).unwrap();
    let mut output = FileOutput::new(&setup.config);
    let noted = deliver(&mut output, "1");
    output.write(b"2\n3").unwrap();
    drop(output);
    assert_eq!(gone_on_with(&setup, noted), ("1\nnext\n".to_owned(), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_an_output_writes_is_known() {
    let mut setup = FileSetup::new();
    setup.config.rotate_bytes = 1;
    let mut output = FileOutput::new(&setup.config);
    deliver(&mut output, "1");
    deliver(&mut output, "2");
    let mut there: Vec<_> = fs::read_dir(setup.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut known = setup.config.written_files();
    there.sort();
    known.sort();
    assert_eq!(known, there);
}

#[tokio::test]
async fn a_file_is_examined_and_nothing_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let (path, compression) = (folder.path().join(name), FileCompression::None);
        let (rotate_bytes, rotate_age) = (1000, Duration::from_secs(60));
        FileOutput::new(&FileOutputConfig {
            path,
            rotate_bytes,
            rotate_age,
            compression,
            keep: None,
            keep_for: None,
            mode: None,
        })
    };
    let first = async |name: &str| {
        let options = ExamineOptions { settings: Path::new("exotrace.toml"), may_post: false };
        let finding = file(name).examine(&options).await.swap_remove(0);
        (finding.verdict, finding.detail)
    };
    assert!(first("trace").await.1.ends_with("trace` can be made"));
    assert!(first("missing/trace").await.1.ends_with("missing/trace` can be made, with its folder"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(folder.path().join("trace"), "1\n").unwrap();
    assert!(first("trace").await.1.ends_with("trace` can be written"));
    assert_eq!(fs::read(folder.path().join("trace")).unwrap(), b"1\n");
    let (verdict, detail) = first("trace/trace").await;
    assert!(verdict == Verdict::Failed && detail.starts_with("could not make"), "{detail}");
}
