//! The documentation says what is true: its commands work and its tables are those of the code.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::harness::{exotrace, project};

fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap()
}

/// Every page of the documentation with its path in the project, but for the change log, which names what was.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for folder in [".", "wit", "host/docs", "host/docs/facts", "guest/docs", "guest/docs/facts"] {
        for entry in fs::read_dir(project().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") && name != "CHANGELOG.md" {
                let path = format!("{folder}/{name}").replace("./", "");
                let text = read(&path);
                pages.push((path, text));
            }
        }
    }
    assert!(pages.len() > 10);
    pages
}

#[test]
fn the_commands_work() {
    let mut commands = 0;
    for (page, text) in pages() {
        for command in text.lines().filter_map(|line| line.strip_prefix("target/release/exotrace ")) {
            let arguments: Vec<_> = command.split(' ').collect();
            let output = exotrace(&arguments, "");
            assert!(output.status.success(), "{page}: {command}: {}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
    }
    assert!(commands >= 4);
}

#[test]
fn the_make_targets_exist() {
    let makefile = read("Makefile");
    for (page, text) in pages() {
        for (at, _) in text.match_indices("make ") {
            let target: String = text[at + 5..].chars().take_while(char::is_ascii_lowercase).collect();
            let is_command = text[..at].ends_with(['`', '\n']) && !target.is_empty();
            assert!(!is_command || makefile.contains(&format!("\n{target}:")), "{page}: make {target}");
        }
    }
}

/// The words after `exotrace` in the commands of a page, in blocks and within sentences.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_block = !is_block;
            continue;
        }
        let parts: Vec<&str> = if is_block { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
        for part in parts {
            if let Some(command) = part.strip_prefix("target/release/").unwrap_or(part).strip_prefix("exotrace ") {
                found.push(command.split(' ').collect());
            }
        }
    }
    found
}

#[test]
fn the_commands_have_the_options_that_they_are_given() {
    let mut helps = BTreeMap::new();
    for (page, text) in pages() {
        // What begins with `is` is no command, but a message.
        for words in commands(&text).iter().filter(|words| words[0] != "is") {
            let has_inner = ["mapping", "elasticsearch"].contains(&words[0]) && words.len() > 1;
            let (command, arguments) = words.split_at(if has_inner { 2 } else { 1 });
            let help = helps.entry(command.join(" ")).or_insert_with(|| {
                let output = exotrace(&[command, &["--help"]].concat(), "");
                assert!(output.status.success(), "{page}: there is no command `{}`", command.join(" "));
                String::from_utf8(output.stdout).unwrap()
            });
            for option in arguments.iter().filter(|argument| argument.starts_with("--")) {
                let name = option.split('=').next().unwrap();
                assert!(help.contains(name), "{page}: `{}` has no option `{option}`", command.join(" "));
            }
        }
    }
    assert!(helps.len() > 20, "{}", helps.len());
}

#[test]
fn the_settings_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("exotrace.toml");
    let mut blocks = 0;
    for (page, text) in pages() {
        for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            // With what a part of the settings lacks.
            let missing = |part: &str, rest: &'static str| if block.contains(part) { "" } else { rest };
            let before = missing("state_dir", "state_dir = \"state\"\n");
            let source = missing("[[source]]", "[[source]]\ntype = \"file\"\npaths = [\"trace.ndjson\"]\n");
            let output = missing("[[output]]", "[[output]]\ntype = \"stdout\"\n");
            fs::write(&file, format!("{before}{block}{source}{output}")).unwrap();
            let checked = exotrace(&["check", "--json", file.to_str().unwrap()], "");
            let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
            for error in checked["errors"].as_array().unwrap() {
                let problem = error["problem"].as_str().unwrap();
                // What is on another machine only.
                let is_elsewhere = problem.contains("could not read `") || problem.contains("is not set");
                assert!(is_elsewhere, "{page}: {problem}");
            }
            blocks += 1;
        }
    }
    assert!(blocks > 10, "{blocks}");
}

#[test]
fn every_path_exists() {
    let mut paths = 0;
    for (page, text) in pages() {
        for word in text.split([' ', '\n', '`']) {
            let path = word.trim_matches(['"', '\'', '(', ')', ',', '.', ';', ':']);
            let (room, _) = path.split_once('/').unwrap_or((path, ""));
            let is_named = ["host", "guest", "tests", "fixtures", "wit"].contains(&room) && path.contains('/');
            if is_named && !path.contains(['*', ':']) {
                assert!(project().join(path).exists(), "{page}: there is no `{path}`");
                paths += 1;
            }
        }
    }
    assert!(paths > 40, "{paths}");
}

/// The files with the tables of settings, and the section that the struct of each is read from.
const TABLES: [(&str, &str, &str); 13] = [
    ("app/settings/table.rs", "SettingsTable", ""),
    ("app/settings/table.rs", "DeadLetterTable", "dead_letter."),
    ("app/settings/table.rs", "GeoipTable", "geoip."),
    ("app/settings/table.rs", "SourceTable", "source."),
    ("app/settings/table.rs", "OutputTable", "output."),
    ("app/settings/mapping_table.rs", "MappingTable", "mapping."),
    ("app/settings/mapping_table.rs", "CandidateTable", "mapping.candidate."),
    ("app/settings/mapping_table.rs", "RollbackTable", "mapping.rollback."),
    ("sources/file/settings.rs", "FileTable", "source."),
    ("sources/microsoft/service_table.rs", "ServiceTable", "source."),
    ("outputs/file/settings.rs", "FileOutputTable", "output."),
    ("outputs/elasticsearch/settings.rs", "ElasticsearchTable", "output."),
    ("outputs/http/settings.rs", "HttpTable", "output."),
];

/// As [`TABLES`]: what kinds of output share.
const SHARED: (&str, &str, &str) = ("outputs/client_settings.rs", "ClientTable", "output.");

#[test]
fn every_setting_is_in_the_table_with_the_words_of_the_code() {
    let page = read("host/docs/settings.md");
    let mut settings = 0;
    for (file, table, section) in TABLES.into_iter().chain([SHARED]) {
        let code = read(&format!("host/src/{file}"));
        let (_, table) = code.split_once(&format!("struct {table} {{")).expect(file);
        let mut explanation = String::new();
        for line in table.lines().take_while(|line| *line != "}").map(str::trim) {
            if let Some(text) = line.strip_prefix("/// ") {
                explanation = format!("{explanation} {text}").trim().to_owned();
                continue;
            }
            let field = line.trim_start_matches("pub(super) ").split_once(": ");
            if let (false, Some((key, _))) = (line.starts_with(['#', '/']) || explanation.is_empty(), field) {
                let key = format!("{section}{}", key.trim_start_matches("r#"));
                let is_there = page
                    .lines()
                    .any(|row| row.starts_with(&format!("| `{key}`")) && row.ends_with(&format!(" | {explanation} |")));
                assert!(is_there, "not in host/docs/settings.md: `{key}`: {explanation}");
                settings += 1;
                explanation.clear();
            }
        }
    }
    let rows = page.lines().filter(|row| row.starts_with("| `source.") || row.starts_with("| `output."));
    assert!(settings > 90 && rows.count() < settings, "{settings}");
}

/// Every kind that is built in has its settings among them.
#[test]
fn every_struct_of_settings_is_compared_with_the_table() {
    let mut code = String::new();
    sources(&project().join("host/src"), &mut code);
    let structs = code.split("#[serde(deny_unknown_fields)]\n").skip(1).filter_map(|rest| rest.lines().next());
    let tables = structs.filter(|line| line.ends_with("Table {")).count();
    assert_eq!(tables, TABLES.len() + 1, "`TABLES` lacks one");
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
