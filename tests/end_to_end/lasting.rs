//! What was decided about the mapping lasts: over a crash, and until the settings change.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use exotrace::mapper::built_in;

use crate::{
    harness::{exotrace, guest},
    running::Running,
};

/// Mapping 2.2 in other bytes: with one more custom section.
fn variant(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let mut bytes = built_in("2.2").unwrap().bytes.to_vec();
    bytes.extend([0, length + 1, length]);
    bytes.extend(name.bytes());
    bytes
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Writes a component file, and gives its path.
fn component(running: &Running, name: &str, bytes: &[u8]) -> PathBuf {
    let path = running.file(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn digest(running: &Running) -> String {
    running.status()["digest"].as_str().unwrap().to_owned()
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_replacement_lasts_and_its_file_may_go() {
    let mut running = Running::start("");
    assert_eq!(running.status()["is_chosen"], false);
    running.tell_well(&["replace", "1.20"]);
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "1.20.0");
    assert!(running.tell_well(&["status"]).contains("\nchosen    in place of the mapping that the settings name"));
    assert!(running.tell_well(&["history"]).contains("started      1.20.0"), "{}", running.tell_well(&["history"]));
    let checked = exotrace(&["check", "--config", text(&running.file("exotrace.toml"))], "");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(
        said.contains("\nmapping       2.2.0\n              is not used, but mapping 1.20: `exotrace mapping` put it"),
        "{said}"
    );

    let file = component(&running, "ours.wasm", &variant("ours"));
    running.tell_well(&["replace", text(&file)]);
    let ours = digest(&running);
    fs::remove_file(file).unwrap();
    running.crash_and_start_again();
    assert_eq!(digest(&running), ours);
    let kept = fs::metadata(running.file("state/mapping.json")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600, "for the owner alone");

    // Settings that say the same change nothing, but one that names another mapping does.
    running.hang_up();
    assert_eq!(digest(&running), ours);
    running.change_settings("path = \"mapping.wasm\"\ntags = [\"other\"]");
    running.hang_up();
    assert_eq!(digest(&running), ours);
    running.change_settings("version = \"1.20\"");
    running.hang_up();
    assert_eq!((running.mapping().as_str(), &running.status()["is_chosen"]), ("1.20.0", &false.into()));
    assert!(running.log().contains("settings say something else of the mapping than before"), "{}", running.log());
}

#[test]
fn going_back_lasts_as_well() {
    let mut running = Running::start("");
    let settings = digest(&running);
    running.tell_well(&["replace", "1.20"]);
    running.tell_well(&["rollback"]);
    running.crash_and_start_again();
    assert_eq!((digest(&running), &running.status()["is_chosen"]), (settings, &false.into()));
    // What a person took back is taken by hand all the same.
    running.tell_well(&["replace", "1.20"]);
    assert_eq!(running.mapping(), "1.20.0");
}

#[test]
fn a_pin_lasts_even_when_the_file_changes_meanwhile() {
    let mut running = Running::start("");
    let pinned = digest(&running);
    running.tell_well(&["pin"]);
    running.kill();
    running.put(&variant("new"));
    running.start_again();
    assert_eq!((digest(&running), &running.status()["is_pinned"]), (pinned.clone(), &true.into()));
    let (said, succeeded) = running.tell(&["replace", "1.20"]);
    assert!(!succeeded && said.contains("the mapping is pinned"), "{said}");
    running.tell_well(&["unpin"]);
    running.wait_until("the new file is taken", |running| digest(running) != pinned);
    running.crash_and_start_again();
    assert_eq!(&running.status()["is_pinned"], false);
}

#[test]
fn a_file_that_changes_while_the_program_is_down_wins() {
    let mut running = Running::start("");
    running.tell_well(&["replace", "1.20"]);
    running.kill();
    running.put(&variant("new"));
    running.start_again();
    assert_eq!((running.mapping().as_str(), &running.status()["is_chosen"]), ("2.2.0", &false.into()));
    assert!(running.log().contains("what was chosen or pinned then counts no more"), "{}", running.log());
}

#[test]
fn what_was_taken_back_is_not_loaded_again_by_a_restart() {
    let source = "[[source]]\ntype = \"file\"\npaths = [\"mail/*\"]\ninterval = \"50ms\"";
    let mut running = Running::start_with("path = \"mapping.wasm\"", source);
    let built_in = digest(&running);
    running.put(&variant("ours"));
    running.wait_until("ours maps", |running| digest(running) != built_in);
    let good = digest(&running);
    running.put(&guest("trap-on-record"));
    running.wait_until("9.9.9 maps", |running| running.mapping() == "9.9.9");
    component(&running, "mail/one.ndjson", b"{\"x\":1}\n");
    running.wait_until("it is taken back", |running| running.mapping() == "2.2.0");
    running.crash_and_start_again();
    assert_eq!(digest(&running), good);
    let refused = "mapping of the settings was refused or taken back before; another one is used";
    assert!(running.log().contains(refused) && running.log().contains("stopped (trap)"), "{}", running.log());
    // Again and again, also without the copy: then it is the built-in one of the source.
    running.kill();
    fs::remove_dir_all(running.file("state/mappings/kept")).unwrap();
    running.start_again();
    assert_eq!(running.mapping(), "1.20.0");
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "1.20.0");
}

#[test]
fn a_file_that_is_refused_while_the_program_runs_is_not_loaded_by_a_restart() {
    let mut running = Running::start("");
    let good = digest(&running);
    running.put(&guest("open-traps"));
    running.wait_until("it is refused", |running| running.status()["refused"] == 1);
    running.crash_and_start_again();
    assert_eq!(digest(&running), good);
    running.put(&variant("mended"));
    running.wait_until("the mended one is taken", |running| digest(running) != good);
    running.crash_and_start_again();
    assert!(digest(&running) != good && running.status()["is_chosen"] == false);
}

#[test]
fn damaged_decisions_are_set_aside_and_the_settings_count() {
    let mut running = Running::start("");
    running.tell_well(&["replace", "1.20"]);
    running.kill();
    fs::write(running.file("state/mapping.json"), "{\"said\": {\"ver").unwrap();
    running.start_again();
    assert_eq!(running.mapping(), "2.2.0");
    assert!(running.log().contains("state/mapping.json` is damaged"), "{}", running.log());
    assert_eq!(fs::read(running.file("state/mapping.json.damaged")).unwrap(), b"{\"said\": {\"ver");
}

#[test]
fn a_kept_copy_has_to_be_signed_and_whole_like_any_file() {
    let mut running = Running::start("");
    let keys = ["one", "two"].map(|name| {
        let [secret, public] = ["key", "pub"].map(|extension| running.file(&format!("{name}.{extension}")));
        let made = exotrace(&["mapping", "keygen", "--secret-key", text(&secret), "--public-key", text(&public)], "");
        assert!(made.status.success());
        secret
    });
    let ours = component(&running, "ours.wasm", &variant("ours"));
    let signed = exotrace(&["mapping", "sign", text(&ours), "--secret-key", text(&keys[0])], "");
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    running.change_settings("version = \"2.2\"\ntrusted_keys = [\"one.pub\"]");
    running.hang_up();
    running.tell_well(&["replace", text(&ours)]);
    let replaced = digest(&running);
    running.crash_and_start_again();
    assert_eq!(digest(&running), replaced);

    running.change_settings("version = \"2.2\"\ntrusted_keys = [\"two.pub\"]");
    running.hang_up();
    assert!(digest(&running) != replaced && running.status()["is_chosen"] == false);
    let problem = "mapping that was in use before cannot be used any more";
    assert!(running.log().contains(problem) && running.log().contains("not one of the trusted keys"));
}

#[test]
fn a_version_is_looked_for_in_the_folder_of_mappings() {
    let mut running = Running::start("");
    let (said, succeeded) = running.tell(&["replace", "9.9.9"]);
    assert!(!succeeded && said.starts_with("error: there is no mapping `9.9.9`\nhint: built in are"), "{said}");
    component(&running, "state/mappings/ours.wasm", &guest("honest"));
    component(&running, "state/mappings/no-mapping.wasm", b"no component");
    let (said, succeeded) = running.tell(&["replace", "9.9"]);
    assert!(!succeeded && said.contains("/state/mappings` has 9.9.9; or name a file"), "{said}");
    running.tell_well(&["replace", "9.9.9"]);
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "9.9.9");

    running.change_settings("version = \"9.9.9\"");
    running.hang_up();
    assert_eq!((running.mapping().as_str(), &running.status()["is_chosen"]), ("9.9.9", &false.into()));
    let settings = running.file("exotrace.toml");
    let mapped = exotrace(&["map", "--config", text(&settings), "--mapping", "9.9.9"], "{\"a\":1}\n");
    assert_eq!(String::from_utf8_lossy(&mapped.stdout), "{\"a\":1}\n", "{mapped:?}");
    let mapped = exotrace(&["map", "--config", text(&settings)], "{\"a\":1}\n");
    assert_eq!(String::from_utf8_lossy(&mapped.stdout), "{\"a\":1}\n", "{mapped:?}");

    // The same once more is no question, another one of that version is.
    component(&running, "state/mappings/same.wasm", &guest("honest"));
    running.tell_well(&["replace", "2.2"]);
    running.tell_well(&["replace", "9.9.9"]);
    component(&running, "state/mappings/other.wasm", &guest("trap-on-record"));
    let (said, succeeded) = running.tell(&["replace", "9.9.9"]);
    let names = ["mapping `9.9.9` is in two files: `", "mappings/other.wasm` and `", "mappings/ours.wasm`\nhint: "];
    assert!(!succeeded && names.iter().all(|name| said.contains(name)), "{said}");
    let checked = exotrace(&["check", "--config", text(&settings)], "");
    assert_eq!(checked.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&checked.stderr).contains("mapping `9.9.9` is in two files"), "{checked:?}");
}

#[test]
fn copies_of_what_is_no_longer_needed_are_let_go() {
    let running = Running::start("");
    for n in 0..8 {
        let file = component(&running, "ours.wasm", &variant(&n.to_string()));
        running.tell_well(&["replace", text(&file)]);
    }
    let copies = files_in(&running.file("state/mappings/kept"));
    assert!((6..=8).contains(&copies), "{copies}");
}

#[test]
fn what_was_put_in_place_by_hand_and_then_at_the_path_is_what_the_settings_name() {
    let mut running = Running::start("");
    let ours = component(&running, "ours.wasm", &variant("ours"));
    running.tell_well(&["replace", text(&ours)]);
    let digest_of_ours = digest(&running);
    assert_eq!(running.status()["is_chosen"], true);
    running.put(&variant("ours"));
    running.wait_until("the settings name it", |running| running.status()["is_chosen"] == false);
    running.crash_and_start_again();
    assert_eq!((digest(&running), &running.status()["is_chosen"]), (digest_of_ours, &false.into()));
    assert!(!running.log().contains("counts no more"), "{}", running.log());
}

#[test]
fn a_candidate_of_the_settings_that_was_given_up_is_not_tried_again() {
    let settings = "[mapping.candidate]\nversion = \"9.9.9\"\npercent = 100";
    let source = "[[source]]\ntype = \"file\"\npaths = [\"mail/*\"]\ninterval = \"50ms\"";
    let mut running = Running::prepared(settings, source, |folder| {
        let mappings = folder.join("state/mappings");
        fs::create_dir_all(&mappings).unwrap();
        fs::write(mappings.join("ours.wasm"), guest("trap-on-record")).unwrap();
    });
    running.wait_until("it is tried", |running| !running.status()["trial"].is_null());
    component(&running, "mail/one.ndjson", b"{\"x\":1}\n");
    running.wait_until("it is given up", |running| running.status()["trial"].is_null());
    running.crash_and_start_again();
    let problem = "candidate of the settings was given up before and is not tried again";
    running.wait_until("that is said", |running| running.log().contains(problem));
    assert!(running.status()["trial"].is_null());
}

#[test]
fn a_restart_does_not_end_the_grace_period() {
    let source = "[[source]]\ntype = \"file\"\npaths = [\"mail/*\"]\ninterval = \"50ms\"";
    let mut running = Running::start_with("path = \"mapping.wasm\"", source);
    let good = digest(&running);
    running.put(&guest("trap-on-record"));
    running.wait_until("9.9.9 maps", |running| running.mapping() == "9.9.9");
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "9.9.9");
    assert_eq!(running.status()["probation"]["digest"], good.as_str());
    component(&running, "mail/one.ndjson", b"{\"x\":1}\n");
    running.wait_until("it is taken back", |running| digest(running) == good);

    let ours = component(&running, "ours.wasm", &variant("ours"));
    running.tell_well(&["replace", text(&ours)]);
    running.crash_and_start_again();
    running.tell_well(&["rollback"]);
    assert_eq!(digest(&running), good);
}

#[test]
fn a_new_mapping_with_which_the_program_ends_again_and_again_is_taken_back() {
    let mut running = Running::start("");
    let good = digest(&running);
    running.tell_well(&["replace", "1.20"]);
    running.hang_up();
    running.hang_up();
    for _ in 0..2 {
        running.crash_and_start_again();
        assert_eq!(running.mapping(), "1.20.0");
    }
    running.crash_and_start_again();
    assert_eq!(digest(&running), good);
    assert!(running.log().contains("program ended without notice too often"), "{}", running.log());
}

#[test]
fn a_file_that_is_gone_keeps_no_mail_waiting() {
    let mut running = Running::start("");
    let built_in = digest(&running);
    running.put(&variant("ours"));
    running.wait_until("ours maps", |running| digest(running) != built_in);
    let ours = digest(&running);
    running.kill();
    fs::remove_file(running.file("mapping.wasm")).unwrap();
    running.start_again();
    assert_eq!(digest(&running), ours);
    assert!(running.log().contains("the one in use before is used"), "{}", running.log());
    running.put(&variant("new"));
    running.wait_until("a new file is taken", |running| digest(running) != ours);
}
