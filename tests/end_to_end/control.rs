//! The running program is told to replace its mapping, and watches its file.

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    process::Command,
};

use exotrace::mapper::built_in;

use crate::harness::{Folder, MappingDaemon, documents, exotrace, graph_records, guest, project, text};

#[test]
fn the_running_program_takes_another_mapping_and_goes_back() {
    let daemon = MappingDaemon::start("");
    let socket = fs::metadata(daemon.path("state/control.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600, "for the owner alone");
    assert_eq!(daemon.status()["mapping"], "2.2.0");

    let (said, succeeded) = daemon.tell(&["replace", "1.20"]);
    assert!(succeeded && said.starts_with("mapping 1.20.0 (") && said.contains("12 records of its own"), "{said}");
    let (said, _) = daemon.tell(&["status"]);
    assert!(said.starts_with("mapping   1.20.0 (") && said.contains("\nbefore    2.2.0 ("), "{said}");

    let (said, succeeded) = daemon.tell(&["rollback"]);
    assert!(succeeded && said == "mapping 2.2.0 maps again\n", "{said}");
    let (said, succeeded) = daemon.tell(&["rollback"]);
    assert!(!succeeded && said.contains("hint: `exotrace mapping replace`"), "{said}");

    daemon.tell(&["pin"]);
    let (said, succeeded) = daemon.tell(&["replace", "1.20"]);
    assert!(!succeeded && said.contains("pinned") && said.contains("hint: `exotrace mapping unpin`"), "{said}");
    daemon.tell(&["unpin"]);

    let (said, succeeded) = daemon.tell(&["replace", "1.20", "--shadow", "25"]);
    assert!(succeeded && said.contains("is compared on 25 % of the records"), "{said}");
    let (said, _) = daemon.tell(&["status"]);
    assert!(said.contains("on trial  1.20.0 (") && said.contains("in the shadow, compared on 25 %"), "{said}");
    daemon.tell(&["promote"]);
    assert_eq!(daemon.status()["mapping"], "1.20.0");

    let (history, _) = daemon.tell(&["history", "--json"]);
    let events = documents(&history);
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let expected = "started replaced rolled_back pinned unpinned trial_began trial_ended replaced";
    assert_eq!(names.join(" "), expected);
    assert!(events[1]["by"].as_str().unwrap().starts_with("uid "), "{}", events[1]);
    assert_eq!(events[1]["digest"].as_str().unwrap().len(), 64);
    assert_eq!(daemon.read("state/mapping-history.ndjson"), history, "the file has the same events");
}

#[test]
fn a_watched_file_is_taken_when_it_proves_itself_and_not_tried_again_otherwise() {
    let daemon = MappingDaemon::start("");
    daemon.put(built_in("1.20").unwrap().bytes);
    daemon.wait_until("1.20 maps", |daemon| daemon.status()["mapping"] == "1.20.0");

    for (count, name) in ["describe-traps", "wasi-import", "lying-section", "open-traps"].into_iter().enumerate() {
        daemon.put(&guest(name));
        daemon.wait_until("it is refused", |daemon| daemon.status()["refused"] == count + 1);
    }
    let refused = "mapping refused; the current one stays";
    assert_eq!(daemon.log().matches(refused).count(), 4, "{}", daemon.log());
    assert!(daemon.log().contains("imports `wasi:cli/environment@0.2.0`"), "{}", daemon.log());

    // Touched, and put there once more: the same bytes are not tried again.
    daemon.put(&guest("wasi-import"));
    daemon.wait_for_log("was refused before and is not tried again");
    assert_eq!(daemon.status()["refused"], 4);
    assert_eq!(daemon.status()["mapping"], "1.20.0");

    daemon.put(b"\0asm half of a file");
    daemon.wait_until("it is refused", |daemon| daemon.status()["refused"] == 5);
    daemon.put(built_in("2.2").unwrap().bytes);
    daemon.wait_until("2.2 maps", |daemon| daemon.status()["mapping"] == "2.2.0");
}

#[test]
fn what_the_settings_want_tried_is_tried() {
    let daemon = MappingDaemon::start("[mapping.candidate]\nversion = \"1.20\"\nmode = \"canary\"\npercent = 7");
    daemon.wait_until("it is on trial", |daemon| daemon.status()["trial"]["percent"] == 7);
    assert_eq!(daemon.status()["trial"]["mode"], "canary");
    let (said, succeeded) = daemon.tell(&["withdraw"]);
    assert!(succeeded, "{said}");
    assert!(daemon.status()["trial"].is_null());
}

#[test]
fn a_refused_candidate_is_explained_to_who_asked() {
    let daemon = MappingDaemon::start("");
    let file = daemon.write("hostile.wasm", guest("unknown-import"));
    let (said, succeeded) = daemon.tell(&["replace", text(&file)]);
    assert!(!succeeded, "{said}");
    let expected = "error: refused; the current mapping stays: imports `exotrace:mapping/clock@0.1.0`; a mapping may";
    assert!(said.starts_with(expected), "{said}");
    let (said, succeeded) = daemon.tell(&["replace", "7.7"]);
    assert!(!succeeded && said.starts_with("error: there is no mapping `7.7`\nhint: "), "{said}");
    let (said, succeeded) = daemon.tell(&["replace", "./nowhere.wasm"]);
    assert!(!succeeded && said.contains("nowhere.wasm`: No such file"), "{said}");
}

#[test]
fn nobody_to_talk_to_is_explained() {
    let folder = Folder::new();
    let state_dir = text(folder.root());
    let said = exotrace(&["mapping", "status", "--state-dir", state_dir], "").stderr;
    assert_eq!(
        said,
        format!(
            "error: no exotrace runs with `{state_dir}`\nhint: start `exotrace run`, or name the settings or the `state_dir` of the one that runs\n"
        )
    );
    assert!(!folder.path("control.sock").exists());
}

#[test]
fn nonsense_on_the_socket_gets_an_error_and_harms_nothing() {
    use std::{
        io::{Read as _, Write as _},
        net::Shutdown,
        os::unix::net::UnixStream,
    };
    let daemon = MappingDaemon::start("");
    for nonsense in ["\n", "{}\n", "{\"format\":\"disk\"}\n", "no json\n", &"x".repeat(100_000)] {
        let mut stream = UnixStream::connect(daemon.path("state/control.sock")).unwrap();
        // It may have stopped listening before everything is said.
        drop(stream.write_all(nonsense.as_bytes()));
        drop(stream.shutdown(Shutdown::Write));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        assert!(answer.is_empty() || answer.starts_with("{\"failed\":\"not a request: "), "{answer}");
    }
    assert_eq!(daemon.status()["mapping"], "2.2.0");
}

#[test]
fn what_is_in_use_already_is_said_and_no_failure() {
    let daemon = MappingDaemon::start("");
    assert_eq!(daemon.tell_well(&["replace", "2.2"]), "mapping 2.2.0 maps already\n");
    let (said, succeeded) = daemon.tell(&["replace", "2.2", "--shadow", "10"]);
    assert!(!succeeded && said.contains("this is already the current mapping"), "{said}");
    daemon.tell_well(&["pin"]);
    daemon.tell_well(&["pin"]);
    let (history, _) = daemon.tell(&["history"]);
    assert_eq!(history.matches("pinned").count(), 1, "{history}");
}

#[test]
fn a_core_module_is_called_what_it_is() {
    let daemon = MappingDaemon::start("");
    let file = daemon.write("module.wasm", b"\0asm\x01\0\0\0");
    let (said, succeeded) = daemon.tell(&["replace", text(&file)]);
    let expected = "a core module, not a component\nhint: `exotrace mapping pack` makes a mapping of it";
    assert!(!succeeded && said.contains(expected), "{said}");
    let said = exotrace(&["mapping", "inspect", text(&file)], "").stderr;
    assert!(said.starts_with("error: could not inspect `") && said.contains(expected), "{said}");
}

/// The program with mapping 2.2 at `mapping.path`, after it has mapped some records.
fn with_records() -> MappingDaemon {
    let source = "[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]";
    let daemon = MappingDaemon::prepared("path = \"mapping.wasm\"", source, |folder| {
        folder.write("in.ndjson", graph_records(0..20));
    });
    daemon.wait_until("records are mapped", |daemon| daemon.status()["work"]["records"] == 20);
    daemon
}

#[test]
fn a_mapping_that_gives_other_ids_is_refused_unless_they_are_accepted() {
    let mut daemon = with_records();
    let other = daemon.write("other.wasm", guest("honest"));
    let (said, succeeded) = daemon.tell(&["replace", text(&other)]);
    let expected = "error: refused; the current mapping stays: 20 of 20 recent records get another `_id`: what is read \
                    again would be stored twice\nhint: `--accept-new-ids` of `exotrace mapping replace` takes it";
    assert!(!succeeded && said.starts_with(expected), "{said}");
    // The watched file is no other: what was refused is not taken there either.
    daemon.put(&guest("honest"));
    daemon.wait_until("the file is looked at", |daemon| daemon.status()["last_refused"]["by"] == "watcher");
    assert_eq!(daemon.mapping(), "2.2.0");
    let said = daemon.tell_well(&["status"]);
    assert!(said.contains("\nrefused   mapping.wasm (") && said.contains("get another `_id`"), "{said}");
    assert!(daemon.log().contains("\"level\":\"WARN\"") && daemon.log().contains("get another `_id`"));
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "2.2.0", "the file stays refused");
    daemon.kill();
    let said = daemon.tell_well(&["history"]);
    assert!(said.contains("refused      other.wasm (") && said.lines().count() >= 2, "{said}");
    daemon.start_again();

    let mut daemon = with_records();
    let other = daemon.write("other.wasm", guest("honest"));
    let other = text(&other);
    let said = daemon.tell_well(&["replace", other, "--shadow", "100"]);
    assert!(said.contains("of these 20 come out differently, 20 with another `_id`"), "{said}");
    daemon.tell_well(&["withdraw"]);
    let (said, succeeded) = daemon.tell(&["replace", other, "--canary", "50"]);
    assert!(!succeeded && said.contains("get another `_id`"), "{said}");
    daemon.tell_well(&["replace", other, "--accept-new-ids"]);
    assert_eq!(daemon.mapping(), "9.9.9");
    assert!(daemon.status()["last_refused"].is_null());
    daemon.kill();
}

#[test]
fn a_mapping_of_another_schema_is_refused_unless_that_is_accepted() {
    let mut daemon = MappingDaemon::start("");
    let other = project().join("fixtures/wit/0.2.0/component.wasm");
    let other = text(&other);
    let (said, succeeded) = daemon.tell(&["replace", other]);
    let expected = "error: refused; the current mapping stays: its documents follow another schema, ecs 8.";
    assert!(!succeeded && said.starts_with(expected) && said.contains(" to shown 1.0: "), "{said}");
    assert!(said.contains("\nhint: `--accept-new-schema` of `exotrace mapping replace` takes it"), "{said}");
    let (said, succeeded) = daemon.tell(&["replace", other, "--canary", "50"]);
    assert!(!succeeded && said.contains("another schema"), "{said}");
    let said = daemon.tell_well(&["replace", other, "--shadow", "100"]);
    assert!(said.contains("; schema ecs 8."), "{said}");
    let (said, succeeded) = daemon.tell(&["promote"]);
    assert!(!succeeded && said.contains("`exotrace mapping promote --accept-new-schema`"), "{said}");
    daemon.tell_well(&["promote", "--accept-new-schema"]);
    assert_eq!(daemon.mapping(), "9.8.8");
    // Back to what mapped before, regardless of its schema.
    daemon.tell_well(&["rollback"]);
    assert_eq!(daemon.mapping(), "2.2.0");
    daemon.tell_well(&["replace", other, "--accept-new-schema"]);
    assert_eq!(daemon.mapping(), "9.8.8");
    daemon.kill();
}

#[test]
fn the_history_of_nothing_is_explained() {
    let folder = Folder::new();
    let said = exotrace(&["mapping", "history", "--state-dir", text(folder.root())], "").stderr;
    assert!(said.starts_with("error: no exotrace runs with `"), "{said}");
}

#[test]
fn a_pipe_in_place_of_the_mapping_is_no_mapping_and_ends_no_watch() {
    let daemon = MappingDaemon::start("");
    fs::remove_file(daemon.path("mapping.wasm")).unwrap();
    assert!(Command::new("mkfifo").arg(daemon.path("mapping.wasm")).status().unwrap().success());
    daemon.wait_for_log("not a regular file");
    daemon.put(built_in("1.20").unwrap().bytes);
    daemon.wait_until("what is a file is taken", |daemon| daemon.mapping() == "1.20.0");
}
