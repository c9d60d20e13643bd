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

/// A text as it is read: with the escapes of JSON in place, and in small letters.
fn read_as_json(text: &str) -> String {
    let (mut read, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("\\u") {
        read.push_str(before);
        let code = behind.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        read.extend(code);
        rest = if code.is_some() { behind.get(4..).unwrap_or_default() } else { behind };
    }
    (read + rest).to_lowercase()
}

#[test]
fn where_people_are_hidden_nothing_of_them_is_anywhere() {
    let tenant = SimulatedTenant::with_rows(60);
    let rows = tenant.simulator.rows();
    // The store refuses some: their records become dead letters.
    let refused_text = Some(rows[rows.len() / 2].id.clone());
    let fake = FakeElasticsearch::start(Setup { refused_text, ..Setup::default() });
    let profile = "[mapping]\nversion = \"3.0\"\npreserve_original_event = true\n[mapping.privacy]\nkey_file = \"key\"\n\
                   key_id = \"k\"\nip = \"drop\"\n";
    let files = "[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\nlocal_domains = [\"contoso.com\"]\n";
    tenant.deliver_to(&format!(
        "{files}[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n\
         [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n{profile}",
        fake.url()
    ));
    tenant.bare(&["privacy", "keygen", "key"]).run().with(0);
    let escaped = record(7, &[]).replace("zebra", "\\u007a\\u0065bra").replace("Zebra", "ZEBRA");
    tenant.write("in/bad.ndjson", records() + &escaped + "\n");
    let of_rows = rows.iter().flat_map(|row| {
        [Some(&row.sender), Some(&row.recipient), row.subject.as_ref(), row.message_id.as_ref(), row.from_ip.as_ref()]
    });
    // A short subject can be anywhere by chance.
    let mut hidden: Vec<_> = of_rows.flatten().map(|text| text.to_lowercase()).filter(|text| text.len() > 6).collect();
    hidden.extend(["zebra".to_owned(), "203.0.113.77".to_owned()]);
    let is_clean = |place: &str, text: &str| {
        let text = read_as_json(text);
        for value in &hidden {
            assert!(!text.contains(value.as_str()), "`{value}` is in {place}: {text}");
        }
    };
    let run = |arguments: &[&str]| {
        let ended = tenant.exotrace(arguments).env("EXOTRACE_LOG", "trace").run();
        is_clean(&format!("what {arguments:?} said"), &ended.all());
        ended
    };
    assert_eq!(run(&["run", "--once"]).code(), Some(2));
    assert!(tenant.count("out") > 60 && tenant.read("state/dead-letter.ndjson").contains("\"sealed\""));
    for arguments in [&["check"][..], &["doctor"], &["doctor", "--json"], &["status"], &["status", "--json"]] {
        run(arguments);
    }
    run(&["replay", "--list"]);
    run(&["replay", "--list", "--json"]);
    run(&["mapping", "history"]);
    run(&["audit", "--from", "2h", "--to", "now", "--json"]);
    run(&["replay"]);
    fake.take_everything();
    run(&["replay"]);
    let daemon = tenant.exotrace(&["run"]).env("EXOTRACE_LOG", "trace").start();
    wait_for("the daemon", || tenant.path("state/control.sock").exists());
    run(&["mapping", "replace", "3.0", "--shadow", "100"]);
    run(&["mapping", "status", "--json"]);
    run(&["status"]);
    is_clean("the log", &daemon.log());
    drop(daemon);
    for document in fake.documents("logs-microsoft_exchange_online_message_trace.log-default").values() {
        is_clean("the store", &document.to_string());
    }
    let inputs = [tenant.path("in"), tenant.path("key"), tenant.path("exotrace.toml")];
    for (path, bytes) in tenant.files() {
        if inputs.iter().all(|input| !path.starts_with(input)) {
            is_clean(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
    }
}
