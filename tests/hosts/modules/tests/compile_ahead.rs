//! `make modules AOT=1`: what is asked of `wamrc`, and the message where there is none. `wamrc` itself is in no registry
//! that the tests reach.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// A folder with the few programs that are asked for, and with a `wamrc` that says what it was asked.
fn programs(name: &str, has_wamrc: bool) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    if has_wamrc {
        let wamrc = folder.join("wamrc");
        fs::write(&wamrc, "#!/bin/sh\necho \"wamrc $*\"\n").unwrap();
        fs::set_permissions(&wamrc, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn run(command: &mut Command, folder: &Path) -> Output {
    let path = format!("{}:/usr/bin:/bin", folder.display());
    command.current_dir(PROJECT).env("PATH", path).env_remove("WAMRC_FLAGS").output().unwrap()
}

fn script() -> Command {
    Command::new("guest/adapters/fluent-bit/compile-ahead")
}

#[test]
fn the_command_is_that_of_the_documentation() {
    let folder = programs("with-wamrc", true);
    let output = run(script().args(["fluent-bit.wasm", "fluent-bit.aot"]), &folder);
    let said = String::from_utf8(output.stdout).unwrap();
    let page = fs::read_to_string(Path::new(PROJECT).join("guest/docs/pipelines.md")).unwrap();
    assert!(said.starts_with("wamrc --target=x86_64 "), "{said}");
    assert!(page.contains(&format!("`{}`", said.trim_end())), "{said}");
    let mut other = script();
    other.args(["a", "b"]).env("WAMRC_FLAGS", "--target=aarch64v8");
    let output =
        other.current_dir(PROJECT).env("PATH", format!("{}:/usr/bin:/bin", folder.display())).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "wamrc --target=aarch64v8 --disable-simd --opt-level=3 -o b a\n");
}

#[test]
fn make_says_at_once_that_there_is_no_compiler() {
    let folder = programs("without-wamrc", false);
    let output = run(Command::new("make").args(["modules", "AOT=1"]), &folder);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: there is no `wamrc` on the path"), "{said}");
    assert!(said.contains("\nhint: build it from the sources of Fluent Bit"), "{said}");
    // Before anything was built, for which cargo would have been missed first.
    assert_eq!((output.status.code(), said.contains("cargo")), (Some(2), false), "{said}");
}

#[test]
fn the_settings_of_the_documentation_are_those_that_were_seen_to_work() {
    let page = fs::read_to_string(Path::new(PROJECT).join("guest/docs/pipelines.md")).unwrap();
    let (_, rest) = page.split_once("```yaml\n# Fluent Bit:").unwrap();
    let (settings, _) = rest.split_once("```").unwrap();
    // A folder that need not exist, and times that come out wrong.
    for wrong in ["accessible_paths", "time_key", "time_format", "processors"] {
        assert!(!settings.contains(wrong), "{wrong}");
    }
    for right in ["wasm_stack_size: 1M", "buffer_max_size: 16M", "id_key: exotrace_id"] {
        assert!(settings.contains(right), "{right}");
    }
}
