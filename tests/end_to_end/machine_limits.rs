//! A machine that gives too little: the program says what, and that it may be started again.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use crate::harness::{Exotrace, Folder, PROGRAM, fixture, guest, text, wait_for};

/// Settings that read a file and print.
fn folder() -> Folder {
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in.ndjson\"]\n[[output]]\ntype = \"stdout\"\n",
    );
    folder.write("in.ndjson", fs::read(fixture("records/well-formed.ndjson")).unwrap());
    folder
}

#[test]
fn too_little_address_space_is_no_fault_of_the_settings() {
    let folder = folder();
    let run = |script: &str| folder.exotrace(&["run", "--once"]).by_script(script);
    let ended = run("ulimit -v 3000000 && exec \"$@\"").ends(1);
    let said = ended.said();
    assert!(said.contains("Cannot allocate memory"), "{ended}");
    assert!(said.contains("hint: exotrace reserves 4 GiB of address space"), "{ended}");
    assert!(!said.contains("settings cannot be used"), "{ended}");
    run("exec \"$@\"").ends(0);
}

#[test]
fn every_command_tells_a_machine_that_gives_too_little_from_wrong_settings() {
    let folder = folder();
    for arguments in [&["check"][..], &["check", "--json"], &["doctor"], &["map", "in.ndjson"], &["run", "--once"]] {
        let ended = folder.exotrace(arguments).by_script("ulimit -v 3000000 && exec \"$@\"").run();
        assert_eq!(ended.code(), Some(1), "{ended}");
        assert!(ended.all().contains("Cannot allocate memory"), "{ended}");
        assert!(ended.all().contains("this machine has too little left to"), "{ended}");
        assert!(!ended.all().contains("contract"), "{ended}");
    }
}

/// A component file that cannot be tried for want of address space is not refused as bad.
#[test]
fn a_mapping_that_the_machine_cannot_hold_is_tried_again() {
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\nwatch_interval = \"100ms\"\n\
         [[source]]\ntype = \"file\"\npaths = [\"in/*\"]\ninterval = \"20ms\"\n[[output]]\ntype = \"stdout\"\n",
    );
    folder.write("mapping.wasm", guest("leaking"));
    folder.write("in/0", "{\"n\":0}\n");
    // Enough for two instances of 4 GiB each, and not for a candidate beside them.
    let mut daemon = folder.exotrace(&["run"]).by_script("ulimit -S -v 11000000 && exec \"$@\"").start();
    let delivered = |count: usize| wait_for("documents", || daemon.output().matches('\n').count() >= count);
    delivered(1);
    folder.write("new.wasm", guest("honest"));
    fs::rename(folder.path("new.wasm"), folder.path("mapping.wasm")).unwrap();
    daemon.wait_for_log("this machine has too little left to");
    // Mail flows, though each batch takes 4 MiB that are never given back.
    for number in 1..150 {
        folder.write(&format!("in/{number}"), format!("{{\"n\":{number}}}\n"));
    }
    delivered(150);
    let state = folder.path("state");
    let status = || folder.bare(&["mapping", "status", "--json", "--state-dir", text(&state)]).run().json();
    assert!(status()["mapping"].as_str().is_some_and(|mapping| mapping == "9.9.9"), "{}", status());
    let replaced = || daemon.log().contains("mapping replaced");
    assert!(!replaced(), "{}", daemon.log());
    let pid = daemon.id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--as=unlimited:unlimited"]).status().unwrap();
    assert!(raised.success());
    wait_for("the mapping", replaced);
    daemon.stop();
}

#[test]
fn too_few_threads_are_said_at_once() {
    let folder = Folder::new();
    // Root has no limit of threads, so the program runs as nobody there, who has to be able to read it.
    let program = folder.path("exotrace");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(folder.root(), fs::Permissions::from_mode(0o755)).unwrap();
    let script = "shift; set -- ./exotrace \"$@\"\n\
                  if [ \"$(id -u)\" = 0 ]; then exec setpriv --reuid=65534 --clear-groups \
                  prlimit --nproc=3 \"$@\"; else exec prlimit --nproc=1 \"$@\"; fi";
    let ended = Exotrace::new(folder.root(), &["map", "-"]).by_script(script).ends(1);
    assert!(ended.said().contains("could not start the threads that exotrace needs"), "{ended}");
    assert_eq!(ended.stdout, "");
}
