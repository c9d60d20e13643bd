//! `[mapping.privacy]`: who is hidden, by which key, and what is refused.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    process::Command,
};

use exotrace_fake_elasticsearch::{FakeElasticsearch, Setup};
use serde_json::{Value, json};

use crate::harness::{Folder, MappingDaemon, documents, fixture, text, wait_for};

const STREAM: &str = "logs-microsoft_exchange_online_message_trace.log-default";

/// A key, as people copy one.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n";

/// Another one, as hexadecimal digits.
const OTHER_KEY: &str = "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40\n";

/// A file of records, and one of documents.
const FILES: &str = "[[source]]\ntype = \"file\"\npaths = [\"in/*.ndjson\"]\ninterval = \"50ms\"\n\
                     tenant_id = \"aaaaaaaa-2222-3333-4444-555555555555\"\nlocal_domains = [\"contoso.com\"]\n\
                     [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n";

/// A profile that says what has to be said.
const PROFILE: &str = "version = \"3.0\"\n[mapping.privacy]\nkey_file = \"key\"\nkey_id = \"2026-q4\"\n";

fn record(number: usize) -> String {
    format!(
        "{{\"id\":\"0000000{number}-1111-2222-3333-444444444444\",\"receivedDateTime\":\"2026-03-04T05:06:07Z\",\
         \"senderAddress\":\"Ann.Zebra@contoso.com\",\"recipientAddress\":\"bob.zebra@fabrikam.com\",\
         \"subject\":\"zebra subject\",\"messageId\":\"<zebra@contoso.com>\",\"fromIP\":\"203.0.113.77\",\
         \"status\":\"delivered\"}}\n"
    )
}

fn write_key(folder: &Folder, name: &str, key: &str) {
    let path = folder.write(name, key);
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A folder with these settings of the mapping from line 3 on, and with a key.
fn folder(mapping: &str) -> Folder {
    let folder = Folder::with_settings(&format!("state_dir = \"state\"\n[mapping]\n{mapping}\n{FILES}"));
    write_key(&folder, "key", KEY);
    folder
}

/// The document of one record.
#[track_caller]
fn mapped(folder: &Folder, arguments: &[&str]) -> Value {
    folder.exotrace(&[&["map"], arguments].concat()).input(&record(1)).run().with(0).json()
}

/// `check`, `run` and `map` refuse the settings with these words.
#[track_caller]
fn check_refused(folder: &Folder, expected: &str) {
    for command in [&["check"][..], &["run"], &["map"]] {
        let ended = folder.exotrace(command).input(&record(1)).run();
        assert!(ended.stderr.contains(expected), "{command:?}: {ended}");
        assert!(!ended.status.success() && !ended.all().contains(KEY.trim()), "{command:?}: {ended}");
        assert!(command == ["map"] || ended.code() == Some(78), "{command:?}: {ended}");
    }
}

#[test]
fn people_are_hidden_everywhere_and_found_by_the_same_pseudonym() {
    let folder = folder(PROFILE);
    folder.write("in/1.ndjson", record(1) + &record(2));
    folder.exotrace(&["run", "--once"]).run().with(0);
    let documents = folder.documents("out");
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0]["labels"]["privacy_profile"], "default");
    assert_eq!(documents[0]["labels"]["privacy_key_id"], "2026-q4");
    let hash = documents[0]["source"]["user"]["hash"].as_str().unwrap();
    assert!(hash.starts_with("p-") && hash.len() == 28, "{hash}");
    assert_eq!(documents[0]["email"]["from"]["address"], Value::from(vec![format!("{hash}@contoso.com")]));
    assert_eq!(documents[1]["source"]["user"]["hash"], hash);
    // `map` is told the same, and by options alone as well.
    assert_eq!(mapped(&folder, &[])["source"]["user"]["hash"], hash);
    let options = "{\"privacy\":{\"key_id\":\"x\",\"addresses\":\"domain_only\"}}";
    assert_eq!(mapped(&folder, &["--options", options])["email"]["from"]["address"], Value::from(vec!["@contoso.com"]));
    write_key(&folder, "other", OTHER_KEY);
    let by_other = mapped(
        &folder,
        &["--options", options.replace("domain_only", "pseudonym").as_str(), "--privacy-key-file", "other"],
    );
    assert_eq!(by_other["labels"]["privacy_key_id"], "x");
    assert_ne!(by_other["source"]["user"]["hash"], hash);
    // Other options do not take the profile away.
    assert_eq!(mapped(&folder, &["--options", "{}"])["source"]["user"]["hash"], hash);
    for (name, bytes) in folder.files() {
        let is_input = name.ends_with("in/1.ndjson") || name.ends_with("key") || name.ends_with("other");
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(is_input || !text.contains("zebra") && !text.contains("203.0.113.77"), "{}: {text}", name.display());
    }
}

#[test]
fn check_doctor_and_status_say_which_profile_and_key() {
    let folder = folder(&format!("{PROFILE}profile = \"research\"\n"));
    let expected = "profile research, key 2026-q4";
    for command in ["check", "doctor", "status"] {
        let said = folder.exotrace(&[command]).run().stdout;
        assert!(said.contains(expected), "{command}: {said}");
    }
    for command in ["check", "status"] {
        let said = folder.exotrace(&[command, "--json"]).run().json();
        assert_eq!(said["privacy"]["key_id"], "2026-q4", "{command}: {said}");
    }
    fs::remove_file(folder.path("key")).unwrap();
    let said = folder.exotrace(&["doctor"]).run().stdout;
    assert!(said.contains("could not read") && !said.contains(expected), "{said}");
}

#[test]
fn a_key_that_is_none_or_that_others_may_read_is_refused_by_its_line() {
    let folder = folder(PROFILE);
    let place = "exotrace.toml:5: `mapping.privacy.key_file`: ";
    let key = folder.path("key");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    check_refused(&folder, &format!("{place}everybody on this machine may use"));
    write_key(&folder, "key", "AQID");
    check_refused(&folder, place);
    check_refused(&folder, "its text stands for 3 bytes, and 32 random ones are needed");
    write_key(&folder, "key", "");
    check_refused(&folder, "the file is empty");
    fs::remove_file(&key).unwrap();
    check_refused(&folder, place);
    check_refused(&folder, "No such file or directory");
    assert!(Command::new("mkfifo").arg(&key).status().unwrap().success());
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    check_refused(&folder, "not a regular file");
}

#[test]
fn what_the_mapping_does_not_take_is_named_by_its_line() {
    let local = FILES.replace("local_domains = [\"contoso.com\"]\n", "");
    for (mapping, files, expected) in [
        (format!("{PROFILE}original = \"keep\""), FILES, "exotrace.toml:7: `mapping.privacy.original`: "),
        (format!("{PROFILE}profile = \"{}\"", "x".repeat(65)), FILES, "exotrace.toml:7: `mapping.privacy.profile`: "),
        (format!("{PROFILE}parties = \"local\""), &local, "exotrace.toml:7: `mapping.privacy.parties`: "),
        (PROFILE.replace("3.0", "1.20"), FILES, "exotrace.toml:4: `mapping.privacy`: "),
        (PROFILE.replace("3.0", "2.2"), FILES, "this mapping cannot hide people"),
        (PROFILE.replace("version = \"3.0\"", "path = \"old.wasm\""), FILES, "this mapping cannot hide people"),
        (
            PROFILE.to_owned(),
            &FILES.replace("interval", "fields = { user = { name = \"x\" } }\ninterval"),
            "exotrace.toml:11: `source.fields`: mapping refuses its settings: field `user` is written by the mapping",
        ),
        (format!("{PROFILE}[mapping.options]\na = 1"), FILES, "exotrace.toml:8: `mapping.options.a`: "),
    ] {
        let folder = folder(&mapping);
        folder.write_settings(&format!("state_dir = \"state\"\n[mapping]\n{mapping}\n{files}"));
        folder.write("old.wasm", fs::read(fixture("wit/0.1.0/component.wasm")).unwrap());
        for command in ["check", "run"] {
            let said = folder.exotrace(&[command]).run().with(78).stderr;
            assert!(said.contains(expected), "{expected}: {command}: {said}");
        }
    }
    // Two keys that are one.
    let folder = folder(&format!("{PROFILE}previous_key_file = \"key\"\noverlap_until = \"2999-01-01\""));
    check_refused(&folder, "exotrace.toml:4: `mapping.privacy`: ");
}

#[test]
fn traces_of_requests_have_records_in_them_and_are_refused() {
    let graph = "[[source]]\ntype = \"graph\"\ntenant_id = \"contoso.com\"\nclient_secret = \"x\"\n\
                 client_id = \"11111111-2222-3333-4444-555555555555\"\nrequest_trace_dir = \"traces\"\n\
                 [[output]]\ntype = \"stdout\"\n";
    let folder = folder(PROFILE);
    folder.write_settings(&format!("state_dir = \"state\"\n[mapping]\n{PROFILE}{graph}"));
    for command in ["check", "run"] {
        let said = folder.exotrace(&[command]).run().with(78).stderr;
        assert!(said.contains("exotrace.toml:12: `source.request_trace_dir` keeps records as they come"), "{said}");
    }
}

#[test]
fn an_archive_has_records_in_it_and_has_to_be_allowed() {
    let folder = folder(PROFILE);
    let settings =
        |more: &str| format!("state_dir = \"state\"\n[archive]\ndir = \"raw\"\n{more}[mapping]\n{PROFILE}{FILES}");
    folder.write_settings(&settings(""));
    for command in ["check", "run"] {
        let said = folder.exotrace(&[command]).run().with(78).stderr;
        assert!(said.contains("exotrace.toml:3: `archive.dir` keeps records as they come"), "{said}");
        assert!(said.contains("`allow_archive = true`"), "{said}");
    }
    folder.write_settings(&settings("allow_archive = true\n"));
    folder.exotrace(&["check"]).run().with(0);
}

/// A process at work with the profile, and what one more record becomes.
fn daemon(more: &str) -> MappingDaemon {
    let files = format!("{FILES}[[output]]\ntype = \"file\"\nname = \"other\"\npath = \"other.ndjson\"\n");
    MappingDaemon::prepared(&format!("{PROFILE}{more}"), &files, |folder| {
        write_key(folder, "key", KEY);
        write_key(folder, "old", OTHER_KEY);
    })
}

fn deliver(daemon: &MappingDaemon, number: usize) -> Value {
    daemon.write(&format!("in/{number}.ndjson"), record(number));
    wait_for("delivery", || daemon.count("out") == number);
    daemon.documents("out").pop().unwrap()
}

#[test]
fn a_mapping_that_cannot_hide_people_does_not_take_the_place_of_one_that_does() {
    let daemon = daemon("");
    for mapping in ["1.20", "2.2", text(&fixture("wit/0.1.0/component.wasm"))] {
        for arguments in [&["replace", mapping][..], &["replace", mapping, "--shadow", "100", "--force"]] {
            let (said, succeeded) = daemon.tell(arguments);
            assert!(!succeeded && said.contains("this mapping cannot hide people"), "{said}");
        }
    }
    assert_eq!(deliver(&daemon, 1)["labels"]["privacy_key_id"], "2026-q4");
}

#[test]
fn another_key_in_the_file_counts_from_then_on() {
    let daemon = daemon("");
    let before = deliver(&daemon, 1);
    // Half a key is none, and changes nothing.
    write_key(&daemon, "key", "AQID");
    daemon.wait_for_log("could not reload the settings");
    assert_eq!(deliver(&daemon, 2)["user"]["hash"], before["user"]["hash"]);
    write_key(&daemon, "key", OTHER_KEY);
    daemon.wait_for_log("settings reloaded");
    daemon.wait_for_log("another one with the same `key_id`");
    let after = deliver(&daemon, 3);
    assert!(after["user"]["hash"].is_string() && after["user"]["hash"] != before["user"]["hash"], "{after}");
    for key in [KEY, OTHER_KEY] {
        assert!(!daemon.log().contains(key.trim()), "{}", daemon.log());
    }
}

#[test]
fn the_previous_key_is_used_until_its_time_is_over() {
    let seconds_to_come = |seconds| (chrono::Utc::now() + chrono::Duration::seconds(seconds)).to_rfc3339();
    let until = seconds_to_come(3600);
    let daemon = daemon(&format!("previous_key_file = \"old\"\noverlap_until = \"{until}\"\n"));
    let before = deliver(&daemon, 1);
    let old = before["related"]["hash"].as_array().map_or(0, Vec::len);
    assert!(old > 0, "{before}");
    // Time enough to read the settings on a busy machine.
    daemon.change_settings(&until, &seconds_to_come(15));
    daemon.hang_up();
    daemon.wait_for_log("previous key of pseudonyms is not used any more");
    wait_for("settings to be reloaded again", || daemon.log().matches("settings reloaded").count() == 2);
    let after = deliver(&daemon, 2);
    assert_eq!(after["user"]["hash"], before["user"]["hash"]);
    assert_eq!(after["related"]["hash"], Value::Null, "{after}");
    // Nobody needs the old file from then on.
    fs::remove_file(daemon.path("old")).unwrap();
    let said = daemon.exotrace(&["check"]).run().with(0).stderr;
    assert!(said.contains("`mapping.privacy.overlap_until` is over"), "{said}");
}

/// The file of dead letters, and nothing of a record in it.
#[track_caller]
fn sealed_letters(folder: &Folder) -> Vec<Value> {
    let text = folder.read("state/dead-letter.ndjson");
    assert!(!text.to_lowercase().contains("zebra") && !text.contains("203.0.113.77"), "{text}");
    let letters = documents(&text);
    for letter in &letters {
        assert!(letter["sealed"]["record"].is_string() && letter["record"] == Value::Null, "{letter}");
    }
    letters
}

#[test]
fn dead_letters_are_sealed_and_replayed_by_who_has_the_key() {
    let refused_text = Some("00000002-1111".to_owned());
    let fake = FakeElasticsearch::start(Setup { refused_text, ..Setup::default() });
    let folder = folder(PROFILE);
    let settings = folder.read("exotrace.toml");
    let output = format!("[[output]]\ntype = \"elasticsearch\"\nname = \"siem\"\nurl = \"{}\"\n", fake.url());
    let settings = settings.replace("[[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n", &output);
    folder.write_settings(&settings);
    // One that an output refuses, and one with a date that no message was received at.
    folder.write("in/1.ndjson", record(1) + &record(2) + &record(3).replace("2026-03-04", "9999-03-04"));
    let ended = folder.exotrace(&["run", "--once"]).run().with(2);
    assert!(!ended.all().to_lowercase().contains("zebra"), "{ended}");
    let letters = sealed_letters(&folder);
    assert_eq!(letters.len(), 2, "{letters:?}");
    let of_output = letters.iter().find(|letter| letter["stage"] == "output").unwrap();
    assert_eq!((&of_output["output"], &of_output["sealed"]["key_id"]), (&json!("siem"), &json!("2026-q4")));
    assert!(of_output["reason"].as_str().unwrap().contains("failed to parse field"), "{of_output}");
    let list = folder.exotrace(&["replay", "--list"]).run().with(0).stdout;
    assert!(list.contains("output `siem`"), "{list}");
    // Without the key they stay what they are.
    fake.take_everything();
    write_key(&folder, "key", OTHER_KEY);
    folder.exotrace(&["replay"]).run().with(2);
    let kept = sealed_letters(&folder);
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0]["sealed"], letters[0]["sealed"]);
    assert!(kept[0]["reason"].as_str().unwrap().contains("does not have the key"), "{}", kept[0]);
    folder.write_settings(&settings.replace("[mapping.privacy]\nkey_file = \"key\"\nkey_id = \"2026-q4\"\n", ""));
    folder.exotrace(&["replay"]).run().with(2);
    assert_eq!(sealed_letters(&folder).len(), 2);
    // The key before is enough.
    write_key(&folder, "old", KEY);
    let previous = "key_id = \"2027-q1\"\nprevious_key_file = \"old\"\noverlap_until = \"2999-01-01\"\n";
    folder.write_settings(&settings.replace("key_id = \"2026-q4\"\n", previous));
    let said = folder.exotrace(&["replay"]).run().all();
    assert!(said.contains("2 dead letters: "), "{said}");
    let stored: Vec<_> = fake.documents(STREAM).into_values().collect();
    assert!(stored.len() >= 2, "{stored:?}");
    for document in stored {
        assert!(!document.to_string().to_lowercase().contains("zebra"), "{document}");
    }
}
