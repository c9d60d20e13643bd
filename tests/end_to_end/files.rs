//! Files of records: every shape, and files that grow, are rotated and cut off while they are read.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{exotrace, project};

fn documents(bytes: &[u8]) -> Vec<Value> {
    // A program that was killed may leave half a line.
    String::from_utf8_lossy(bytes).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(project().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[test]
fn every_shape_says_the_same() {
    let files = fixtures("fixtures/files");
    assert!(files.len() >= 12);
    for file in files {
        let output = exotrace(&["map", file.to_str().unwrap()], "");
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        let documents = documents(&output.stdout);
        let pick = |names: &[&str]| {
            documents.iter().map(|it| names.iter().fold(it, |it, name| &it[*name]).clone()).collect::<Vec<_>>()
        };
        let shown = file.display();
        let times = [json!("2026-11-20T08:01:02.000Z"), json!("2026-11-20T08:01:03.000Z")];
        assert_eq!(pick(&["@timestamp"]), times, "{shown}");
        assert_eq!(pick(&["event", "outcome"]), [json!("Delivered"), json!("Failed")], "{shown}");
        assert_eq!(pick(&["email", "subject"]), [json!("Grüße, \"alle\""), json!("one\ntwo")], "{shown}");
        assert_eq!(pick(&["source", "user", "name"]), [json!("zoë"), json!("ann")], "{shown}");
        assert_eq!(pick(&["email", "attachments", "file", "size"]), [json!(1200), json!(7)], "{shown}");
        let id = |last| json!(format!("6f1c1a1e-0b1e-4a53-9a4e-08dc0000000{last}"));
        assert_eq!(pick(&["email", "local_id"]), [id(1), id(2)], "{shown}");
    }
}

#[test]
fn what_has_no_records_is_refused_with_the_reason() {
    for (name, expected) in [
        (
            "ambiguous",
            "line 2: day and month of its dates cannot be told apart\n\
             hint: say which stands first: `--date-order day_first` or `--date-order month_first`",
        ),
        ("columns", "table has no column `SenderAddress`, `RecipientAddress`"),
        ("extended", "column `event_id` belongs to a report of events, not of messages\nhint: export the summary"),
    ] {
        let file = format!("fixtures/files/refused/{name}.csv");
        let output = exotrace(&["map", &file], "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(&format!("error: could not read `{file}`: {expected}")), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
    for order in ["day_first", "day-first"] {
        let output = exotrace(&["map", "--date-order", order, "fixtures/files/refused/ambiguous.csv"], "");
        assert_eq!(documents(&output.stdout)[0]["@timestamp"], "2026-04-03T08:01:02.000Z");
    }
}

#[test]
fn a_date_to_come_is_refused_and_never_written() {
    let record = |date: &str| format!("{{\"Received\":\"{date}\",\"SenderAddress\":\"ann@contoso.com\"}}\n");
    let input =
        record("2026-03-04 05:06:07Z") + &record("2569-11-20 08:01:02").repeat(9) + &record("2026-03-05T00:00:00Z");
    for arguments in [&["map"][..], &["map", "--flush", "line"]] {
        let output = exotrace(arguments, &input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let times: Vec<_> = documents(&output.stdout).iter().map(|it| it["@timestamp"].clone()).collect();
        assert_eq!(times, [json!("2026-03-04T05:06:07.000Z"), json!("2026-03-05T00:00:00.000Z")], "{said}");
        let expected =
            "line 2: date of receipt 2569-11-20T08:01:02Z is more than a day ahead; the clock of this machine says ";
        assert!(said.contains(expected) && said.contains("hint: set the clock if it is wrong"), "{said}");
        assert_eq!(said.matches("is more than a day ahead").count(), 3, "{said}");
    }
    // A source reads the file again, perhaps with a clock that is right.
    let mut setup = Setup::new();
    setup.append("records.ndjson", &input);
    let output = setup.once();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("line 2: date of receipt 2569-11-20T08:01:02Z is more than a day ahead"), "{said}");
    assert_ne!(output.status.code(), Some(0), "{said}");
}

#[test]
fn check_says_when_no_direction_is_written() {
    let setup = Setup::new();
    let settings = setup.folder.path().join("exotrace.toml");
    let note = "no `local_domains`: no `email.direction` is written";
    let arguments = ["check", "--config", settings.to_str().unwrap()];
    assert!(String::from_utf8(exotrace(&arguments, "").stdout).unwrap().contains(note));
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("interval", "local_domains = [\"*.contoso.com\"]\ninterval")).unwrap();
    let output = exotrace(&arguments, "");
    assert!(output.status.success() && !String::from_utf8(output.stdout).unwrap().contains(note));
}

#[test]
fn a_source_says_that_it_waits_for_the_order_of_dates() {
    let mut setup = Setup::new();
    fs::copy(project().join("fixtures/files/refused/ambiguous.csv"), setup.path("ambiguous.csv")).unwrap();
    let output = setup.once();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected =
        "line 2: day and month of its dates cannot be told apart; it waits for a row that tells, or for `date_order`";
    assert!(said.contains(expected), "{said}");
    assert_ne!(output.status.code(), Some(0), "{said}");
}

/// A folder with settings, a folder of files, and what the program has delivered so far.
struct Setup {
    folder: tempfile::TempDir,
    runs: usize,
}

impl Setup {
    fn new() -> Self {
        Self::with_output("type = \"stdout\"")
    }

    fn with_output(output: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        let settings = format!(
            "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"files/*\"]\ninterval = \"20ms\"\n\
             [[output]]\n{output}\n"
        );
        fs::write(folder.path().join("exotrace.toml"), settings).unwrap();
        Self { folder, runs: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    fn command(&mut self) -> Command {
        self.runs += 1;
        let output = File::create(self.folder.path().join(format!("output-{}", self.runs))).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        command.arg("run").arg("--config").arg(self.folder.path().join("exotrace.toml")).stdout(output);
        command
    }

    fn start(&mut self) -> Child {
        self.command().stderr(Stdio::null()).spawn().unwrap()
    }

    fn once(&mut self) -> Output {
        self.command().arg("--once").output().unwrap()
    }

    /// Runs once, and checks how it ends and how many documents there are by then.
    #[track_caller]
    fn check_once(&mut self, code: i32, expected: usize) {
        let output = self.once();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), self.delivered().len()), (Some(code), expected), "{said}");
    }

    fn delivered(&self) -> Vec<Value> {
        let names = (1..=self.runs).map(|run| format!("output-{run}")).chain(["documents".to_owned()]);
        let outputs = names.map(|name| fs::read(self.folder.path().join(name)).unwrap_or_default());
        outputs.flat_map(|bytes| documents(&bytes)).collect()
    }

    /// How often every record was delivered, by its number.
    fn counts(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for document in self.delivered() {
            let number = document["email"]["attachments"]["file"]["size"].as_u64().unwrap();
            *counts.entry(number).or_default() += 1;
        }
        counts
    }

    #[track_caller]
    fn wait_for(&self, documents: usize) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.delivered().len() < documents {
            assert!(Instant::now() < deadline, "{} of {documents} documents", self.delivered().len());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn record(number: u64) -> String {
    format!("{{\"Received\":\"2026-03-04T05:06:07Z\",\"SenderAddress\":\"a@b.c\",\"Size\":{number}}}\n")
}

fn records(numbers: std::ops::Range<u64>) -> String {
    numbers.map(record).collect()
}

#[cfg(unix)]
fn terminate(mut program: Child) {
    let told = Command::new("kill").arg(program.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(program.wait().unwrap().success());
}

#[test]
fn every_record_is_delivered_once_with_its_place() {
    let mut setup = Setup::new();
    setup.append("a.ndjson", records(0..2500));
    setup.append("b.json", format!("[{},\n{}]", record(2500).trim(), record(2501)));
    setup.check_once(0, 2502);
    for document in setup.delivered() {
        let path = document["log"]["file"]["path"].as_str().unwrap();
        let bytes = fs::read(path).unwrap();
        let offset = usize::try_from(document["log"]["offset"].as_u64().unwrap()).unwrap();
        let size = document["email"]["attachments"]["file"]["size"].as_u64().unwrap();
        assert!(bytes[offset..].starts_with(record(size).trim().as_bytes()), "{path} {offset}");
        assert_eq!(document["input"]["type"], "log");
    }
    setup.check_once(0, 2502);
    setup.append("a.ndjson", records(2502..2503));
    setup.check_once(0, 2503);
}

#[test]
fn copies_and_renamed_files_are_not_read_again() {
    let mut setup = Setup::new();
    setup.append("a.ndjson", records(0..50));
    setup.check_once(0, 50);
    fs::copy(setup.path("a.ndjson"), setup.path("copy.ndjson")).unwrap();
    let packed = Command::new("gzip").arg("-k").arg(setup.path("copy.ndjson")).status().unwrap();
    assert!(packed.success());
    fs::rename(setup.path("a.ndjson"), setup.path("a.ndjson.1")).unwrap();
    setup.check_once(0, 50);
    // Cut off and begun anew, and a new file under an old name.
    fs::write(setup.path("a.ndjson.1"), records(50..60)).unwrap();
    fs::write(setup.path("a.ndjson"), records(60..70)).unwrap();
    setup.check_once(0, 70);
    assert!(setup.counts().values().all(|count| *count == 1));
}

#[test]
fn what_is_not_whole_waits() {
    let mut setup = Setup::new();
    let text = record(1);
    let (half, rest) = text.split_at(20);
    setup.append("a.ndjson", record(0) + half);
    setup.append("b.json", format!("[{},", record(2).trim()));
    setup.check_once(2, 2);
    setup.append("a.ndjson", rest);
    setup.append("b.json", format!("{}]", record(3).trim()));
    setup.check_once(0, 4);
    assert!(setup.counts().values().all(|count| *count == 1));
}

#[test]
fn a_file_that_cannot_be_read_keeps_no_other_from_being_read() {
    let mut setup = Setup::new();
    fs::write(setup.path("a.png"), b"\x89PNG\r\n\x1a\n\0\0\0").unwrap();
    fs::copy(project().join("fixtures/files/refused/extended.csv"), setup.path("b.csv")).unwrap();
    setup.append("c.ndjson", format!("nonsense\n{}", record(1)));
    let output = setup.once();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a.png") && said.contains("an image (PNG)") && said.contains("event_id"), "{said}");
    let kinds: Vec<_> = setup.delivered().iter().map(|it| it["event"]["kind"].clone()).collect();
    assert_eq!(kinds, [json!("pipeline_error"), Value::Null]);
}

/// Writes in pieces that end anywhere, renames the file, and copies and cuts it off.
fn write(setup: &Setup, total: u64) {
    for number in 0..total {
        let text = record(number);
        let (half, rest) = text.split_at(usize::try_from(number).unwrap() % text.len());
        setup.append("trace.ndjson", half);
        setup.append("trace.ndjson", rest);
        if number % 700 == 350 {
            fs::rename(setup.path("trace.ndjson"), setup.path(&format!("trace.ndjson.{number}"))).unwrap();
        }
        if number % 50 == 0 {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_file_is_followed_while_it_grows_and_is_rotated() {
    let mut setup = Setup::new();
    let program = setup.start();
    write(&setup, 3000);
    setup.wait_for(3000);
    // Copied and cut off, as `copytruncate` of logrotate does it.
    fs::copy(setup.path("trace.ndjson"), setup.path("trace.ndjson.copy")).unwrap();
    OpenOptions::new().write(true).truncate(true).open(setup.path("trace.ndjson")).unwrap();
    setup.append("trace.ndjson", records(3000..3010));
    setup.wait_for(3010);
    terminate(program);
    setup.check_once(0, 3010);
    assert!(setup.counts().values().all(|count| *count == 1));
}

#[test]
fn nothing_is_missing_and_nothing_twice_after_the_program_was_killed_again_and_again() {
    const KILLS: usize = 8;
    let mut setup = Setup::with_output("type = \"file\"\npath = \"documents\"");
    setup.append("old.ndjson", records(100_000..130_000));
    for round in 0..KILLS {
        let mut program = setup.start();
        setup.append("trace.ndjson", records(round as u64 * 100..round as u64 * 100 + 100));
        setup.wait_for(3500 * (round + 1));
        program.kill().unwrap();
        program.wait().unwrap();
    }
    setup.once();
    let counts = setup.counts();
    assert_eq!(counts.len(), 30_000 + KILLS * 100);
    assert!(counts.values().all(|count| *count == 1));
}

#[test]
fn status_says_how_far_every_file_is_read() {
    let setup = Setup::new();
    setup.append("a.ndjson", "{\"Received\":\"2026-03-04T05:06:07\"}\n{\"Received\":\"2026-03-04T05:06:08\"}\n");
    let settings = setup.folder.path().join("exotrace.toml");
    let settings = settings.to_str().unwrap();
    assert!(exotrace(&["run", "--once", "--config", settings], "").status.success());
    let output = exotrace(&["status", "--json", "--config", settings], "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let source = &report["sources"][0];
    assert_eq!((&source["type"], &source["rows"]), (&json!("file"), &json!(2)));
    let file = &source["files"][0];
    assert!(file["path"].as_str().unwrap().ends_with("a.ndjson"), "{file}");
    assert_eq!((&file["offset"], &file["line"]), (&json!(70), &json!(3)));
    let output = exotrace(&["status", "--config", settings], "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("a.ndjson: 70 B, up to line 3\n") && said.contains("  records     2\n"), "{said}");
}

#[test]
fn check_says_how_many_files_match() {
    let setup = Setup::new();
    setup.append("a.ndjson", "");
    setup.append("b.ndjson", "");
    let settings = setup.folder.path().join("exotrace.toml");
    let output = exotrace(&["check", "--config", settings.to_str().unwrap()], "");
    let said = String::from_utf8(output.stdout).unwrap();
    let source = said.lines().find(|line| line.starts_with("source ")).unwrap();
    assert!(source.contains("file, 2 files match "), "{said}");
    assert!(Path::new(&settings).exists());
}

/// Runs `map` on a file and gives how it ends, its documents and what it says.
fn map(path: &Path) -> (Option<i32>, Vec<Value>, String) {
    let output = exotrace(&["map", path.to_str().unwrap()], "");
    (output.status.code(), documents(&output.stdout), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The numbers of records, in their order.
fn numbers(documents: &[Value]) -> Vec<u64> {
    documents.iter().map(|it| it["email"]["attachments"]["file"]["size"].as_u64().unwrap_or(u64::MAX)).collect()
}

fn little(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What people really have, each as a file source reads it at once and as `map` does: the same documents.
#[test]
fn a_source_and_map_make_the_same_documents_of_a_file() {
    let indented = record(0).replace('{', "{\n").replace(',', ",\n").replace('}', "\n}").trim().to_owned();
    let page = format!("{{\"value\": [\n{},\n{}\n]}}", record(0).trim(), record(1).trim());
    let gzip = fs::read(project().join("fixtures/files/lines.ndjson.gz")).unwrap();
    let lines = records(0..2);
    for (name, bytes, expected) in [
        ("indented.json", indented.clone().into_bytes(), 1),
        ("indented-16.json", little(&format!("\u{feff}{indented}")), 1),
        ("page.json", page.clone().into_bytes(), 2),
        ("page-mark.json", format!("\u{feff}{page}").into_bytes(), 2),
        ("array.json", format!("[{},{}]", record(0).trim(), record(1).trim()).into_bytes(), 2),
        ("nul-head.ndjson", [vec![0; 100_000], lines.clone().into_bytes()].concat(), 2),
        ("nul-middle.ndjson", [record(0).into_bytes(), vec![0; 77], record(1).into_bytes()].concat(), 2),
        ("appended.ndjson", [record(0).into_bytes(), little(&record(1)), record(2).into_bytes()].concat(), 3),
        ("padded.ndjson.gz", [gzip.clone(), vec![0; 5000]].concat(), 2),
        ("garbage.ndjson.gz", [gzip, b"garbage".to_vec()].concat(), 2),
        ("lines.ndjson.zst", zstd::encode_all(lines.as_bytes(), 1).unwrap(), 2),
        ("blank.ndjson", format!("{}\u{c}\n\u{a0}\n\u{3000}\n{}", record(0), record(1)).into_bytes(), 2),
        (
            "sep.csv",
            b"sep=|\r\nReceived|SenderAddress|RecipientAddress\r\n2026-03-04T05:06:07Z|a@b.c|\x07@e.f\r\n".to_vec(),
            1,
        ),
    ] {
        let mut setup = Setup::new();
        fs::write(setup.path(name), bytes).unwrap();
        let (code, mapped, said) = map(&setup.path(name));
        assert_eq!((code, mapped.len()), (Some(0), expected), "{name}: {said}");
        let output = setup.once();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        let delivered = setup.delivered();
        let pick = |documents: &[Value]| {
            documents.iter().map(|it| (it["@timestamp"].clone(), it["email"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(pick(&delivered), pick(&mapped), "{name}: {said}");
        if name.starts_with("nul") {
            assert_eq!(said.matches("NUL bytes of the file were left out").count(), 1, "{name}: {said}");
        }
        setup.check_once(0, expected);
    }
}

#[test]
fn a_file_that_ends_in_the_middle_is_named_and_gives_what_is_whole() {
    let torn = "{\"Received\":\"2026-0";
    for (name, text) in [
        ("array.json", format!("[\n{},\n{},\n{torn}", record(0).trim(), record(1).trim())),
        ("page.json", format!("{{\"value\":[\n{},\n{},\n{torn}", record(0).trim(), record(1).trim())),
        ("lines.ndjson", format!("{}{torn}", records(0..2))),
    ] {
        let mut setup = Setup::new();
        fs::write(setup.path(name), &text).unwrap();
        let (code, documents, said) = map(&setup.path(name));
        assert_eq!((code, numbers(&documents)), (Some(2), vec![0, 1]), "{name}: {said}");
        assert!(said.contains(name) && said.contains("not whole"), "{said}");
        let output = setup.once();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), numbers(&setup.delivered())), (Some(2), vec![0, 1]), "{name}: {said}");
        assert!(said.contains(name) && said.contains("not whole"), "{said}");
        // The rest comes: nothing is lost and nothing comes twice.
        let rest = record(2).trim().strip_prefix(torn).map(str::to_owned).unwrap();
        let close = match name {
            "array.json" => "]",
            "page.json" => "],\"@odata.nextLink\":\"x\"}",
            _ => "\n",
        };
        setup.append(name, format!("{rest}{close}"));
        setup.check_once(0, 3);
        assert_eq!(numbers(&setup.delivered()), [0, 1, 2], "{name}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_named() {
    let mut setup = Setup::new();
    let output = setup.once();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no file matches") && said.contains("files/*"), "{said}");
}

#[test]
fn a_file_with_other_contents_in_its_middle_is_read_again() {
    let mut setup = Setup::new();
    setup.append("a.ndjson", records(0..200));
    setup.check_once(0, 200);
    // The same length, the same beginning and the same end.
    fs::write(setup.path("a.ndjson"), records(0..200).replace("\"Size\":100}", "\"Size\":999}")).unwrap();
    setup.check_once(0, 400);
    assert_eq!(setup.counts().get(&999), Some(&1));
    // Grown as well.
    let changed = records(0..200).replace("\"Size\":100}", "\"Size\":998}") + &records(200..201);
    fs::write(setup.path("a.ndjson"), changed).unwrap();
    setup.check_once(0, 601);
    assert_eq!((setup.counts().get(&998), setup.counts().get(&200)), (Some(&1), Some(&1)));
    // Touched, and only added to: nothing is read again.
    File::options()
        .append(true)
        .open(setup.path("a.ndjson"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    setup.check_once(0, 601);
    setup.append("a.ndjson", records(201..202));
    setup.check_once(0, 602);
}

#[test]
fn links_and_pipes_among_the_paths_are_refused() {
    let mut setup = Setup::new();
    let outside = setup.folder.path().join("outside.ndjson");
    fs::write(&outside, record(1)).unwrap();
    std::os::unix::fs::symlink(&outside, setup.path("link.ndjson")).unwrap();
    assert!(Command::new("mkfifo").arg(setup.path("pipe.ndjson")).status().unwrap().success());
    setup.append("a.ndjson", record(0));
    let output = setup.once();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), numbers(&setup.delivered())), (Some(2), vec![0]), "{said}");
    assert!(said.contains("link.ndjson") && said.contains("follow_links"), "{said}");
    assert!(said.contains("pipe.ndjson") && said.contains("a named pipe"), "{said}");
    fs::remove_file(setup.path("pipe.ndjson")).unwrap();
    let settings = setup.folder.path().join("exotrace.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("interval =", "follow_links = true\ninterval =")).unwrap();
    setup.check_once(0, 2);
}

#[test]
fn what_the_program_writes_is_not_read() {
    let mut setup = Setup::with_output("type = \"file\"\npath = \"files/out.ndjson\"");
    setup.append("a.ndjson", record(0));
    let settings = setup.folder.path().join("exotrace.toml");
    let output = exotrace(&["check", "--config", settings.to_str().unwrap()], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("`files/*` matches the file of an output"), "{said}");
    // By another way to the same folder, the settings do not tell.
    std::os::unix::fs::symlink(setup.folder.path().join("files"), setup.folder.path().join("same")).unwrap();
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("files/*", "same/*")).unwrap();
    for _ in 0..3 {
        let output = setup.once();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(documents(&fs::read(setup.path("out.ndjson")).unwrap()).len(), 1);
}

#[test]
fn many_files_are_read_with_few_descriptors() {
    let mut setup = Setup::new();
    for number in 0..200 {
        setup.append(&format!("{number}.ndjson"), record(number));
    }
    let command = setup.command();
    let program = format!(
        "ulimit -n 48; exec {} run --once --config {}",
        env!("CARGO_BIN_EXE_exotrace"),
        setup.folder.path().join("exotrace.toml").display()
    );
    drop(command);
    let output = File::create(setup.folder.path().join(format!("output-{}", setup.runs))).unwrap();
    let ran = Command::new("sh").arg("-c").arg(program).stdout(output).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!((ran.status.code(), setup.counts().len()), (Some(0), 200), "{said}");
}

#[test]
fn a_compressed_file_that_is_nearly_all_repetition_is_refused() {
    use std::io::Write as _;
    let mut setup = Setup::new();
    let mut packer =
        flate2::write::GzEncoder::new(File::create(setup.path("bomb.gz")).unwrap(), flate2::Compression::fast());
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..300 {
        packer.write_all(&piece).unwrap();
    }
    packer.finish().unwrap();
    setup.append("a.ndjson", record(0));
    let output = setup.once();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), setup.delivered().len()), (Some(2), 1), "{said}");
    assert!(said.contains("unpacks to more than 200 times its length"), "{said}");
}

#[test]
fn of_a_damaged_archive_what_can_be_unpacked_is_read_and_it_is_named() {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(records(0..20_000).as_bytes()).unwrap();
    let mut packed = packer.finish().unwrap();
    let half = packed.len() / 2;
    packed[half..half + 64].fill(0xff);
    let mut setup = Setup::new();
    fs::write(setup.path("a.ndjson.gz"), packed).unwrap();
    let output = setup.once();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("compressed file is damaged") && setup.delivered().len() > 1000, "{said}");
}
