//! The state folder: whose it is, what others may do with it, and who uses it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use exotrace_simulator::TenantConfig;

use crate::{
    harness::wait_for,
    running::{NOWHERE, Running},
    tenant::Served,
};

/// A user that is not the one of the tests.
const SOMEBODY: u32 = 12345;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with settings and one input file.
struct Setup(tempfile::TempDir);

impl Setup {
    fn new() -> Self {
        let setup = Self(tempfile::tempdir().unwrap());
        fs::write(setup.path("in.ndjson"), "{\"Received\":\"2026-01-02T03:04:05Z\",\"Size\":1}\n").unwrap();
        setup.settings("state", "");
        setup
    }

    fn settings(&self, state_dir: &str, more: &str) {
        let settings = format!(
            "state_dir = \"{state_dir}\"\n[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]\n{more}\n\
             [[output]]\ntype = \"file\"\npath = \"out/trace.ndjson\"\nrotate_bytes = 1\ncompression = \"gzip\"\n"
        );
        fs::write(self.path("exotrace.toml"), settings).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &str) -> Output {
        let script = format!("umask 000; exec \"$0\" {arguments}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_exotrace")]).current_dir(self.0.path());
        shell.stdin(Stdio::null()).output().unwrap()
    }

    /// Every file and folder below this one, with its permissions.
    fn modes(&self, below: &str) -> Vec<(String, u32)> {
        let mut found = vec![(below.to_owned(), fs::metadata(self.path(below)).unwrap().mode() & 0o7777)];
        let mut folders = vec![self.path(below)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let about = entry.metadata().unwrap();
                let name = entry.path().strip_prefix(self.0.path()).unwrap().to_str().unwrap().to_owned();
                found.push((name, about.mode() & 0o7777));
                if about.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        found
    }
}

#[test]
fn nothing_is_for_others_whatever_the_umask() {
    let setup = Setup::new();
    for _ in 0..2 {
        let output = setup.run("run --once --config exotrace.toml");
        assert!(output.status.success(), "{}", said(&output));
        fs::write(setup.path("in.ndjson"), "{\"Received\":\"2026-01-02T03:04:05Z\",\"Size\":2}\n").unwrap();
    }
    let state = setup.modes("state");
    assert!(state.len() > 7, "{state:?}");
    for (name, mode) in state {
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
    // Those who ship documents are of their group.
    for (name, mode) in setup.modes("out") {
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
    let setup = Setup::new();
    let settings = fs::read_to_string(setup.path("exotrace.toml")).unwrap() + "mode = \"0644\"\n";
    fs::write(setup.path("exotrace.toml"), settings).unwrap();
    assert!(setup.run("run --once --config exotrace.toml").status.success());
    let modes = setup.modes("out");
    let documents = modes.iter().filter(|(name, _)| name.contains("/trace"));
    assert_eq!(documents.map(|(_, mode)| *mode).collect::<Vec<_>>(), [0o644]);
}

/// A folder that is not ours: given away by root, or else one that is root's.
fn folder_of_another(setup: &Setup) -> PathBuf {
    let folder = setup.path("theirs");
    fs::create_dir(&folder).unwrap();
    if chown(&folder, Some(SOMEBODY), None).is_ok() { folder } else { "/usr".into() }
}

#[test]
fn a_folder_of_another_user_is_not_used() {
    let setup = Setup::new();
    let folder = folder_of_another(&setup);
    setup.settings(folder.to_str().unwrap(), "");
    let output = setup.run("run --once --config exotrace.toml");
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    assert!(said(&output).contains("belongs to user ") && said(&output).contains("hint"), "{}", said(&output));
    // Whoever checks the settings need not be who runs exotrace.
    let output = setup.run("check --config exotrace.toml");
    let checked = said(&output);
    assert!(output.status.success() && checked.contains("warning: "), "{checked}");
    assert!(checked.contains("belongs to user "), "{checked}");
    if folder.starts_with(setup.0.path()) {
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing is written");
    }
    assert!(!setup.path("out").exists());
}

#[test]
fn what_another_user_has_put_into_the_folder_is_not_used() {
    let setup = Setup::new();
    assert!(setup.run("run --once --config exotrace.toml").status.success());
    for name in ["cache", "cache/key", "mapping.json", "ledger.sqlite3"] {
        let us = fs::metadata(setup.path("state")).unwrap().uid();
        if chown(setup.path("state").join(name), Some(SOMEBODY), None).is_err() {
            println!("only root can give files away");
            return;
        }
        let output = setup.run("run --once --config exotrace.toml");
        let said = said(&output);
        assert!(said.contains(&format!("{name}` belongs to user {SOMEBODY}")), "{said}");
        chown(setup.path("state").join(name), Some(us), None).unwrap();
    }
    assert!(setup.run("run --once --config exotrace.toml").status.success());
}

#[test]
fn no_link_in_the_folder_is_followed() {
    for name in ["lock", "cache", "mapping.json", "agent-id", "mapping-history.ndjson", "ledger.sqlite3"] {
        let setup = Setup::new();
        let target = setup.path("target");
        if name == "cache" {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        } else {
            fs::write(&target, "precious").unwrap();
        }
        fs::create_dir(setup.path("state")).unwrap();
        std::os::unix::fs::symlink(&target, setup.path("state").join(name)).unwrap();
        let before = fs::metadata(&target).unwrap().mode();
        let output = setup.run("run --once --config exotrace.toml");
        let said = said(&output);
        assert!(said.contains(&format!("{name}` is a link, where exotrace has ")), "{said}");
        assert_eq!(fs::metadata(&target).unwrap().mode(), before);
        assert!(target.is_dir() || fs::read_to_string(&target).unwrap() == "precious");
    }
}

#[test]
fn a_second_process_hears_which_one_is_the_first_and_a_deleted_lock_changes_nothing() {
    let running = Running::start_with("", NOWHERE);
    let second = || {
        let settings = running.file("exotrace.toml");
        let output =
            Command::new(env!("CARGO_BIN_EXE_exotrace")).args(["run", "--once", "--config"]).arg(settings).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        said(&output)
    };
    let first = fs::read_to_string(running.file("state/lock")).unwrap();
    let expected = format!("is in use by process {}", first.trim());
    assert!(second().contains(&expected), "{}", second());
    fs::remove_file(running.file("state/lock")).unwrap();
    assert!(second().contains(&expected), "{}", second());
    // The first one notes that nobody can be reached, and takes its lock again.
    wait_for("the lock", || fs::read_to_string(running.file("state/lock")).is_ok_and(|text| text == first));
    assert!(second().contains(&expected));
}

#[test]
fn a_reload_with_another_state_folder_is_refused() {
    let running = Running::start_with("", NOWHERE);
    let settings = fs::read_to_string(running.file("exotrace.toml")).unwrap();
    fs::write(running.file("exotrace.toml"), settings.replace("\"state\"", "\"other\"")).unwrap();
    let process = fs::read_to_string(running.file("state/lock")).unwrap();
    assert!(Command::new("kill").args(["-HUP", process.trim()]).status().unwrap().success());
    running.wait_until("it is refused", |it| it.log().contains("settings are not reloaded"));
    let log = running.log();
    assert!(log.contains("`state_dir` is `") && log.contains("to move the state, stop exotrace"), "{log}");
    assert!(!running.file("other").exists());
    // It goes on with what it has, and takes other settings of the same folder, by whatever path.
    fs::write(running.file("exotrace.toml"), settings.replace("\"state\"", "\"./other/../state\"")).unwrap();
    fs::create_dir(running.file("other")).unwrap();
    running.hang_up();
}

#[test]
fn a_file_that_never_ends_or_begins_is_no_secret() {
    let served = Served::new(TenantConfig { rows: 3, ..TenantConfig::default() });
    let pipe = served.folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(served.folder.path().join("long"), vec![b'x'; 70_000]).unwrap();
    let client_id = &served.config.client_id;
    for (file, expected) in
        [("pipe", "not a regular file"), ("/dev/zero", "not a regular file"), ("long", "longer than 65536 bytes")]
    {
        for key in ["client_secret_file", "certificate_file"] {
            if (key, file) == ("certificate_file", "long") {
                continue;
            }
            let settings = served.settings(&format!("client_id = \"{client_id}\"\n{key} = \"{file}\"\n"));
            let said = said(&served.exotrace(&["check"], &settings, &[]));
            assert!(said.contains("could not read `") && said.contains(expected), "{key} {file}: {said}");
        }
    }
    let settings = served.settings(&served.by_secret());
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}\n[geoip]\ncity = \"{}\"\n", pipe.display())).unwrap();
    assert!(said(&served.exotrace(&["check"], &settings, &[])).contains("not a regular file"));
    assert!(said(&served.exotrace(&["check"], &pipe, &[])).contains("not a regular file"));
}

#[test]
fn a_secret_is_the_same_however_an_editor_has_saved_it() {
    let served = Served::new(TenantConfig { rows: 3, ..TenantConfig::default() });
    let (client_id, secret) = (&served.config.client_id, &served.config.client_secret);
    let source = format!("client_id = \"{client_id}\"\nclient_secret_file = \"secret\"\n");
    let write = |bytes: &[u8]| fs::write(served.folder.path().join("secret"), bytes).unwrap();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [
        format!("{secret}\r\n").into_bytes(),
        format!("\u{feff}{secret}").into_bytes(),
        [&b"\xff\xfe"[..], &utf16, b"\r\0\n\0"].concat(),
    ] {
        write(&bytes);
        served.collect(&source, &[]);
        fs::remove_dir_all(served.folder.path().join("state")).unwrap();
    }
    write(format!("{secret}\u{200b}").as_bytes());
    let said = said(&served.exotrace(&["check"], &served.settings(&source), &[]));
    let place = secret.len() + 1;
    assert!(said.contains(&format!("in the secret, character {place} is an invisible character")), "{said}");
    assert!(!said.contains(&**secret), "{said}");
}

#[test]
fn settings_may_be_saved_by_any_editor() {
    let setup = Setup::new();
    let text = fs::read_to_string(setup.path("exotrace.toml")).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), [&b"\xfe\xff"[..], &utf16].concat()] {
        fs::write(setup.path("exotrace.toml"), bytes).unwrap();
        let output = setup.run("check --config exotrace.toml");
        assert!(output.status.success(), "{}", said(&output));
    }
}

/// With ever more of them the start gets ever further, and nowhere is what was decided taken for lost.
#[test]
fn a_moment_without_file_descriptors_forgets_nothing() {
    let setup = Setup::new();
    assert!(setup.run("run --once --config exotrace.toml").status.success());
    let agent = fs::read_to_string(setup.path("state/agent-id")).unwrap();
    let decided = "{\"said\":{},\"is_pinned\":true,\"refused\":[{\"digest\":\"aa\",\"reason\":\"it traps\"}]}";
    fs::write(setup.path("state/mapping.json"), decided).unwrap();
    let mut failed = 0;
    for count in 4..40 {
        let script = format!("ulimit -n {count}; exec \"$0\" run --once --config exotrace.toml");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_exotrace")]).current_dir(setup.0.path());
        failed += usize::from(!shell.stdin(Stdio::null()).output().unwrap().status.success());
        let kept = fs::read_to_string(setup.path("state/mapping.json")).unwrap_or_default();
        assert!(kept.contains("true") && kept.contains("it traps"), "with {count}: {kept}");
        assert_eq!(fs::read_to_string(setup.path("state/agent-id")).unwrap(), agent, "with {count}");
    }
    assert!(failed > 3, "{failed}");
    assert!(!setup.path("state/mapping.json.damaged").exists());
    let output = setup.run("run --once --config exotrace.toml");
    assert!(output.status.success(), "{}", said(&output));
}

/// What is missing at the start is made, and named when it cannot be.
#[test]
fn a_state_folder_that_is_a_file_is_named() {
    let setup = Setup::new();
    fs::write(setup.path("state"), "").unwrap();
    let output = setup.run("run --once --config exotrace.toml");
    let said = said(&output);
    assert!(said.contains("could not use state folder `state`: not a directory"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert!(Path::new(&setup.path("state")).is_file());
}
