//! `exotrace map`, as people run it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use exotrace::mapper::{BUILT_IN, BuiltIn};
use serde_json::{Value, json};

use crate::harness::{Exotrace, Folder, exotrace, fixture, project, text};

/// A record that maps in full.
const RECORD: &str = r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"ann@contoso.com"}"#;

/// Checks how the program ends and the first line that it says about it.
#[track_caller]
fn check_error(arguments: &[&str], input: &str, code: i32, expected: &str) {
    let ended = exotrace(arguments, input).with(code);
    assert!(ended.stderr.starts_with(expected), "{ended}");
}

#[test]
fn the_documents_of_standard_input_come_out_in_order() {
    let input: String = (0..5000).map(|size| format!(r#"{{"Received":"2026","Size":{size}}}"#) + "\n").collect();
    let output = exotrace(&["map", "--jobs", "4"], &input).with(0);
    let sizes: Vec<_> =
        output.documents().iter().map(|it| it["email"]["attachments"]["file"]["size"].as_u64()).collect();
    assert_eq!(sizes, (0..5000).map(Some).collect::<Vec<_>>());
}

#[test]
fn the_options_reach_the_mapping() {
    let arguments = [
        "map",
        "--mapping",
        "2.2",
        "--with-id",
        "--local-domain",
        "contoso.com",
        "--tag",
        "forwarded",
        "--preserve-original-event",
        "--geoip-city",
        "fixtures/geo/City.mmdb",
        "--geoip-asn",
        "fixtures/geo/ASN.mmdb",
        "fixtures/records/well-formed.ndjson",
    ];
    let output = exotrace(&arguments, "").with(0);
    let first = &output.documents()[0];
    assert_eq!(first["_id"].as_str().unwrap().len(), 28);
    let document = &first["document"];
    assert_eq!(document["tags"], json!(["preserve_original_event", "forwarded"]));
    assert_eq!(document["email"]["direction"], "inbound");
    assert_eq!(document["event"]["outcome"], "success");
    assert_eq!(document["source"]["geo"]["country_iso_code"], "GB");
    assert!(document["source"]["as"]["number"].is_u64());
    assert!(document["event"]["original"].is_string());
}

#[test]
fn local_domains_are_what_people_mean_by_them() {
    let record = |address: &str| {
        format!(r#"{{"Received":"2026","SenderAddress":"a@fabrikam.com","RecipientAddress":"{address}"}}"#)
    };
    for (domain, address, direction) in [
        ("CONTOSO.COM.", "ann@contoso.com", "inbound"),
        ("contoso.com", "ann@mail.contoso.com", "external"),
        ("*.contoso.com", "ann@mail.contoso.com", "inbound"),
        ("*.contoso.com", "ann@contoso.com", "external"),
        ("b\u{fc}cher.example", "ann@xn--bcher-kva.example", "inbound"),
        ("xn--bcher-kva.example", "ann@b\u{fc}cher.example", "inbound"),
    ] {
        for BuiltIn { version: mapping, .. } in BUILT_IN {
            let output = exotrace(&["map", "--mapping", mapping, "--local-domain", domain], &record(address));
            // From 3.0 on, a domain stands for its sub-domains as well.
            let is_below = (domain, address) == ("contoso.com", "ann@mail.contoso.com");
            let is_ocsf = mapping.starts_with("ocsf");
            let direction = if is_below && (mapping == "3.0" || is_ocsf) { "inbound" } else { direction };
            let document = &output.documents()[0];
            let found = if is_ocsf { &document["direction"] } else { &document["email"]["direction"] };
            assert_eq!(found.as_str().unwrap().to_lowercase(), direction, "{mapping}: {domain} {address}");
        }
    }
    for (domain, hint) in [
        ("https://contoso.com", "write `contoso.com`"),
        ("", "for example `contoso.com`"),
        ("contoso", "the whole name"),
    ] {
        let output = exotrace(&["map", "--local-domain", domain], "").with(2);
        let said = output.stderr;
        assert!(said.contains("--local-domain") && said.contains(&format!("hint: {hint}")), "{said}");
    }
}

#[test]
fn settings_can_come_from_a_file() {
    let settings = fs::read_to_string(fixture("config/good/minimal.toml")).unwrap();
    let settings = settings + "\n[mapping]\nversion = \"2.2\"\ntags = [\"from-file\"]\n";
    let output = Folder::with_settings(&settings).exotrace(&["map"]).input(RECORD).ends(0);
    assert_eq!(output.documents()[0]["tags"], json!(["from-file"]));
    assert_eq!(output.documents()[0]["event"]["outcome"], "unknown");
    check_error(&["map", "--config", "fixtures/config/bad/unknown-key.toml"], "", 78, "error: fixtures/config/bad");
}

#[test]
fn arrays_and_pages_are_taken_apart() {
    let page = format!(r#"{{"@odata.context":"x","value":[{RECORD},{RECORD}],"@odata.nextLink":"y"}}"#);
    for input in [format!("[{RECORD},\n{RECORD}]"), page] {
        let output = exotrace(&["map"], &input).with(0);
        assert_eq!(output.documents().len(), 2, "{input}");
    }
}

#[test]
fn no_input_makes_no_documents() {
    let output = exotrace(&["map"], "").with(0);
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
}

#[test]
fn no_record_is_lost_for_being_broken() {
    let output = exotrace(&["map", "--mapping", "1.20", "-", "fixtures/records/broken.ndjson"], RECORD).with(0);
    assert_eq!(
        output.stderr,
        "20 records: 5 mapped, 7 mapped in part (`event.kind: pipeline_error`), \
         7 not message trace (`event.kind: pipeline_error`), 1 dropped on purpose\n"
    );
    // Dates of PowerShell are made readable, an array is taken apart, and what stands after a record is one of its own.
    assert_eq!(output.documents().len(), 19);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_mapped() {
    let output = exotrace(&["map", "no-such-file.json", "-"], RECORD).with(1);
    assert_eq!(output.documents().len(), 1);
    let said = output.stderr;
    assert!(said.starts_with("error: could not open `no-such-file.json`: No such file"), "{said}");
    check_error(&["map", "fixtures"], "", 1, "error: could not open `fixtures`: is a directory");
    let expected = "2 records: 1 mapped, 1 not message trace (`event.kind: pipeline_error`)";
    check_error(&["map", "--mapping", "1.20"], &format!("[{RECORD},oops]"), 0, expected);
}

#[test]
fn what_is_not_message_trace_is_said_of_its_file() {
    let folder = Folder::new();
    for (name, contents, expected) in [
        (
            "x.html",
            "\n<html>\n<p>hi</p>\n",
            "0 of 2 records are message trace; is NAME the right file?\nhint: line 2 is neither JSON",
        ),
        (
            "error.json",
            r#"{"error":{"code":"Forbidden"}}"#,
            "0 of 1 records are message trace; is NAME the right file?\nhint: line 1 has none of",
        ),
        (
            "numbers.json",
            "1\n2\n3\n",
            "0 of 3 records are message trace; is NAME the right file?\nhint: line 1 is JSON, and not an object",
        ),
        (
            "text.txt",
            "just a line\n",
            "0 of 1 records are message trace; is NAME the right file?\nhint: line 1 is neither JSON",
        ),
    ] {
        let file = folder.write(name, contents);
        let path = text(&file);
        for arguments in [&["map", path][..], &["map", "-", path], &["map", "--flush", "line", path]] {
            let said = exotrace(arguments, RECORD).with(2).stderr;
            // A file without anything like JSON is refused as a whole; line by line, nothing is known of the file.
            if !contents.contains('{') && !arguments.contains(&"line") {
                assert!(said.contains(&format!("could not read `{path}`: neither JSON nor a table")), "{said}");
                continue;
            }
            // A file that does not even look like records is refused as a whole.
            let is_refused = said.contains(&format!("error: could not read `{path}`: neither JSON nor a table"));
            assert!(is_refused || said.contains(&format!("error: {}", expected.replace("NAME", path))), "{said}");
            assert!(!said.contains("in part"), "{said}");
        }
    }
    // A record that can be told is one, even a broken one.
    let input = r#"{"Received":"soon","SenderAddress":"ann@contoso.com"}"#;
    check_error(&["map", "--mapping", "1.20"], input, 0, "1 record: 0 mapped, 1 mapped in part");
}

#[test]
fn the_records_choose_the_mapping_unless_that_is_named() {
    let graph = r#"{"id":"1","receivedDateTime":"2026-03-04T05:06:07Z","senderAddress":"ann@contoso.com","status":"delivered"}"#;
    let legacy = r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"ann@contoso.com","Status":"Delivered"}"#;
    for (arguments, input, outcome, said) in [
        (
            &["map"][..],
            graph.to_owned(),
            "success",
            "mapping 2.2: the records have the names of Graph; `--mapping` takes another\n",
        ),
        (
            &["map"],
            legacy.to_owned(),
            "Delivered",
            "mapping 1.20: the records have the names of PowerShell and the Reporting Web Service; ",
        ),
        (&["map", "--flush", "line"], format!("\n\n{graph}"), "success", "mapping 2.2: "),
        (&["map"], format!(r#"{{"@odata.context":"x","value":[{graph}]}}"#), "success", "mapping 2.2: "),
        (&["map", "--mapping", "1.20"], graph.to_owned(), "delivered", ""),
        (&["map", "--mapping", "2.2"], legacy.to_owned(), "success", ""),
    ] {
        let output = exotrace(arguments, &input).with(0);
        assert_eq!(output.documents()[0]["event"]["outcome"], outcome, "{arguments:?} {input}");
        let found = output.stderr;
        assert!(found.starts_with(said) && found.is_empty() == said.is_empty(), "{found}");
    }
    exotrace(&["map", "--jobs", "0"], "").with(2);
}

#[test]
fn a_line_that_is_not_utf_8_is_named_and_read() {
    let folder = Folder::new();
    folder.write("records.ndjson", [RECORD.as_bytes(), b"\n{\"Received\":\"2026\",\"Subject\":\"\xe9\"}\n"].concat());
    let output = folder.bare(&["map", "records.ndjson"]).ends(0);
    assert_eq!(output.documents()[1]["email"]["subject"], "é");
    let said = output.stderr;
    assert!(said.contains("not UTF-8; read as Windows-1252"), "{said}");
}

#[test]
fn what_is_not_a_mapping_or_a_database_is_refused() {
    check_error(
        &["map", "--mapping", "9.9"],
        "",
        2,
        "error: there is no mapping `9.9`\nhint: built in are 1.20, 2.2, 3.0, ocsf-1.8;",
    );
    check_error(
        &["map", "--mapping", "./none.wasm"],
        "",
        2,
        "error: could not use mapping `./none.wasm`: could not read",
    );
    let expected = "error: could not use mapping `./Cargo.toml`: not a WebAssembly component";
    check_error(&["map", "--mapping", "./Cargo.toml"], "", 2, expected);
    let expected = "error: `Cargo.toml` is not a database in MaxMind format";
    check_error(&["map", "--geoip-city", "Cargo.toml"], "", 1, expected);
    check_error(&["map", "--no-such-option"], "", 2, "error: unexpected argument '--no-such-option'");
}

#[test]
fn a_component_imports_nothing_but_geo() {
    let folder = Folder::new();
    for BuiltIn { bytes, .. } in BUILT_IN {
        folder.write("mapping.wasm", bytes);
        let inspected = folder.bare(&["mapping", "inspect", "./mapping.wasm"]).ends(0).stdout;
        let imports: Vec<_> = inspected.lines().filter(|line| line.starts_with("imports")).collect();
        assert_eq!(imports, ["imports      exotrace:mapping/geo@0.2.0"]);
    }
    assert!(project().join("wit/geo.wit").exists());
}

#[test]
fn another_suffix_list_can_be_given() {
    let folder = Folder::new();
    folder.write("list.dat", "// ===BEGIN ICANN DOMAINS===\ncontoso.com\n");
    let map = folder.bare(&["map", "--suffix-list", "list.dat"]);
    let output = map.input(&RECORD.replace("@", "@mail.")).ends(0);
    assert_eq!(output.documents()[0]["source"]["registered_domain"], "mail.contoso.com");
}

#[test]
fn a_suffix_list_that_cannot_be_used_is_named() {
    check_error(
        &["map", "--suffix-list", "no-such-list"],
        RECORD,
        1,
        "error: could not read public suffix list `no-such-list`: No such file",
    );
    let arguments = ["map", "--suffix-list", "README.md"];
    check_error(&arguments, RECORD, 1, "error: mapping refuses its settings: public suffix list: ");
}

#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let mut program = Exotrace::new(&project(), &["map", "--mapping", "2.2", "--flush", "line"]).command();
    let mut running = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    let mut output = BufReader::new(running.stdout.take().unwrap()).lines();
    for number in 0..3 {
        writeln!(input, r#"{{"receivedDateTime":"2026-03-04T05:06:07Z","size":{number}}}"#).unwrap();
        let document: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
        assert_eq!(document["email"]["attachments"]["file"]["size"], number);
    }
    drop(input);
    assert!(output.next().is_none());
    assert!(running.wait().unwrap().success());
}

#[test]
fn mmexternal_gets_an_answer_to_every_line() {
    let record = r#"{"receivedDateTime":"2026-03-04T05:06:07Z"}"#;
    let input = format!("{record}\n\n{{\"value\":[]}}\nno record\n{record}");
    let answers = exotrace(&["map", "--mapping", "2.2", "--mmexternal"], &input).with(0).documents();
    assert_eq!(answers.len(), 5);
    assert_eq!((&answers[1], &answers[2]), (&json!({}), &json!({})));
    assert_eq!(answers[3]["$!"]["exotrace"]["document"]["event"]["kind"], "pipeline_error");
    assert_eq!(answers[0], answers[4]);
    assert_eq!(answers[0]["$!"]["exotrace"]["_id"].as_str().unwrap().len(), 28);
}

#[test]
fn a_blank_line_of_any_kind_ends_nothing() {
    for blank in ["\u{c}", "\u{b}", "\u{a0}", "\u{2028}", "\u{3000}", "\u{feff}"] {
        let output = exotrace(&["map", "-"], &format!("{RECORD}\n{blank}\n{RECORD}\n{blank}")).with(0);
        assert_eq!(output.documents().len(), 2, "{blank:?}");
    }
}

#[test]
fn what_has_no_records_is_refused_once_with_what_it_looks_like() {
    let folder = Folder::new();
    for (name, bytes, expected) in [
        ("a.zip", b"PK\x03\x04\x14\0\0\0".as_slice(), "a zip archive\nhint: unpack it first"),
        ("a.html", b"<!DOCTYPE html>\n<html>\n<body>\n</html>\n", "a web page (HTML)\nhint: "),
        ("a.txt", b"some text\nand more\n", "plain text\nhint: "),
        ("a.bz2", b"BZh91AY&SY\0\0", "a file compressed with bzip2\nhint: unpack it first"),
    ] {
        folder.write(name, bytes);
        let ended = folder.bare(&["map", name]).ends(2);
        assert!(ended.stdout.is_empty() && ended.stderr.contains(expected), "{name}: {ended}");
    }
    check_error(&["map", "/dev/zero"], "", 1, "error: could not open `/dev/zero`: a device, not a file");
}
