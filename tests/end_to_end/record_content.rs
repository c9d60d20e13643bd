//! Nothing of a record is in any log: not in the most detailed one of any command, and not in what `check`, `doctor`,
//! `status` and `replay --list` print.

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use serde_json::json;

use crate::harness::{Ended, Folder, SimulatedTenant, wait_for};

/// What stands in the records of the test and nowhere else.
const MARKS: [&str; 5] = ["zebra-subject", "zebra-sender", "zebra-recipient", "zebra-message", "203.0.113.77"];

/// A record with every mark; `changes` says how it is odd.
fn record(number: u32, changes: &[(&str, &str)]) -> String {
    let mut record = json!({
        "Received": "2026-03-04T05:06:07Z", "SenderAddress": "zebra-sender@contoso.com",
        "RecipientAddress": format!("zebra-recipient{number}@fabrikam.example"), "Subject": "zebra-subject",
        "MessageId": "<zebra-message@contoso.com>", "MessageTraceId": format!("0000000{number}-1111-2222-3333-444444444444"),
        "FromIP": "203.0.113.77", "Status": "Delivered", "Size": 1,
    });
    for (name, value) in changes {
        record[*name] = json!(value);
    }
    record.to_string()
}

/// Records that are good, odd, broken, and no records at all.
fn records() -> String {
    let lines = [
        record(1, &[]),
        record(2, &[("Received", "zebra-subject")]),
        record(3, &[("FromIP", "zebra-sender")]),
        record(5, &[]).replace("\"Size\":1", "\"Size\":zebra-subject"),
        "zebra-subject".to_owned(),
        "{\"zebra-subject\":\"zebra-sender\"}".to_owned(),
        record(6, &[]),
        // A file is not read beyond a date like this one.
        record(4, &[("Received", "9999-03-04T05:06:07Z")]),
    ];
    lines.join("\n") + "\n"
}

#[track_caller]
fn check(marks: &[&str], ended: &Ended, text: &str) {
    for mark in marks {
        assert!(!text.contains(mark), "`{mark}` is in what this said: {ended}");
    }
}

/// Runs a command with the most detailed log; what it prints as its result may have records in it.
#[track_caller]
fn log_is_clean(folder: &Folder, arguments: &[&str]) -> Ended {
    let ended = folder.bare(arguments).env("EXOTRACE_LOG", "trace").run();
    check(&MARKS, &ended, &ended.stderr);
    ended
}

/// The same for a command whose result is for everybody's eyes.
#[track_caller]
fn all_is_clean(folder: &Folder, arguments: &[&str]) {
    let ended = log_is_clean(folder, arguments);
    check(&MARKS, &ended, &ended.stdout);
}

#[test]
fn no_command_says_anything_of_a_record() {
    let refused_text = Some("zebra-recipient6".to_owned());
    let fake = FakeElasticsearch::start(Setup { refused_text, ..Setup::default() });
    let folder = Folder::with_settings(&format!(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\", \"*.csv\"]\nlocal_domains = [\"contoso.com\"]\n\
         [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n[[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n",
        fake.url()
    ));
    folder.write("in.ndjson", records());
    folder.write(
        "mixed.csv",
        "MessageTraceId,SenderAddress,RecipientAddress,Received,Status,Subject\n\
         1,zebra-sender@contoso.com,zebra-recipient@fabrikam.example,13/04/2026 05:06:07,Delivered,zebra-subject\n\
         2,zebra-sender@contoso.com,zebra-recipient@fabrikam.example,04/13/2026 05:06:07,Delivered,\"zebra-subject\n",
    );
    let settings = ["--config", "exotrace.toml"];
    let with = |arguments: &[&'static str]| [arguments, &settings].concat();
    let ran = log_is_clean(&folder, &with(&["run", "--once"]));
    assert_eq!(ran.code(), Some(2), "{ran}");
    assert!(folder.read("state/dead-letter.ndjson").contains("zebra-recipient6"), "{ran}");
    assert!(ran.stderr.contains("records go to the dead letter"), "{ran}");
    for command in ["check", "doctor", "status"] {
        all_is_clean(&folder, &with(&[command]));
        all_is_clean(&folder, &with(&[command, "--json"]));
    }
    all_is_clean(&folder, &with(&["replay", "--list"]));
    log_is_clean(&folder, &with(&["replay"]));
    log_is_clean(&folder, &["map", "in.ndjson", "mixed.csv"]);
    log_is_clean(&folder, &["map", "--mapping", "none", "in.ndjson"]);
    log_is_clean(&folder, &["mapping", "diff", "1.20", "2.2", "in.ndjson"]);
}

#[test]
fn no_log_of_a_service_says_anything_of_a_record() {
    let tenant = SimulatedTenant::misbehaving(&["cut=0.3", "odd-status=0.5", "late-rows=0.3"]);
    tenant.deliver_to("[[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n");
    let marks: Vec<_> = tenant.simulator.rows().iter().map(|row| row.recipient.clone()).collect();
    let marks: Vec<_> = marks.iter().map(String::as_str).collect();
    let once = tenant.exotrace(&["run", "--once"]).env("EXOTRACE_LOG", "trace").run();
    check(&marks, &once, &once.stderr);
    assert!(tenant.count("out") > 0, "{once}");
    let doctor = tenant.exotrace(&["doctor"]).env("EXOTRACE_LOG", "trace").run();
    check(&marks, &doctor, &doctor.all());
    let daemon = tenant.exotrace(&["run"]).env("EXOTRACE_LOG", "trace").start();
    wait_for("a poll in the log", || daemon.log().contains("page delivered"));
    let status = tenant.exotrace(&["status"]).run();
    check(&marks, &status, &status.all());
    let log = daemon.log();
    assert!(marks.iter().all(|mark| !log.contains(mark)), "{log}");
}
