//! The running program is told to replace its mapping, and watches its file.

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::Path,
    process::Command,
};

use exotrace::mapper::built_in;
use serde_json::Value;

use crate::{
    harness::{exotrace, guest},
    running::Running,
};

#[test]
fn the_running_program_takes_another_mapping_and_goes_back() {
    let running = Running::start("");
    let socket = fs::metadata(running.file("state/control.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600, "for the owner alone");
    assert_eq!(running.status()["mapping"], "2.2.0");

    let (said, succeeded) = running.tell(&["replace", "1.20"]);
    assert!(succeeded && said.starts_with("mapping 1.20.0 (") && said.contains("12 records of its own"), "{said}");
    let (said, _) = running.tell(&["status"]);
    assert!(said.starts_with("mapping   1.20.0 (") && said.contains("\nbefore    2.2.0 ("), "{said}");

    let (said, succeeded) = running.tell(&["rollback"]);
    assert!(succeeded && said == "mapping 2.2.0 maps again\n", "{said}");
    let (said, succeeded) = running.tell(&["rollback"]);
    assert!(!succeeded && said.contains("hint: `exotrace mapping replace`"), "{said}");

    running.tell(&["pin"]);
    let (said, succeeded) = running.tell(&["replace", "1.20"]);
    assert!(!succeeded && said.contains("pinned") && said.contains("hint: `exotrace mapping unpin`"), "{said}");
    running.tell(&["unpin"]);

    let (said, succeeded) = running.tell(&["replace", "1.20", "--shadow", "25"]);
    assert!(succeeded && said.contains("is compared on 25 % of the records"), "{said}");
    let (said, _) = running.tell(&["status"]);
    assert!(said.contains("on trial  1.20.0 (") && said.contains("in the shadow, compared on 25 %"), "{said}");
    running.tell(&["promote"]);
    assert_eq!(running.status()["mapping"], "1.20.0");

    let (history, _) = running.tell(&["history", "--json"]);
    let events: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let expected = "started replaced rolled_back pinned unpinned trial_began trial_ended replaced";
    assert_eq!(names.join(" "), expected);
    assert!(events[1]["by"].as_str().unwrap().starts_with("uid "), "{}", events[1]);
    assert_eq!(events[1]["digest"].as_str().unwrap().len(), 64);
    let file = fs::read_to_string(running.file("state/mapping-history.ndjson")).unwrap();
    assert_eq!(file, history, "the file has the same events");
}

#[test]
fn a_watched_file_is_taken_when_it_proves_itself_and_not_tried_again_otherwise() {
    let running = Running::start("");
    running.put(built_in("1.20").unwrap().bytes);
    running.wait_until("1.20 maps", |running| running.status()["mapping"] == "1.20.0");

    for (count, name) in ["describe-traps", "wasi-import", "lying-section", "open-traps"].into_iter().enumerate() {
        running.put(&guest(name));
        running.wait_until("it is refused", |running| running.status()["refused"] == count + 1);
    }
    let refused = "mapping refused; the current one stays";
    assert_eq!(running.log().matches(refused).count(), 4, "{}", running.log());
    assert!(running.log().contains("imports `wasi:cli/environment@0.2.0`"), "{}", running.log());

    // Touched, and put there once more: the same bytes are not tried again.
    running.put(&guest("wasi-import"));
    running.wait_until("it is known", |running| running.log().contains("was refused before and is not tried again"));
    assert_eq!(running.status()["refused"], 4);
    assert_eq!(running.status()["mapping"], "1.20.0");

    fs::write(running.file("mapping.wasm"), b"\0asm half of a file").unwrap();
    running.wait_until("it is refused", |running| running.status()["refused"] == 5);
    running.put(built_in("2.2").unwrap().bytes);
    running.wait_until("2.2 maps", |running| running.status()["mapping"] == "2.2.0");
}

#[test]
fn what_the_settings_want_tried_is_tried() {
    let running = Running::start("[mapping.candidate]\nversion = \"1.20\"\nmode = \"canary\"\npercent = 7");
    running.wait_until("it is on trial", |running| running.status()["trial"]["percent"] == 7);
    assert_eq!(running.status()["trial"]["mode"], "canary");
    let (said, succeeded) = running.tell(&["withdraw"]);
    assert!(succeeded, "{said}");
    assert!(running.status()["trial"].is_null());
}

#[test]
fn a_refused_candidate_is_explained_to_who_asked() {
    let running = Running::start("");
    let file = running.file("hostile.wasm");
    fs::write(&file, guest("unknown-import")).unwrap();
    let (said, succeeded) = running.tell(&["replace", file.to_str().unwrap()]);
    assert!(!succeeded, "{said}");
    let expected = "error: refused; the current mapping stays: imports `exotrace:mapping/clock@0.1.0`; a mapping may";
    assert!(said.starts_with(expected), "{said}");
    let (said, succeeded) = running.tell(&["replace", "7.7"]);
    assert!(!succeeded && said.starts_with("error: there is no mapping `7.7`\nhint: "), "{said}");
    let (said, succeeded) = running.tell(&["replace", "./nowhere.wasm"]);
    assert!(!succeeded && said.contains("nowhere.wasm`: No such file"), "{said}");
}

#[test]
fn nobody_to_talk_to_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let state_dir = folder.path().to_str().unwrap();
    let output = exotrace(&["mapping", "status", "--state-dir", state_dir], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        said,
        format!(
            "error: no exotrace runs with `{state_dir}`\nhint: start `exotrace run`, or name the settings or the `state_dir` of the one that runs\n"
        )
    );
    assert!(!Path::new(state_dir).join("control.sock").exists());
}

#[test]
fn nonsense_on_the_socket_gets_an_error_and_harms_nothing() {
    use std::{
        io::{Read as _, Write as _},
        net::Shutdown,
        os::unix::net::UnixStream,
    };
    let running = Running::start("");
    for nonsense in ["\n", "{}\n", "{\"format\":\"disk\"}\n", "no json\n", &"x".repeat(100_000)] {
        let mut stream = UnixStream::connect(running.file("state/control.sock")).unwrap();
        // It may have stopped listening before everything is said.
        drop(stream.write_all(nonsense.as_bytes()));
        drop(stream.shutdown(Shutdown::Write));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        assert!(answer.is_empty() || answer.starts_with("{\"failed\":\"not a request: "), "{answer}");
    }
    assert_eq!(running.status()["mapping"], "2.2.0");
}

#[test]
fn what_is_in_use_already_is_said_and_no_failure() {
    let running = Running::start("");
    assert_eq!(running.tell_well(&["replace", "2.2"]), "mapping 2.2.0 maps already\n");
    let (said, succeeded) = running.tell(&["replace", "2.2", "--shadow", "10"]);
    assert!(!succeeded && said.contains("this is the current mapping already"), "{said}");
    running.tell_well(&["pin"]);
    running.tell_well(&["pin"]);
    let (history, _) = running.tell(&["history"]);
    assert_eq!(history.matches("pinned").count(), 1, "{history}");
}

#[test]
fn a_core_module_is_called_what_it_is() {
    let running = Running::start("");
    let file = running.file("module.wasm");
    fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    let (said, succeeded) = running.tell(&["replace", file.to_str().unwrap()]);
    let expected = "a core module, not a component\nhint: `wasm-tools component new` makes a component of it";
    assert!(!succeeded && said.contains(expected), "{said}");
    let inspected = exotrace(&["mapping", "inspect", file.to_str().unwrap()], "");
    let said = String::from_utf8_lossy(&inspected.stderr).into_owned();
    assert!(said.starts_with("error: could not inspect `") && said.contains(expected), "{said}");
}

/// The program with mapping 2.2 at `mapping.path`, after it has mapped some records.
fn with_records() -> Running {
    let source = "[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]";
    let record = |n: u32| {
        format!(
            "{{\"id\":\"{n}\",\"messageId\":\"<{n}@contoso.com>\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\
             \"senderAddress\":\"ann@contoso.com\",\"recipientAddress\":\"bob@fabrikam.com\",\"status\":\"delivered\"}}\n"
        )
    };
    let records: String = (0..20).map(record).collect();
    let running = Running::prepared("path = \"mapping.wasm\"", source, |folder| {
        fs::write(folder.join("in.ndjson"), &records).unwrap();
    });
    running.wait_until("records are mapped", |running| running.status()["work"]["records"] == 20);
    running
}

#[test]
fn a_mapping_that_gives_other_ids_is_refused_unless_they_are_accepted() {
    let mut running = with_records();
    let other = running.file("other.wasm");
    fs::write(&other, guest("honest")).unwrap();
    let (said, succeeded) = running.tell(&["replace", other.to_str().unwrap()]);
    let expected = "error: refused; the current mapping stays: 20 of 20 recent records get another `_id`: what is read \
                    again would be stored twice\nhint: `--accept-new-ids` of `exotrace mapping replace` takes it";
    assert!(!succeeded && said.starts_with(expected), "{said}");
    // The watched file is no other: what was refused is not taken there either.
    running.put(&guest("honest"));
    running.wait_until("the file is looked at", |running| running.status()["last_refused"]["by"] == "watcher");
    assert_eq!(running.mapping(), "2.2.0");
    let said = running.tell_well(&["status"]);
    assert!(said.contains("\nrefused   mapping.wasm (") && said.contains("get another `_id`"), "{said}");
    assert!(running.log().contains("\"level\":\"WARN\"") && running.log().contains("get another `_id`"));
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "2.2.0", "the file stays refused");
    running.kill();
    let said = running.tell_well(&["history"]);
    assert!(said.contains("refused      other.wasm (") && said.lines().count() >= 2, "{said}");
    running.start_again();

    let mut running = with_records();
    let other = running.file("other.wasm");
    fs::write(&other, guest("honest")).unwrap();
    let other = other.to_str().unwrap();
    let said = running.tell_well(&["replace", other, "--shadow", "100"]);
    assert!(said.contains("of these 20 come out differently, 20 with another `_id`"), "{said}");
    running.tell_well(&["withdraw"]);
    let (said, succeeded) = running.tell(&["replace", other, "--canary", "50"]);
    assert!(!succeeded && said.contains("get another `_id`"), "{said}");
    running.tell_well(&["replace", other, "--accept-new-ids"]);
    assert_eq!(running.mapping(), "9.9.9");
    assert!(running.status()["last_refused"].is_null());
    running.kill();
}

#[test]
fn the_history_of_nothing_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = exotrace(&["mapping", "history", "--state-dir", folder.path().to_str().unwrap()], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("error: no exotrace runs with `"), "{said}");
}

#[test]
fn a_pipe_in_place_of_the_mapping_is_no_mapping_and_ends_no_watch() {
    let running = Running::start("");
    fs::remove_file(running.file("mapping.wasm")).unwrap();
    assert!(Command::new("mkfifo").arg(running.file("mapping.wasm")).status().unwrap().success());
    running.wait_until("it is said", |running| running.log().contains("not a regular file"));
    running.put(built_in("1.20").unwrap().bytes);
    running.wait_until("what is a file is taken", |running| running.mapping() == "1.20.0");
}
