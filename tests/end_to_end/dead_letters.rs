//! What cannot be delivered: kept with the reason, and delivered by a replay when it can be.

use std::{fs, process::Command};

use exotrace_fake_elasticsearch::{self as store, FakeElasticsearch};
use serde_json::{Value, json};

use crate::{
    harness::{exotrace, guest, wait_for},
    outputs::Setup,
};

const DEAD_LETTER: &str = "state/dead-letter.ndjson";

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

fn kept(setup: &Setup) -> Vec<Value> {
    let text = fs::read_to_string(setup.path(DEAD_LETTER)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The fields of the first line in a log with this message.
fn logged(log: &str, message: &str) -> Value {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines.map(|line| line["fields"].clone()).find(|fields| fields["message"] == message);
    found.unwrap_or_else(|| panic!("no line `{message}` in {log}"))
}

/// A store that refuses the documents of one message, and how many these are.
fn refusing(setup: &Setup) -> (FakeElasticsearch, usize) {
    let rows = setup.0.tenant.rows();
    let refused = rows[rows.len() / 2].id.clone();
    let count = rows.iter().filter(|row| row.id == refused).count();
    let refused_text = Some(refused);
    (FakeElasticsearch::start(store::Setup { refused_text, ..store::Setup::default() }), count)
}

#[test]
fn what_an_output_rejects_is_replayed_to_it_alone() {
    let setup = Setup::new(50);
    let (fake, refused_count) = refusing(&setup);
    setup.settings(&format!(
        "[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n\
         [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n",
        fake.url()
    ));
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(2), "{said}");
    let rows = setup.0.tenant.rows().len();
    let delivered = format!("{} documents delivered, {refused_count} to the dead letter `", rows - refused_count);
    assert!(said.contains(&delivered), "{said}");
    let stopped = logged(&said, "stopped");
    assert_eq!((&stopped["failed"], &stopped["documents"]), (&json!(refused_count), &json!(rows - refused_count)));
    // Why, and nothing of the record.
    let buried = logged(&said, "records go to the dead letter");
    assert_eq!((&buried["output"], &buried["source"]), (&json!("siem"), &json!("graph")), "{buried}");
    assert!(buried["file"].as_str().unwrap().ends_with("dead-letter.ndjson"), "{buried}");
    assert!(buried["reason"].as_str().unwrap().contains("failed to parse field"), "{buried}");
    assert!(buried["reasons"].as_str().unwrap().contains(" x 400: document_parsing_exception"), "{buried}");
    setup.check("trace");
    let letters = kept(&setup);
    assert_eq!(letters.len(), refused_count);
    assert_eq!((&letters[0]["stage"], &letters[0]["output"]), (&json!("output"), &json!("siem")));
    assert!(letters[0]["mapping"].as_str().unwrap().starts_with("2.2"), "{}", letters[0]["mapping"]);
    assert!(letters[0]["reason"].as_str().unwrap().contains("failed to parse field"), "{}", letters[0]["reason"]);
    assert!(letters[0]["record"].as_str().unwrap().starts_with('{'));

    // Refused once more, and kept once more.
    let replay = ["replay", DEAD_LETTER];
    let (code, said) = setup.run(&replay);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!(": 0 documents delivered, {refused_count} to `")), "{said}");
    assert_eq!(kept(&setup).len(), refused_count);

    // Listed by reason, with nothing of the records, by the file that the settings name.
    let listed = setup.0.exotrace(&["replay", "--list"], &setup.path("exotrace.toml"), &[]);
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(text.contains(&format!("{refused_count:>7}  output `siem`: ")), "{text}");
    for row in setup.0.tenant.rows() {
        assert!(!text.contains(&row.recipient) && !text.contains(&row.id), "{text}");
    }
    fake.take_everything();
    let (code, said) = setup.run(&["replay"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{refused_count} documents delivered\n")), "{said}");
    assert!(!setup.path(DEAD_LETTER).exists());
    let stored: Vec<_> = fake.documents(STREAM).into_values().collect();
    setup.0.tenant.check_delivery(&stored).unwrap();
    setup.check("trace");
}

#[test]
fn a_running_daemon_replays_beside_its_other_work() {
    let setup = Setup::new(50);
    let (fake, count) = refusing(&setup);
    setup.settings(&format!("[[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n", fake.url()));
    let mut daemon = setup.start(&["run"]);
    wait_for("all that is taken", || fake.documents(STREAM).len() == 50 - count);
    wait_for("the rest", || setup.path(DEAD_LETTER).exists() && kept(&setup).len() == count);
    let replay = |file: &str| {
        let output = setup.0.exotrace(&["replay", file], &setup.path("exotrace.toml"), &[]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = replay(DEAD_LETTER);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("{count} dead letters: 0 documents delivered, {count} to `")), "{said}");
    assert!(said.contains("` again"), "{said}");
    assert_eq!(kept(&setup).len(), count);

    let (code, said) = replay("nowhere");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("could not read `") && said.contains("nowhere`: No such file"), "{said}");
    fs::write(setup.path("odd"), "nonsense\n").unwrap();
    let (code, said) = replay("odd");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`odd`, line 1: not a dead letter: ") && said.contains("1 line left out"), "{said}");
    fs::write(setup.path("state/dead-letter.ndjson.replaying"), "").unwrap();
    let (code, said) = replay(DEAD_LETTER);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is left from a replay that broke off\nhint: `exotrace replay "), "{said}");
    // The command runs as it is printed.
    let hint = said.split('`').find(|part| part.starts_with("exotrace replay ")).unwrap();
    let command = format!("{} {}", env!("CARGO_BIN_EXE_exotrace"), hint.strip_prefix("exotrace ").unwrap());
    let ran = Command::new("sh").args(["-c", &command]).current_dir(setup.path("")).output().unwrap();
    assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    assert!(!setup.path("state/dead-letter.ndjson.replaying").exists());
    fs::write(setup.path("state/dead-letter.ndjson.replaying"), "").unwrap();
    fs::remove_file(setup.path("state/dead-letter.ndjson.replaying")).unwrap();

    fake.take_everything();
    // Who may not read the settings can name the folder.
    let state = setup.path("state");
    let file = setup.path(DEAD_LETTER);
    let output = exotrace(&["replay", file.to_str().unwrap(), "--state-dir", state.to_str().unwrap()], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stored: Vec<_> = fake.documents(STREAM).into_values().collect();
    setup.0.tenant.check_delivery(&stored).unwrap();
    assert!(!setup.path(DEAD_LETTER).exists());
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    assert!(setup.log().contains("dead letters are replayed"), "{}", setup.log());
    let output = exotrace(&["replay", "README.md", "--state-dir", state.to_str().unwrap()], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no exotrace runs with `"), "{said}");
}

#[test]
fn a_replay_that_is_stopped_keeps_its_letters() {
    let setup = Setup::new(5);
    let (fake, _) = refusing(&setup);
    let output = |url: &str| format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{url}\"\n");
    setup.settings(&output(&fake.url()));
    assert_eq!(setup.run(&["run", "--once"]).0, Some(2), "{}", setup.log());
    let letters = kept(&setup);
    // A port at which nobody listens.
    setup.settings(&output("http://127.0.0.1:9"));
    let mut daemon = setup.start(&["run"]);
    wait_for("the start", || setup.log().contains("\"started\""));
    let mut replay = setup.0.start(&["replay", DEAD_LETTER], &setup.path("exotrace.toml"), &[]);
    wait_for("an attempt", || setup.log().contains("could not deliver; trying again"));
    // One at a time; and nobody else is shut out.
    let second = setup.0.exotrace(&["replay", DEAD_LETTER], &setup.path("exotrace.toml"), &[]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && said.contains("another replay is under way\nhint: wait"), "{said}");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    assert_eq!(replay.wait().unwrap().code(), Some(1));
    let aside = fs::read_to_string(setup.path("state/dead-letter.ndjson.replaying")).unwrap();
    assert_eq!(aside.lines().count(), letters.len());
}

/// Files that a component maps which is given by its name; it delivers records as they are.
fn hostile(setup: &Setup, component: &str) {
    fs::write(setup.path("mapping.wasm"), guest(component)).unwrap();
    let settings = "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\nwatch_interval = \"0s\"\n\
                    [[source]]\ntype = \"file\"\npaths = [\"in/*\"]\ninterval = \"20ms\"\n\
                    [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n";
    fs::write(setup.path("exotrace.toml"), settings).unwrap();
}

#[test]
fn a_record_at_which_the_mapping_stops_goes_to_the_dead_letter_alone() {
    let setup = Setup::new(0);
    hostile(&setup, "trap-on-record");
    let records: Vec<_> =
        (0..12).map(|n| if n == 4 { "{\"x\":4}".to_owned() } else { json!({ "n": n }).to_string() }).collect();
    fs::create_dir(setup.path("in")).unwrap();
    fs::write(setup.path("in/a.ndjson"), records.join("\n") + "\n").unwrap();
    let mut daemon = setup.start(&["run"]);
    wait_for("the others", || setup.count("trace") == 11);
    // The daemon lives on, and goes on with what comes.
    fs::write(setup.path("in/b.ndjson"), "{\"n\":12}\n{\"x\":13}\n{\"n\":14}\n").unwrap();
    wait_for("the others of the second file", || setup.count("trace") == 13);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", setup.log());
    let numbers: Vec<_> = setup.documents("trace").iter().map(|it| it["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14], "in order");

    let letters = kept(&setup);
    assert_eq!(
        letters.iter().map(|it| it["record"].as_str().unwrap()).collect::<Vec<_>>(),
        ["{\"x\":4}", "{\"x\":13}"]
    );
    let letter = &letters[0];
    assert_eq!((&letter["stage"], &letter["output"]), (&json!("mapping"), &Value::Null));
    assert!(letter["mapping"].as_str().unwrap().contains("9.9.9"), "{letter}");
    assert!(letter["reason"].as_str().unwrap().contains("stopped (trap)"), "{letter}");
    assert!(letter["path"].as_str().unwrap().ends_with("in/a.ndjson"), "{letter}");
    assert_eq!(letter["offset"], records[..4].iter().map(|it| it.len() + 1).sum::<usize>());

    // The same mapping stops again; one that does not delivers.
    let replay = ["replay", DEAD_LETTER];
    assert_eq!(setup.run(&replay).0, Some(2), "{}", setup.log());
    assert_eq!((kept(&setup).len(), setup.count("trace")), (2, 13));
    hostile(&setup, "honest");
    assert_eq!(setup.run(&replay).0, Some(0), "{}", setup.log());
    assert_eq!(setup.documents("trace")[13..], [json!({ "x": 4 }), json!({ "x": 13 })]);
    assert!(!setup.path(DEAD_LETTER).exists());
}

#[test]
fn a_mapping_that_stops_now_and_then_loses_nothing() {
    let setup = Setup::new(0);
    hostile(&setup, "trap-on-fifth");
    fs::create_dir(setup.path("in")).unwrap();
    let records: Vec<_> = (0..2500).map(|n| json!({ "n": n })).collect();
    let lines: String = records.iter().map(|it| format!("{it}\n")).collect();
    fs::write(setup.path("in/a.ndjson"), lines).unwrap();
    let (code, said) = setup.run(&["run", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(setup.documents("trace"), records, "each once, in order");
    assert!(!setup.path(DEAD_LETTER).exists());
}
