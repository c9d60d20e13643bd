//! What was decided about the mapping lasts: over a crash, and until the settings change.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use exotrace::mapper::built_in;

use crate::harness::{MappingDaemon, exotrace, guest, text};

/// Mapping 2.2 in other bytes: with one more custom section.
fn variant(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let mut bytes = built_in("2.2").unwrap().bytes.to_vec();
    bytes.extend([0, length + 1, length]);
    bytes.extend(name.bytes());
    bytes
}

fn digest(daemon: &MappingDaemon) -> String {
    daemon.status()["digest"].as_str().unwrap().to_owned()
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_replacement_lasts_and_its_file_may_go() {
    let mut daemon = MappingDaemon::start("");
    assert_eq!(daemon.status()["is_chosen"], false);
    daemon.tell_well(&["replace", "1.20"]);
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "1.20.0");
    assert!(daemon.tell_well(&["status"]).contains("\nchosen    in place of the mapping that the settings name"));
    assert!(daemon.tell_well(&["history"]).contains("started      1.20.0"), "{}", daemon.tell_well(&["history"]));
    let said = daemon.exotrace(&["check"]).run().stdout;
    assert!(
        said.contains("\nmapping       2.2.0\n              is not used, but mapping 1.20: `exotrace mapping` put it"),
        "{said}"
    );

    let file = daemon.write("ours.wasm", variant("ours"));
    daemon.tell_well(&["replace", text(&file)]);
    let ours = digest(&daemon);
    fs::remove_file(file).unwrap();
    daemon.crash_and_start_again();
    assert_eq!(digest(&daemon), ours);
    let kept = fs::metadata(daemon.path("state/mapping.json")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600, "for the owner alone");

    // Settings that say the same change nothing, but one that names another mapping does.
    daemon.hang_up();
    assert_eq!(digest(&daemon), ours);
    daemon.change_mapping("path = \"mapping.wasm\"\ntags = [\"other\"]");
    daemon.hang_up();
    assert_eq!(digest(&daemon), ours);
    daemon.change_mapping("version = \"1.20\"");
    daemon.hang_up();
    assert_eq!((daemon.mapping().as_str(), &daemon.status()["is_chosen"]), ("1.20.0", &false.into()));
    assert!(daemon.log().contains("mapping settings changed"), "{}", daemon.log());
}

#[test]
fn going_back_lasts_as_well() {
    let mut daemon = MappingDaemon::start("");
    let settings = digest(&daemon);
    daemon.tell_well(&["replace", "1.20"]);
    daemon.tell_well(&["rollback"]);
    daemon.crash_and_start_again();
    assert_eq!((digest(&daemon), &daemon.status()["is_chosen"]), (settings, &false.into()));
    // What a person took back is taken by hand all the same.
    daemon.tell_well(&["replace", "1.20"]);
    assert_eq!(daemon.mapping(), "1.20.0");
}

#[test]
fn a_pin_lasts_even_when_the_file_changes_meanwhile() {
    let mut daemon = MappingDaemon::start("");
    let pinned = digest(&daemon);
    daemon.tell_well(&["pin"]);
    daemon.kill();
    daemon.put(&variant("new"));
    daemon.start_again();
    assert_eq!((digest(&daemon), &daemon.status()["is_pinned"]), (pinned.clone(), &true.into()));
    let (said, succeeded) = daemon.tell(&["replace", "1.20"]);
    assert!(!succeeded && said.contains("the mapping is pinned"), "{said}");
    daemon.tell_well(&["unpin"]);
    daemon.wait_until("the new file is taken", |daemon| digest(daemon) != pinned);
    daemon.crash_and_start_again();
    assert_eq!(&daemon.status()["is_pinned"], false);
}

#[test]
fn a_file_that_changes_while_the_program_is_down_wins() {
    let mut daemon = MappingDaemon::start("");
    daemon.tell_well(&["replace", "1.20"]);
    daemon.kill();
    daemon.put(&variant("new"));
    daemon.start_again();
    assert_eq!((daemon.mapping().as_str(), &daemon.status()["is_chosen"]), ("2.2.0", &false.into()));
    assert!(daemon.log().contains("the earlier choice or pin no longer applies"), "{}", daemon.log());
}

#[test]
fn what_was_taken_back_is_not_loaded_again_by_a_restart() {
    let source = "[[source]]\ntype = \"file\"\npaths = [\"mail/*\"]\ninterval = \"50ms\"";
    let mut daemon = MappingDaemon::start_with("path = \"mapping.wasm\"", source);
    let built_in = digest(&daemon);
    daemon.put(&variant("ours"));
    daemon.wait_until("ours maps", |daemon| digest(daemon) != built_in);
    let good = digest(&daemon);
    daemon.put(&guest("trap-on-record"));
    daemon.wait_until("9.9.9 maps", |daemon| daemon.mapping() == "9.9.9");
    daemon.write("mail/one.ndjson", b"{\"x\":1}\n");
    daemon.wait_until("it is taken back", |daemon| daemon.mapping() == "2.2.0");
    daemon.crash_and_start_again();
    assert_eq!(digest(&daemon), good);
    let refused = "mapping of the settings was refused or rolled back before; another one is used";
    assert!(daemon.log().contains(refused) && daemon.log().contains("stopped (trap)"), "{}", daemon.log());
    // Again and again, also without the copy: then it is the built-in one of the source.
    daemon.kill();
    fs::remove_dir_all(daemon.path("state/mappings/kept")).unwrap();
    daemon.start_again();
    assert_eq!(daemon.mapping(), "1.20.0");
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "1.20.0");
}

#[test]
fn a_file_that_is_refused_while_the_program_runs_is_not_loaded_by_a_restart() {
    let mut daemon = MappingDaemon::start("");
    let good = digest(&daemon);
    daemon.put(&guest("open-traps"));
    // It is counted before it is written down.
    daemon.wait_until("it is refused", |daemon| daemon.status()["last_refused"].is_object());
    assert_eq!(daemon.status()["refused"], 1);
    daemon.crash_and_start_again();
    assert_eq!(digest(&daemon), good);
    daemon.put(&variant("mended"));
    daemon.wait_until("the mended one is taken", |daemon| digest(daemon) != good);
    daemon.crash_and_start_again();
    assert!(digest(&daemon) != good && daemon.status()["is_chosen"] == false);
}

#[test]
fn damaged_decisions_are_set_aside_and_the_settings_count() {
    let mut daemon = MappingDaemon::start("");
    daemon.tell_well(&["replace", "1.20"]);
    daemon.kill();
    daemon.write("state/mapping.json", "{\"said\": {\"ver");
    daemon.start_again();
    assert_eq!(daemon.mapping(), "2.2.0");
    assert!(daemon.log().contains("state/mapping.json` is damaged"), "{}", daemon.log());
    assert_eq!(fs::read(daemon.path("state/mapping.json.damaged")).unwrap(), b"{\"said\": {\"ver");
}

#[test]
fn a_kept_copy_has_to_be_signed_and_whole_like_any_file() {
    let mut daemon = MappingDaemon::start("");
    let keys = ["one", "two"].map(|name| {
        let [secret, public] = ["key", "pub"].map(|extension| daemon.path(&format!("{name}.{extension}")));
        exotrace(&["mapping", "keygen", "--secret-key", text(&secret), "--public-key", text(&public)], "").with(0);
        secret
    });
    let ours = daemon.write("ours.wasm", variant("ours"));
    exotrace(&["mapping", "sign", text(&ours), "--secret-key", text(&keys[0])], "").with(0);
    daemon.change_mapping("version = \"2.2\"\ntrusted_keys = [\"one.pub\"]");
    daemon.hang_up();
    daemon.tell_well(&["replace", text(&ours)]);
    let replaced = digest(&daemon);
    daemon.crash_and_start_again();
    assert_eq!(digest(&daemon), replaced);

    daemon.change_mapping("version = \"2.2\"\ntrusted_keys = [\"two.pub\"]");
    daemon.hang_up();
    assert!(digest(&daemon) != replaced && daemon.status()["is_chosen"] == false);
    let problem = "could not use the previous mapping again";
    assert!(daemon.log().contains(problem) && daemon.log().contains("not one of the trusted keys"));
}

#[test]
fn a_version_is_looked_for_in_the_folder_of_mappings() {
    let mut daemon = MappingDaemon::start("");
    let (said, succeeded) = daemon.tell(&["replace", "9.9.9"]);
    assert!(!succeeded && said.starts_with("error: there is no mapping `9.9.9`\nhint: built in are"), "{said}");
    daemon.write("state/mappings/ours.wasm", guest("honest"));
    daemon.write("state/mappings/no-mapping.wasm", b"no component");
    let (said, succeeded) = daemon.tell(&["replace", "9.9"]);
    assert!(!succeeded && said.contains("state/mappings` has 9.9.9; or name a file"), "{said}");
    daemon.tell_well(&["replace", "9.9.9"]);
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "9.9.9");

    daemon.change_mapping("version = \"9.9.9\"");
    daemon.hang_up();
    assert_eq!((daemon.mapping().as_str(), &daemon.status()["is_chosen"]), ("9.9.9", &false.into()));
    for arguments in [&["map", "--mapping", "9.9.9"][..], &["map"]] {
        let mapped = daemon.exotrace(arguments).input("{\"a\":1}\n").run();
        assert_eq!(mapped.stdout, "{\"a\":1}\n", "{mapped}");
    }

    // The same component again needs no question, another one of that version does.
    daemon.write("state/mappings/same.wasm", guest("honest"));
    daemon.tell_well(&["replace", "2.2"]);
    daemon.tell_well(&["replace", "9.9.9"]);
    daemon.write("state/mappings/other.wasm", guest("trap-on-record"));
    let (said, succeeded) = daemon.tell(&["replace", "9.9.9"]);
    let names = ["mapping `9.9.9` is in two files: `", "mappings/other.wasm` and `", "mappings/ours.wasm`\nhint: "];
    assert!(!succeeded && names.iter().all(|name| said.contains(name)), "{said}");
    let checked = daemon.exotrace(&["check"]).ends(78);
    assert!(checked.stderr.contains("mapping `9.9.9` is in two files"), "{checked}");
}

#[test]
fn copies_of_what_is_no_longer_needed_are_let_go() {
    let daemon = MappingDaemon::start("");
    for n in 0..8 {
        let file = daemon.write("ours.wasm", variant(&n.to_string()));
        daemon.tell_well(&["replace", text(&file)]);
    }
    let copies = files_in(&daemon.path("state/mappings/kept"));
    assert!((6..=8).contains(&copies), "{copies}");
}

#[test]
fn what_was_put_in_place_by_hand_and_then_at_the_path_is_what_the_settings_name() {
    let mut daemon = MappingDaemon::start("");
    let ours = daemon.write("ours.wasm", variant("ours"));
    daemon.tell_well(&["replace", text(&ours)]);
    let digest_of_ours = digest(&daemon);
    assert_eq!(daemon.status()["is_chosen"], true);
    daemon.put(&variant("ours"));
    daemon.wait_until("the settings name it", |daemon| daemon.status()["is_chosen"] == false);
    daemon.crash_and_start_again();
    assert_eq!((digest(&daemon), &daemon.status()["is_chosen"]), (digest_of_ours, &false.into()));
    assert!(!daemon.log().contains("no longer applies"), "{}", daemon.log());
}

#[test]
fn a_candidate_of_the_settings_that_was_given_up_is_not_tried_again() {
    let settings = "[mapping.candidate]\nversion = \"9.9.9\"\npercent = 100";
    let source = "[[source]]\ntype = \"file\"\npaths = [\"mail/*\"]\ninterval = \"50ms\"";
    let mut daemon = MappingDaemon::prepared(settings, source, |folder| {
        folder.write("state/mappings/ours.wasm", guest("trap-on-record"));
    });
    daemon.wait_until("it is tried", |daemon| !daemon.status()["trial"].is_null());
    daemon.write("mail/one.ndjson", b"{\"x\":1}\n");
    daemon.wait_until("it is given up", |daemon| daemon.status()["trial"].is_null());
    daemon.crash_and_start_again();
    let problem = "candidate of the settings was withdrawn before and is not tried again";
    daemon.wait_for_log(problem);
    assert!(daemon.status()["trial"].is_null());
}

#[test]
fn a_restart_does_not_end_the_grace_period() {
    let source = "[[source]]\ntype = \"file\"\npaths = [\"mail/*\"]\ninterval = \"50ms\"";
    let mut daemon = MappingDaemon::start_with("path = \"mapping.wasm\"", source);
    let good = digest(&daemon);
    daemon.put(&guest("trap-on-record"));
    daemon.wait_until("9.9.9 maps", |daemon| daemon.mapping() == "9.9.9");
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "9.9.9");
    assert_eq!(daemon.status()["probation"]["digest"], good.as_str());
    daemon.write("mail/one.ndjson", b"{\"x\":1}\n");
    daemon.wait_until("it is taken back", |daemon| digest(daemon) == good);

    let ours = daemon.write("ours.wasm", variant("ours"));
    daemon.tell_well(&["replace", text(&ours)]);
    daemon.crash_and_start_again();
    daemon.tell_well(&["rollback"]);
    assert_eq!(digest(&daemon), good);
}

#[test]
fn a_new_mapping_with_which_the_program_ends_again_and_again_is_taken_back() {
    let mut daemon = MappingDaemon::start("");
    let good = digest(&daemon);
    daemon.tell_well(&["replace", "1.20"]);
    daemon.hang_up();
    daemon.hang_up();
    for _ in 0..2 {
        daemon.crash_and_start_again();
        assert_eq!(daemon.mapping(), "1.20.0");
    }
    daemon.crash_and_start_again();
    assert_eq!(digest(&daemon), good);
    assert!(daemon.log().contains("program crashed too often"), "{}", daemon.log());
}

#[test]
fn a_file_that_is_gone_keeps_no_mail_waiting() {
    let mut daemon = MappingDaemon::start("");
    let built_in = digest(&daemon);
    daemon.put(&variant("ours"));
    daemon.wait_until("ours maps", |daemon| digest(daemon) != built_in);
    let ours = digest(&daemon);
    daemon.kill();
    fs::remove_file(daemon.path("mapping.wasm")).unwrap();
    daemon.start_again();
    assert_eq!(digest(&daemon), ours);
    assert!(daemon.log().contains("the previous one is used"), "{}", daemon.log());
    daemon.put(&variant("new"));
    daemon.wait_until("a new file is taken", |daemon| digest(daemon) != ours);
}
