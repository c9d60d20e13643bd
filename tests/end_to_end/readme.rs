//! The README says what is true: its commands work and its table is that of the code.

use std::fs;

use crate::harness::{exotrace, project};

fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap()
}

#[test]
fn the_commands_work() {
    let readme = read("README.md");
    let commands: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("target/release/exotrace ")).collect();
    assert!(commands.len() >= 2);
    for command in commands {
        let arguments: Vec<_> = command.split(' ').collect();
        let output = exotrace(&arguments, "");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_make_targets_exist() {
    let makefile = read("Makefile");
    let readme = read("README.md");
    for (at, _) in readme.match_indices("make ") {
        let target: String = readme[at + 5..].chars().take_while(char::is_ascii_lowercase).collect();
        let is_command = readme[..at].ends_with(['`', '\n', ' ']) && !target.is_empty();
        let is_prose = ["and"].contains(&target.as_str());
        assert!(!is_command || is_prose || makefile.contains(&format!("\n{target}:")), "make {target}");
    }
}

#[test]
fn every_setting_is_in_the_table_with_the_words_of_the_code() {
    let readme = read("README.md");
    let code = read("host/src/config/raw.rs");
    let mut explanation = String::new();
    let mut settings = 0;
    for line in code.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            explanation = format!("{explanation} {text}").trim().to_owned();
        } else if line.starts_with("pub(super) ") && line.ends_with(">,") && !explanation.is_empty() {
            assert!(readme.contains(&format!("| {explanation} |")), "not in the README: {explanation}");
            settings += 1;
            explanation.clear();
        } else if !line.starts_with("#[") {
            explanation.clear();
        }
    }
    assert!(settings > 15);
}

/// All Rust sources below a folder, in one text.
fn sources(folder: &std::path::Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_sentence_about_security_has_a_test() {
    let mut code = String::new();
    for folder in ["host/src", "host/code-cache/src", "guest/package/src", "tests/end_to_end"] {
        sources(&project().join(folder), &mut code);
    }
    let page = read("host/docs/security.md");
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what holds")) {
        let name = line.trim_end_matches(" |").rsplit("| ").next().unwrap().trim_matches('`');
        assert!(code.contains(&format!("fn {name}(")), "no test `{name}`: {line}");
        rows += 1;
    }
    assert!(rows > 30, "{rows}");
}
