//! The state folder: whose it is, what others may do with it, and who uses it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::PathBuf,
    process::Command,
};

use crate::harness::{Ended, Folder, MappingDaemon, NOWHERE, SimulatedTenant, text, wait_for};

/// A user that is not the one of the tests.
const SOMEBODY: u32 = 12345;

const ONCE: [&str; 2] = ["run", "--once"];

/// A folder with settings and one input file.
fn folder() -> Folder {
    let folder = Folder::with_settings(&settings("state"));
    folder.write("in.ndjson", "{\"Received\":\"2026-01-02T03:04:05Z\",\"Size\":1}\n");
    folder
}

fn settings(state_dir: &str) -> String {
    format!(
        "state_dir = \"{state_dir}\"\n[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]\n\
         [[output]]\ntype = \"file\"\npath = \"out/trace.ndjson\"\nrotate_bytes = 1\ncompression = \"gzip\"\n"
    )
}

/// Runs a command for which all that it makes is for everybody, unless it says otherwise.
fn run(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.exotrace(arguments).by_script("umask 000; exec \"$@\"").run()
}

/// Every file and folder below this one, with its permissions.
fn modes(root: &Folder, below: &str) -> Vec<(String, u32)> {
    let mut found = vec![(below.to_owned(), fs::metadata(root.path(below)).unwrap().mode() & 0o7777)];
    let mut folders = vec![root.path(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            let name = text(entry.path().strip_prefix(root.root()).unwrap()).to_owned();
            found.push((name, about.mode() & 0o7777));
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn nothing_is_for_others_under_any_umask() {
    let folder = folder();
    for _ in 0..2 {
        run(&folder, &ONCE).with(0);
        folder.write("in.ndjson", "{\"Received\":\"2026-01-02T03:04:05Z\",\"Size\":2}\n");
    }
    let state = modes(&folder, "state");
    assert!(state.len() > 7, "{state:?}");
    for (name, mode) in state {
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
    // Those who ship documents are of their group.
    for (name, mode) in modes(&folder, "out") {
        let expected = if name == "out" { 0o750 } else { 0o640 };
        assert_eq!(
            mode & !0o600 | 0o600,
            if name.ends_with(".exotrace") { 0o600 } else { expected },
            "{name}: {mode:o}"
        );
    }
}

#[test]
fn an_output_file_has_the_mode_that_the_settings_say() {
    let folder = folder();
    folder.write_settings(&(settings("state") + "mode = \"0644\"\n"));
    run(&folder, &ONCE).with(0);
    let modes = modes(&folder, "out");
    let documents = modes.iter().filter(|(name, _)| name.contains("/trace"));
    assert_eq!(documents.map(|(_, mode)| *mode).collect::<Vec<_>>(), [0o644]);
}

/// A folder that is not ours: given away by root, or else one that is root's.
fn folder_of_another(folder: &Folder) -> PathBuf {
    let theirs = folder.path("theirs");
    fs::create_dir(&theirs).unwrap();
    if chown(&theirs, Some(SOMEBODY), None).is_ok() { theirs } else { "/usr".into() }
}

#[test]
fn a_folder_of_another_user_is_not_used() {
    let folder = folder();
    let theirs = folder_of_another(&folder);
    folder.write_settings(&settings(text(&theirs)));
    let said = run(&folder, &ONCE).with(78).stderr;
    assert!(said.contains("belongs to user ") && said.contains("hint"), "{said}");
    // The user who checks the settings need not be the one who runs exotrace.
    let checked = run(&folder, &["check"]).with(0).stderr;
    assert!(checked.contains("warning: ") && checked.contains("belongs to user "), "{checked}");
    if theirs.starts_with(folder.root()) {
        assert_eq!(fs::read_dir(&theirs).unwrap().count(), 0, "nothing is written");
    }
    assert!(!folder.path("out").exists());
}

#[test]
#[ignore = "needs to be root, who can give files away"]
fn what_another_user_has_put_into_the_folder_is_not_used() {
    let folder = folder();
    run(&folder, &ONCE).with(0);
    for name in ["cache", "cache/key", "mapping.json", "ledger.sqlite3"] {
        let file = folder.path("state").join(name);
        let us = fs::metadata(folder.path("state")).unwrap().uid();
        chown(&file, Some(SOMEBODY), None).unwrap();
        let said = run(&folder, &ONCE).stderr;
        assert!(said.contains(&format!("{name}` belongs to user {SOMEBODY}")), "{said}");
        chown(&file, Some(us), None).unwrap();
    }
    run(&folder, &ONCE).with(0);
}

#[test]
fn no_link_in_the_folder_is_followed() {
    for name in ["lock", "cache", "mapping.json", "agent-id", "mapping-history.ndjson", "ledger.sqlite3"] {
        let folder = folder();
        let target = folder.path("target");
        if name == "cache" {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        } else {
            fs::write(&target, "precious").unwrap();
        }
        fs::create_dir(folder.path("state")).unwrap();
        std::os::unix::fs::symlink(&target, folder.path("state").join(name)).unwrap();
        let before = fs::metadata(&target).unwrap().mode();
        let said = run(&folder, &ONCE).stderr;
        assert!(said.contains(&format!("{name}` is a link, where exotrace has ")), "{said}");
        assert_eq!(fs::metadata(&target).unwrap().mode(), before);
        assert!(target.is_dir() || fs::read_to_string(&target).unwrap() == "precious");
    }
}

#[test]
fn a_second_process_hears_which_one_is_the_first_and_a_deleted_lock_changes_nothing() {
    let daemon = MappingDaemon::start_with("", NOWHERE);
    let check_second = |expected: &str| {
        let ended = daemon.exotrace(&ONCE).ends(1);
        assert!(ended.stderr.contains(expected), "{ended}");
    };
    let first = daemon.read("state/lock");
    let expected = format!("is in use by process {}", first.trim());
    check_second(&expected);
    fs::remove_file(daemon.path("state/lock")).unwrap();
    check_second(&expected);
    // The first one notes that nobody can be reached, and takes its lock again.
    wait_for("the lock", || fs::read_to_string(daemon.path("state/lock")).is_ok_and(|text| text == first));
    check_second(&expected);
}

#[test]
fn a_reload_with_another_state_folder_is_refused() {
    let daemon = MappingDaemon::start_with("", NOWHERE);
    daemon.change_settings("\"state\"", "\"other\"");
    daemon.signal("HUP");
    daemon.wait_for_log("could not reload the settings");
    let log = daemon.log();
    assert!(log.contains("`state_dir` is `") && log.contains("to move the state, stop exotrace"), "{log}");
    assert!(!daemon.path("other").exists());
    // It goes on with what it has, and takes other settings of the same folder, by any path.
    daemon.change_settings("\"other\"", "\"./other/../state\"");
    fs::create_dir(daemon.path("other")).unwrap();
    daemon.hang_up();
}

#[test]
fn a_file_that_never_ends_or_begins_is_no_secret() {
    let tenant = SimulatedTenant::with_rows(3);
    let pipe = tenant.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    tenant.write("long", vec![b'x'; 70_000]);
    let client_id = &tenant.config.client_id;
    for (file, expected) in
        [("pipe", "not a regular file"), ("/dev/zero", "not a regular file"), ("long", "longer than 65536 bytes")]
    {
        for key in ["client_secret_file", "certificate_file"] {
            if (key, file) == ("certificate_file", "long") {
                continue;
            }
            tenant.settings(&format!("client_id = \"{client_id}\"\n{key} = \"{file}\"\n"));
            let said = tenant.exotrace(&["check"]).run().stderr;
            assert!(said.contains("could not read `") && said.contains(expected), "{key} {file}: {said}");
        }
    }
    tenant.settings(&format!("{}\n[geoip]\ncity = \"pipe\"\n", tenant.by_secret()));
    for checked in [tenant.exotrace(&["check"]), tenant.bare(&["check", "pipe"])] {
        let ended = checked.run();
        assert!(ended.stderr.contains("not a regular file"), "{ended}");
    }
}

#[test]
fn a_secret_is_the_same_however_an_editor_has_saved_it() {
    let tenant = SimulatedTenant::with_rows(3);
    let (client_id, secret) = (&tenant.config.client_id, &tenant.config.client_secret);
    let source = format!("client_id = \"{client_id}\"\nclient_secret_file = \"secret\"\n");
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [
        format!("{secret}\r\n").into_bytes(),
        format!("\u{feff}{secret}").into_bytes(),
        [&b"\xff\xfe"[..], &utf16, b"\r\0\n\0"].concat(),
    ] {
        tenant.write("secret", &bytes);
        tenant.collect(&source, &[]);
        fs::remove_dir_all(tenant.path("state")).unwrap();
    }
    tenant.write("secret", format!("{secret}\u{200b}"));
    tenant.settings(&source);
    let said = tenant.exotrace(&["check"]).run().stderr;
    let place = secret.len() + 1;
    assert!(said.contains(&format!("in the secret, character {place} is an invisible character")), "{said}");
    assert!(!said.contains(&**secret), "{said}");
}

#[test]
fn settings_may_be_saved_by_any_editor() {
    let folder = folder();
    let text = settings("state");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), [&b"\xfe\xff"[..], &utf16].concat()] {
        folder.write("exotrace.toml", bytes);
        run(&folder, &["check"]).with(0);
    }
}

/// With ever more of them the start gets ever further, and nowhere is what was decided taken for lost.
#[test]
fn a_moment_without_file_descriptors_forgets_nothing() {
    let folder = folder();
    run(&folder, &ONCE).with(0);
    let agent = folder.read("state/agent-id");
    let decided = "{\"said\":{},\"is_pinned\":true,\"refused\":[{\"digest\":\"aa\",\"reason\":\"it traps\"}]}";
    folder.write("state/mapping.json", decided);
    let mut failed = 0;
    for count in 4..40 {
        let script = format!("ulimit -n {count}; exec \"$@\"");
        failed += usize::from(!folder.exotrace(&ONCE).by_script(&script).run().status.success());
        let kept = folder.read("state/mapping.json");
        assert!(kept.contains("true") && kept.contains("it traps"), "with {count}: {kept}");
        assert_eq!(folder.read("state/agent-id"), agent, "with {count}");
    }
    assert!(failed > 3, "{failed}");
    assert!(!folder.path("state/mapping.json.damaged").exists());
    run(&folder, &ONCE).with(0);
}

/// What is missing at the start is made, and named when it cannot be.
#[test]
fn a_state_folder_that_is_a_file_is_named() {
    let folder = folder();
    folder.write("state", "");
    let said = run(&folder, &ONCE).with(1).stderr;
    assert!(said.contains("could not use state folder `state`: not a directory"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(folder.path("state").is_file());
}
