//! What cannot be delivered: kept with the reason, and delivered by a replay when it can be.

use std::fs;

use exotrace_fake_elasticsearch::{self as store, FakeElasticsearch};
use serde_json::{Value, json};

use crate::harness::{Folder, SimulatedTenant, documents, exotrace, guest, text, wait_for};

const DEAD_LETTER: &str = "state/dead-letter.ndjson";

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

fn kept(tenant: &SimulatedTenant) -> Vec<Value> {
    documents(&tenant.read(DEAD_LETTER))
}

/// The fields of the first line in a log with this message.
fn logged(log: &str, message: &str) -> Value {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines.map(|line| line["fields"].clone()).find(|fields| fields["message"] == message);
    found.unwrap_or_else(|| panic!("no line `{message}` in {log}"))
}

/// A store that refuses the documents of one message, and how many these are.
fn refusing(tenant: &SimulatedTenant) -> (FakeElasticsearch, usize) {
    let rows = tenant.simulator.rows();
    let refused = rows[rows.len() / 2].id.clone();
    let count = rows.iter().filter(|row| row.id == refused).count();
    let refused_text = Some(refused);
    (FakeElasticsearch::start(store::Setup { refused_text, ..store::Setup::default() }), count)
}

#[test]
fn what_an_output_rejects_is_replayed_to_it_alone() {
    let tenant = SimulatedTenant::with_rows(50);
    let (fake, refused_count) = refusing(&tenant);
    tenant.deliver_to(&format!(
        "[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n\
         [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n",
        fake.url()
    ));
    let said = tenant.exotrace(&["run", "--once"]).ends(2).said();
    let rows = tenant.simulator.rows().len();
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
    tenant.check_files("trace");
    let letters = kept(&tenant);
    assert_eq!(letters.len(), refused_count);
    assert_eq!((&letters[0]["stage"], &letters[0]["output"]), (&json!("output"), &json!("siem")));
    assert!(letters[0]["mapping"].as_str().unwrap().starts_with("2.2"), "{}", letters[0]["mapping"]);
    assert!(letters[0]["reason"].as_str().unwrap().contains("failed to parse field"), "{}", letters[0]["reason"]);
    assert!(letters[0]["record"].as_str().unwrap().starts_with('{'));

    // Refused once more, and kept once more.
    let replay = ["replay", DEAD_LETTER];
    let said = tenant.exotrace(&replay).ends(2).said();
    assert!(said.contains(&format!(": 0 documents delivered, {refused_count} to `")), "{said}");
    assert_eq!(kept(&tenant).len(), refused_count);

    // Listed by reason, with nothing of the records, by the file that the settings name.
    let text = tenant.exotrace(&["replay", "--list"]).ends(0).stdout;
    assert!(text.contains(&format!("{refused_count:>7}  output `siem`: ")), "{text}");
    for row in tenant.simulator.rows() {
        assert!(!text.contains(&row.recipient) && !text.contains(&row.id), "{text}");
    }
    fake.take_everything();
    let said = tenant.exotrace(&["replay"]).ends(0).said();
    assert!(said.contains(&format!("{refused_count} documents delivered\n")), "{said}");
    assert!(!tenant.path(DEAD_LETTER).exists());
    tenant.check(&fake.documents(STREAM).into_values().collect::<Vec<_>>());
    tenant.check_files("trace");
}

#[test]
fn a_running_daemon_replays_beside_its_other_work() {
    let tenant = SimulatedTenant::with_rows(50);
    let (fake, count) = refusing(&tenant);
    tenant.deliver_to(&format!("[[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n", fake.url()));
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("all that is taken", || fake.documents(STREAM).len() == 50 - count);
    let lines = || fs::read_to_string(tenant.path(DEAD_LETTER)).unwrap_or_default().matches('\n').count();
    wait_for("the rest", || lines() == count);
    let replay = |file: &str, code| tenant.exotrace(&["replay", file]).ends(code).stderr;
    let said = replay(DEAD_LETTER, 2);
    assert!(said.contains(&format!("{count} dead letters: 0 documents delivered, {count} to `")), "{said}");
    assert!(said.contains("` again"), "{said}");
    assert_eq!(kept(&tenant).len(), count);

    let said = replay("nowhere", 1);
    assert!(said.contains("could not read `") && said.contains("nowhere`: No such file"), "{said}");
    tenant.write("odd", "nonsense\n");
    let said = replay("odd", 2);
    assert!(said.contains("`odd`, line 1: not a dead letter: ") && said.contains("1 line left out"), "{said}");
    tenant.write("state/dead-letter.ndjson.replaying", "");
    let said = replay(DEAD_LETTER, 1);
    assert!(said.contains("is left from a replay that broke off\nhint: `exotrace replay "), "{said}");
    // The command runs as it is printed.
    let hint = said.split('`').find(|part| part.starts_with("exotrace replay ")).unwrap();
    let command = hint.strip_prefix("exotrace ").unwrap();
    tenant.bare(&[]).by_script(&format!("\"$1\" {command}")).ends(0);
    assert!(!tenant.path("state/dead-letter.ndjson.replaying").exists());
    tenant.write("state/dead-letter.ndjson.replaying", "");
    fs::remove_file(tenant.path("state/dead-letter.ndjson.replaying")).unwrap();

    fake.take_everything();
    // Who may not read the settings can name the folder.
    let (state, file) = (tenant.path("state"), tenant.path(DEAD_LETTER));
    exotrace(&["replay", text(&file), "--state-dir", text(&state)], "").with(0);
    tenant.check(&fake.documents(STREAM).into_values().collect::<Vec<_>>());
    assert!(!tenant.path(DEAD_LETTER).exists());
    daemon.stop();
    assert!(daemon.log().contains("dead letters are replayed"));
    let said = exotrace(&["replay", "README.md", "--state-dir", text(&state)], "").stderr;
    assert!(said.contains("no exotrace runs with `"), "{said}");
}

#[test]
fn a_replay_that_is_stopped_keeps_its_letters() {
    let tenant = SimulatedTenant::with_rows(5);
    let (fake, _) = refusing(&tenant);
    let output = |url: &str| format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{url}\"\n");
    tenant.deliver_to(&output(&fake.url()));
    tenant.exotrace(&["run", "--once"]).ends(2);
    let letters = kept(&tenant);
    // A port at which nobody listens.
    tenant.deliver_to(&output("http://127.0.0.1:9"));
    let mut daemon = tenant.exotrace(&["run"]).start();
    daemon.wait_for_log("\"started\"");
    let mut replay = tenant.exotrace(&["replay", DEAD_LETTER]).start();
    daemon.wait_for_log("could not deliver; trying again");
    // One at a time; and nobody else is shut out.
    let second = tenant.exotrace(&["replay", DEAD_LETTER]).run();
    assert!(!second.status.success() && second.stderr.contains("another replay is under way\nhint: wait"), "{second}");
    daemon.stop();
    assert_eq!(replay.end().code(), Some(1));
    let aside = tenant.read("state/dead-letter.ndjson.replaying");
    assert_eq!(aside.lines().count(), letters.len());
}

/// Files that a component maps which is given by its name; it delivers records as they are.
fn hostile(tenant: &SimulatedTenant, component: &str) {
    tenant.write("mapping.wasm", guest(component));
    let settings = "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\nwatch_interval = \"0s\"\n\
                    [[source]]\ntype = \"file\"\npaths = [\"in/*\"]\ninterval = \"20ms\"\n\
                    [[output]]\ntype = \"file\"\npath = \"trace.ndjson\"\n";
    tenant.write_settings(settings);
}

#[test]
fn a_record_at_which_the_mapping_stops_goes_to_the_dead_letter_alone() {
    let tenant = SimulatedTenant::with_rows(0);
    hostile(&tenant, "trap-on-record");
    let records: Vec<_> =
        (0..12).map(|n| if n == 4 { "{\"x\":4}".to_owned() } else { json!({ "n": n }).to_string() }).collect();
    tenant.write("in/a.ndjson", records.join("\n") + "\n");
    let mut daemon = tenant.exotrace(&["run"]).start();
    wait_for("the others", || tenant.count("trace") == 11);
    // The daemon lives on, and goes on with what comes.
    tenant.write("in/b.ndjson", "{\"n\":12}\n{\"x\":13}\n{\"n\":14}\n");
    wait_for("the others of the second file", || tenant.count("trace") == 13);
    daemon.stop();
    let numbers: Vec<_> = tenant.documents("trace").iter().map(|it| it["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14], "in order");

    let letters = kept(&tenant);
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
    let replay = || tenant.exotrace(&["replay", DEAD_LETTER]);
    replay().ends(2);
    assert_eq!((kept(&tenant).len(), tenant.count("trace")), (2, 13));
    hostile(&tenant, "honest");
    replay().ends(0);
    assert_eq!(tenant.documents("trace")[13..], [json!({ "x": 4 }), json!({ "x": 13 })]);
    assert!(!tenant.path(DEAD_LETTER).exists());
}

#[test]
fn a_mapping_that_stops_now_and_then_loses_nothing() {
    let tenant = SimulatedTenant::with_rows(0);
    hostile(&tenant, "trap-on-fifth");
    let records: Vec<_> = (0..2500).map(|n| json!({ "n": n })).collect();
    let lines: String = records.iter().map(|it| format!("{it}\n")).collect();
    tenant.write("in/a.ndjson", lines);
    tenant.exotrace(&["run", "--once"]).ends(0);
    assert_eq!(tenant.documents("trace"), records, "each once, in order");
    assert!(!tenant.path(DEAD_LETTER).exists());
}

/// A store keeps one document of each id: that a mapping gave one id to several records is reported, in the same batch
/// or in several.
#[test]
fn records_with_the_id_of_another_one_are_told_and_not_counted_as_delivered() {
    let fake = FakeElasticsearch::start(store::Setup::default());
    let folder = Folder::with_settings(&format!(
        "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
         [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n",
        fake.url()
    ));
    folder.write("mapping.wasm", guest("same-id"));
    for number in 0..5 {
        folder.write(&format!("in/{number}"), format!("{{\"n\":{number}}}\n"));
    }
    // The same record once more is not another record.
    folder.write("in/again", "\n{\"n\":0}\n");
    let ended = folder.exotrace(&["run", "--once"]).ends(2);
    assert!(ended.said().contains("2 documents delivered, 4 to the dead letter"), "{ended}");
    assert!(ended.said().contains(", 1 already there"), "{ended}");
    assert_eq!((fake.documents(STREAM).len(), fake.requests().len()), (1, 2), "{ended}");
    let letters = documents(&folder.read(DEAD_LETTER));
    for letter in &letters {
        let reason = letter["reason"].as_str().unwrap();
        assert!(reason.contains("has the `_id` of another record, which was mapped shortly before"), "{reason}");
    }
}
