//! Components that no compiler can bear: they are refused wherever they come in, and harm nothing.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use exotrace::mapper::{CompileError, CompileLimits, Compiler, Component, ComponentError};

use crate::{
    harness::{exotrace, guest, wait_for},
    running::Running,
};

/// Small limits, so that a bomb goes off soon.
const LIMITS: &str = "max_compile_memory_bytes = 300000000\nmax_compile_time = \"5s\"";

/// What the built-in mapping is called in a log.
const TOO_MUCH: &str = "compiling it takes more than";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(arguments: &[&str]) -> (String, Option<i32>) {
    let output = exotrace(arguments, "");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.code())
}

/// A folder with settings that name a component as their mapping, and the component.
fn settings(name: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (config, mapping) = (folder.path().join("exotrace.toml"), folder.path().join("mapping.wasm"));
    fs::write(&mapping, guest(name)).unwrap();
    let input = folder.path().join("in.ndjson");
    fs::write(&input, "{\"n\":1}\n").unwrap();
    let text = format!(
        "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\n{LIMITS}\n[[source]]\ntype = \"file\"\n\
         paths = [\"{}\"]\n[[output]]\ntype = \"stdout\"\n",
        input.display()
    );
    fs::write(&config, text).unwrap();
    (folder, config, mapping)
}

fn this_program(memory_bytes: u64, seconds: u64) -> Compiler {
    let limits = CompileLimits { memory_bytes, time: Duration::from_secs(seconds) };
    Compiler::apart(Path::new(env!("CARGO_BIN_EXE_exotrace")), limits)
}

#[test]
fn a_bomb_is_refused_wherever_it_comes_in() {
    for (name, reason) in [
        ("compile-bomb-locals", "too complex to be compiled: it has 10000 locals in a function, 4096 are the most"),
        ("compile-bomb-loops", TOO_MUCH),
    ] {
        let (folder, config, mapping) = settings(name);
        let (config, mapping) = (text(&config), text(&mapping));
        for arguments in [
            vec!["mapping", "inspect", mapping, "--config", config],
            vec!["map", "--mapping", mapping, "--config", config],
            vec!["map", "--config", config],
            vec!["mapping", "diff", "2.2", mapping, "--config", config],
            vec!["check", "--config", config],
            vec!["run", "--once", "--config", config],
        ] {
            let (said, code) = said(&arguments);
            assert!(said.contains(reason), "{name}, {arguments:?}: {said}");
            assert!(matches!(code, Some(1 | 2 | 78)), "{name}, {arguments:?}: {code:?}");
        }
        let mappings = folder.path().join("state/mappings");
        fs::create_dir_all(&mappings).unwrap();
        fs::write(mappings.join("bomb.wasm"), guest(name)).unwrap();
        let (said, code) = said(&["mapping", "list", "--config", config]);
        assert!(said.contains(&format!("cannot be used: {reason}")) && code == Some(0), "{name}: {said}");
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
    let folder = tempfile::tempdir().unwrap();
    let (program, seen) = (folder.path().join("program"), folder.path().join("seen"));
    fs::write(&program, format!("#!/bin/sh\n/usr/bin/env > {}\n", seen.display())).unwrap();
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
    let error = compile("compile-bomb-many-loops", &this_program(8 << 30, 1));
    assert!(matches!(error, CompileError::Time(_)), "{error}");
    let nowhere = Compiler::apart(Path::new("/nowhere/exotrace"), CompileLimits::default());
    let error = compile("honest", &nowhere);
    assert!(matches!(error, CompileError::NotStarted(_)), "{error}");
    // Whoever answers has to have the key.
    let other = Compiler::apart(Path::new("/bin/true"), CompileLimits::default());
    let error = compile("honest", &other);
    assert!(matches!(error, CompileError::Unsealed), "{error}");
}

#[test]
fn a_running_program_refuses_bombs_and_lives() {
    let mut running = Running::start(LIMITS);
    let file = running.file("bomb.wasm");
    fs::write(&file, guest("compile-bomb-loops")).unwrap();
    let (said, succeeded) = running.tell(&["replace", text(&file)]);
    assert!(!succeeded && said.contains(TOO_MUCH), "{said}");
    running.put(&guest("compile-bomb-many-loops"));
    running.wait_until("it is refused", |running| running.status()["refused"] == 2);
    assert_eq!(running.mapping(), "2.2.0");
    // The settings name it, and it is not tried again.
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "2.2.0");
    assert!(running.log().contains("another one is used"), "{}", running.log());
    running.put(&guest("honest"));
    running.wait_until("what is well is taken", |running| running.mapping() == "9.9.9");
}

/// The marks of components that are being compiled.
fn marks(state: &Path) -> usize {
    let Ok(entries) = fs::read_dir(state.join("cache")) else { return 0 };
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|it| it == "compiling")).count()
}

#[test]
fn what_was_being_compiled_when_the_program_was_killed_is_refused() {
    let mut running = Running::start("max_compile_memory_bytes = 4000000000\nmax_compile_time = \"10m\"");
    running.put(&guest("compile-bomb-many-loops"));
    running.wait_until("it is being compiled", |running| marks(&running.file("state")) == 1);
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "2.2.0");
    assert!(running.log().contains("the program ended while it was compiled"), "{}", running.log());
    assert_eq!(marks(&running.file("state")), 0, "it was said, and is known");
    running.crash_and_start_again();
    assert_eq!(running.mapping(), "2.2.0");
}

#[test]
fn being_told_to_end_while_compiling_ends_at_once_and_refuses_nothing() {
    let (folder, config, _) = settings("compile-bomb-many-loops");
    let text = fs::read_to_string(&config).unwrap();
    let patient = "max_compile_memory_bytes = 4000000000\nmax_compile_time = \"10m\"";
    fs::write(&config, text.replace(LIMITS, patient)).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.args(["run", "--config"]).arg(&config).current_dir(folder.path());
    let mut running = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let state = folder.path().join("state");
    wait_for("it is being compiled", || marks(&state) == 1);
    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    // Compiling takes far longer than whoever waits here.
    wait_for("the end", || running.try_wait().unwrap().is_some());
    assert_eq!(marks(&state), 0);
    assert!(!state.join("mapping.json").exists(), "nothing was decided");
}
