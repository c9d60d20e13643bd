//! Components that no compiler can bear: they are refused wherever they come in, and harm nothing.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Duration};

use exotrace::mapper::{CompileError, CompileLimits, Compiler, Component, ComponentError};

use crate::harness::{Folder, MappingDaemon, PROGRAM, guest, text, wait_for, wait_for_some};

/// Little memory, so that a bomb goes off soon. It does so within a second of processor time, and a busy machine may take
/// long to give that.
const LIMITS: &str = "max_compile_memory_bytes = 300000000\nmax_compile_time = \"20s\"";

/// What the built-in mapping is called in a log.
const TOO_MUCH: &str = "compiling it takes more than";

/// A folder with a component, settings that name it as their mapping, and a record.
fn folder_with(name: &str, limits: &str) -> Folder {
    let folder = Folder::with_settings(&format!(
        "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\n{limits}\n[[source]]\ntype = \"file\"\n\
         paths = [\"in.ndjson\"]\n[[output]]\ntype = \"stdout\"\n"
    ));
    folder.write("mapping.wasm", guest(name));
    folder.write("in.ndjson", "{\"n\":1}\n");
    folder
}

fn this_program(memory_bytes: u64, seconds: u64) -> Compiler {
    let limits = CompileLimits { memory_bytes, time: Duration::from_secs(seconds) };
    Compiler::apart(Path::new(PROGRAM), limits)
}

#[test]
fn a_bomb_is_refused_wherever_it_comes_in() {
    for (name, reason) in [
        ("compile-bomb-locals", "too complex to be compiled: it has 10000 locals in a function, 4096 are the most"),
        ("compile-bomb-loops", TOO_MUCH),
    ] {
        let folder = folder_with(name, LIMITS);
        for arguments in [
            &["mapping", "inspect", "./mapping.wasm"][..],
            &["map", "--mapping", "./mapping.wasm"],
            &["map"],
            &["mapping", "diff", "2.2", "./mapping.wasm"],
            &["check"],
            &["run", "--once"],
        ] {
            let ended = folder.exotrace(arguments).run();
            assert!(ended.all().contains(reason), "{name}: {ended}");
            assert!(matches!(ended.code(), Some(1 | 2 | 78)), "{name}: {ended}");
        }
        folder.write("state/mappings/bomb.wasm", guest(name));
        let listed = folder.exotrace(&["mapping", "list"]).ends(0);
        assert!(listed.all().contains(&format!("cannot be used: {reason}")), "{name}: {listed}");
    }
}

#[test]
fn what_compiles_within_limits_is_what_it_was() {
    let compiler = this_program(1 << 30, 60);
    let component = Component::apart(&guest("honest"), &compiler).map_err(|error| error.to_string()).unwrap();
    assert_eq!(component.description().mapping_version, "9.9.9");
    let error = Component::apart(b"\0asm\x0d\0\x01\0", &compiler).err().unwrap();
    assert!(matches!(error, ComponentError::NoSection), "{error}");
    let mut broken = guest("honest");
    // Into the code of the first functions.
    let place = broken.len() / 2;
    broken[place..place + 64].fill(0xff);
    let error = Component::apart(&broken, &compiler).err().unwrap();
    assert!(matches!(error, ComponentError::NotAComponent(_)), "{error}");
}

#[test]
fn the_process_that_compiles_gets_no_environment() {
    // A program in its place that says what it was given.
    let folder = Folder::new();
    let seen = folder.path("seen");
    let program = folder.write("program", format!("#!/bin/sh\n/usr/bin/env > {}\n", seen.display()));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let compiler = Compiler::apart(&program, CompileLimits::default());
    assert!(Component::apart(&guest("honest"), &compiler).is_err());
    let seen = fs::read_to_string(seen).unwrap();
    let names: Vec<_> = seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // The shell adds some of its own.
    let expected = ["MALLOC_ARENA_MAX", "RUST_BACKTRACE", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| expected.contains(name)), "{seen}");
}

#[test]
fn every_limit_has_its_reason() {
    let compile = |name: &str, compiler: &Compiler| match Component::apart(&guest(name), compiler) {
        Err(ComponentError::Compile(error)) => error,
        Err(other) => panic!("{name}: {other}"),
        Ok(_) => panic!("{name} compiles"),
    };
    let error = compile("compile-bomb-loops", &this_program(200 << 20, 60));
    assert!(matches!(error, CompileError::Memory(_)), "{error}");
    assert!(error.to_string().contains("200 MiB of memory\nhint: `mapping.max_compile_memory_bytes`"), "{error}");
    let error = wait_for_some("a machine with time for it", || {
        let error = compile("compile-bomb-many-loops", &this_program(8 << 30, 1));
        (!matches!(error, CompileError::Busy(_))).then_some(error)
    });
    assert!(matches!(error, CompileError::Time(_)), "{error}");
    let nowhere = Compiler::apart(Path::new("/nowhere/exotrace"), CompileLimits::default());
    let error = compile("honest", &nowhere);
    assert!(matches!(error, CompileError::NotStarted(_)), "{error}");
    // The process that answers must have the key.
    let other = Compiler::apart(Path::new("/bin/true"), CompileLimits::default());
    let error = compile("honest", &other);
    assert!(matches!(error, CompileError::Unsealed), "{error}");
}

/// The processes that compile for this one.
fn compiling(parent: u32) -> Vec<u32> {
    let children = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Behind the name, which stands in brackets: the state and the parent.
        let rest = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').nth(1).map(str::to_owned));
        rest.flatten() == Some(parent.to_string())
    };
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(children).collect()
}

#[test]
fn a_machine_without_time_is_not_the_fault_of_the_component() {
    let daemon = MappingDaemon::start("max_compile_memory_bytes = 4000000000\nmax_compile_time = \"2s\"");
    daemon.put(&guest("compile-bomb-many-loops"));
    let pid = daemon.id();
    wait_for("it is being compiled", || !compiling(pid).is_empty());
    for child in compiling(pid) {
        // As a machine does that has something else to do.
        assert!(Command::new("kill").args(["-STOP", &child.to_string()]).status().unwrap().success());
    }
    let busy = "the machine is too busy: after 10 s";
    daemon.wait_until("it is given up", |daemon| daemon.log().contains(busy));
    // It is tried again, and has its time.
    daemon.wait_until("it is refused", |daemon| daemon.log().contains(TOO_MUCH));
    let log = daemon.log();
    assert!(log.find(busy) < log.find(TOO_MUCH), "{log}");
    daemon.put(&guest("honest"));
    daemon.wait_until("what is well is taken", |daemon| daemon.mapping() == "9.9.9");
}

#[test]
fn a_running_program_refuses_bombs_and_lives() {
    let mut daemon = MappingDaemon::start(LIMITS);
    let file = daemon.write("bomb.wasm", guest("compile-bomb-loops"));
    let (said, succeeded) = daemon.tell(&["replace", text(&file)]);
    assert!(!succeeded && said.contains(TOO_MUCH), "{said}");
    daemon.put(&guest("compile-bomb-many-loops"));
    // It is counted before it is written down.
    daemon.wait_until("it is refused", |daemon| daemon.status()["last_refused"]["by"] == "watcher");
    assert_eq!(daemon.status()["refused"], 2);
    assert_eq!(daemon.mapping(), "2.2.0");
    // The settings name it, and it is not tried again.
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "2.2.0");
    assert!(daemon.log().contains("another one is used"), "{}", daemon.log());
    daemon.put(&guest("honest"));
    daemon.wait_until("what is well is taken", |daemon| daemon.mapping() == "9.9.9");
}

/// The marks of components that are being compiled.
fn marks(state: &Path) -> usize {
    let Ok(entries) = fs::read_dir(state.join("cache")) else { return 0 };
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|it| it == "compiling")).count()
}

#[test]
fn what_was_being_compiled_when_the_program_was_killed_is_refused() {
    let mut daemon = MappingDaemon::start("max_compile_memory_bytes = 4000000000\nmax_compile_time = \"10m\"");
    daemon.put(&guest("compile-bomb-many-loops"));
    daemon.wait_until("it is being compiled", |daemon| marks(&daemon.path("state")) == 1);
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "2.2.0");
    assert!(daemon.log().contains("the program ended while it was compiled"), "{}", daemon.log());
    assert_eq!(marks(&daemon.path("state")), 0, "it was said, and is known");
    daemon.crash_and_start_again();
    assert_eq!(daemon.mapping(), "2.2.0");
}

#[test]
fn being_told_to_end_while_compiling_ends_at_once_and_refuses_nothing() {
    let folder =
        folder_with("compile-bomb-many-loops", "max_compile_memory_bytes = 4000000000\nmax_compile_time = \"10m\"");
    let mut daemon = folder.exotrace(&["run"]).start();
    let state = folder.path("state");
    wait_for("it is being compiled", || marks(&state) == 1);
    daemon.signal("TERM");
    // Compiling takes far longer than the wait here.
    wait_for("the end", || daemon.has_ended());
    assert_eq!(marks(&state), 0);
    assert!(!state.join("mapping.json").exists(), "nothing was decided");
}
