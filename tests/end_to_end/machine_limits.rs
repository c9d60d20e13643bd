//! A machine that gives too little: the program says what, and that it may be started again.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::harness::{Exotrace, Folder, PROGRAM, fixture};

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
