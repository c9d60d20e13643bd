//! The same records in every shape: read by `map` and by a source, whole and in part.

use std::{fs, io::Write as _};

use serde_json::{Value, json};

use super::{Inbox, numbers};
use crate::harness::{exotrace, fixture, sized_record, sized_records, text};

fn little(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn every_shape_says_the_same() {
    let files = fs::read_dir(fixture("files")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    assert!(files.len() >= 12);
    for file in files {
        let documents = exotrace(&["map", text(&file)], "").with(0).documents();
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
fn a_date_to_come_is_refused_and_never_written() {
    let record = |date: &str| format!("{{\"Received\":\"{date}\",\"SenderAddress\":\"ann@contoso.com\"}}\n");
    let input =
        record("2026-03-04 05:06:07Z") + &record("2569-11-20 08:01:02").repeat(9) + &record("2026-03-05T00:00:00Z");
    for arguments in [&["map"][..], &["map", "--flush", "line"]] {
        let ended = exotrace(arguments, &input).with(2);
        let said = &ended.stderr;
        let times: Vec<_> = ended.documents().iter().map(|it| it["@timestamp"].clone()).collect();
        assert_eq!(times, [json!("2026-03-04T05:06:07.000Z"), json!("2026-03-05T00:00:00.000Z")], "{said}");
        let expected =
            "line 2: date of receipt 2569-11-20T08:01:02Z is more than a day ahead; the clock of this machine says ";
        assert!(said.contains(expected) && said.contains("hint: set the clock if it is wrong"), "{said}");
        assert_eq!(said.matches("is more than a day ahead").count(), 3, "{said}");
    }
    // With a source they are dead letters: once the clock is right, a replay delivers them.
    let mut inbox = Inbox::new();
    inbox.add("records.ndjson", &input);
    let ended = inbox.once();
    assert_eq!((ended.code(), ended.documents().len()), (Some(2), 2), "{ended}");
    let letters = inbox.read("state/dead-letter.ndjson");
    assert!(
        letters.contains("line 2 of `files/records.ndjson`: date of receipt 2569-11-20T08:01:02Z is more"),
        "{letters}"
    );
    assert_eq!(letters.lines().count(), 9, "{letters}");
}

/// What people really have, each as a file source reads it at once and as `map` does: the same documents.
#[test]
fn a_source_and_map_make_the_same_documents_of_a_file() {
    let [one, two, three] = [0, 1, 2].map(sized_record);
    let indented = one.replace('{', "{\n").replace(',', ",\n").replace('}', "\n}").trim().to_owned();
    let page = format!("{{\"value\": [\n{},\n{}\n]}}", one.trim(), two.trim());
    let gzip = fs::read(fixture("files/lines.ndjson.gz")).unwrap();
    let lines = sized_records(0..2);
    for (name, bytes, expected) in [
        ("indented.json", indented.clone().into_bytes(), 1),
        ("indented-16.json", little(&format!("\u{feff}{indented}")), 1),
        ("page.json", page.clone().into_bytes(), 2),
        ("page-mark.json", format!("\u{feff}{page}").into_bytes(), 2),
        ("array.json", format!("[{},{}]", one.trim(), two.trim()).into_bytes(), 2),
        ("nul-head.ndjson", [vec![0; 100_000], lines.clone().into_bytes()].concat(), 2),
        ("nul-middle.ndjson", [one.as_bytes(), &[0; 77], two.as_bytes()].concat(), 2),
        ("appended.ndjson", [one.as_bytes(), &little(&two), three.as_bytes()].concat(), 3),
        ("padded.ndjson.gz", [gzip.clone(), vec![0; 5000]].concat(), 2),
        ("garbage.ndjson.gz", [gzip, b"garbage".to_vec()].concat(), 2),
        ("lines.ndjson.zst", zstd::encode_all(lines.as_bytes(), 1).unwrap(), 2),
        ("blank.ndjson", format!("{one}\u{c}\n\u{a0}\n\u{3000}\n{two}").into_bytes(), 2),
        (
            "sep.csv",
            b"sep=|\r\nReceived|SenderAddress|RecipientAddress\r\n2026-03-04T05:06:07Z|a@b.c|\x07@e.f\r\n".to_vec(),
            1,
        ),
    ] {
        let mut inbox = Inbox::new();
        inbox.put(name, bytes);
        let mapped = exotrace(&["map", text(&inbox.file(name))], "").with(0).documents();
        let ended = inbox.check_once(0, expected);
        let delivered = inbox.delivered();
        let pick = |documents: &[Value]| {
            documents.iter().map(|it| (it["@timestamp"].clone(), it["email"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(pick(&delivered), pick(&mapped), "{name}: {ended}");
        if name.starts_with("nul") {
            assert_eq!(ended.stderr.matches("NUL bytes of the file were left out").count(), 1, "{name}: {ended}");
        }
        inbox.check_once(0, expected);
    }
}

#[test]
fn a_file_that_ends_in_the_middle_is_named_and_gives_what_is_whole() {
    let torn = "{\"Received\":\"2026-0";
    let [one, two, three] = [0, 1, 2].map(sized_record);
    for (name, begun) in [
        ("array.json", format!("[\n{},\n{},\n{torn}", one.trim(), two.trim())),
        ("page.json", format!("{{\"value\":[\n{},\n{},\n{torn}", one.trim(), two.trim())),
        ("lines.ndjson", format!("{one}{two}{torn}")),
    ] {
        let mut inbox = Inbox::new();
        inbox.put(name, begun);
        let mapped = exotrace(&["map", text(&inbox.file(name))], "").with(2);
        let ended = inbox.once().with(2);
        for (said, documents) in [(mapped.stderr.clone(), mapped.documents()), (ended.stderr, inbox.delivered())] {
            assert_eq!(numbers(&documents), [0, 1], "{name}: {said}");
            assert!(said.contains(name) && said.contains("not whole"), "{said}");
        }
        // The rest comes: nothing is lost and nothing comes twice.
        let rest = three.trim().strip_prefix(torn).unwrap();
        let close = match name {
            "array.json" => "]",
            "page.json" => "],\"@odata.nextLink\":\"x\"}",
            _ => "\n",
        };
        inbox.add(name, format!("{rest}{close}"));
        inbox.check_once(0, 3);
        assert_eq!(numbers(&inbox.delivered()), [0, 1, 2], "{name}");
    }
}

#[test]
fn of_a_damaged_archive_what_can_be_unpacked_is_read_and_it_is_named() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(sized_records(0..20_000).as_bytes()).unwrap();
    let mut packed = packer.finish().unwrap();
    let half = packed.len() / 2;
    packed[half..half + 64].fill(0xff);
    let mut inbox = Inbox::new();
    inbox.put("a.ndjson.gz", packed);
    let ended = inbox.once().with(2);
    assert!(ended.stderr.contains("compressed file is damaged") && inbox.delivered().len() > 1000, "{ended}");
}
