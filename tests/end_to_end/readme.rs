//! The documentation says what is true: its commands work and its tables are those of the code.

use std::{collections::BTreeMap, fs};

use crate::harness::{Exotrace, Folder, exotrace, project};

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap()
}

/// Every page of the documentation with its path in the project, but for the change log, which names what was.
pub(crate) fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for folder in [".", "wit", "host/docs", "host/docs/facts", "guest/docs", "guest/docs/facts", "tests", "fixtures"] {
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

/// The commands of all blocks for a shell; one that goes on in the next lines is one.
fn shell_commands(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let (mut commands, mut command) = (Vec::new(), String::new());
    for line in blocks.flat_map(str::lines) {
        command += line;
        let is_quoted = command.matches('\'').count() % 2 == 1;
        match command.strip_suffix('\\') {
            Some(begun) => command = begun.to_owned(),
            None if is_quoted => command.push('\n'),
            None => commands.push(std::mem::take(&mut command)),
        }
    }
    commands
}

/// The code between single backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// What the other commands of blocks begin with: `make hosts` runs their like, or they are of other programs.
const ELSEWHERE: [&str; 20] = [
    "openssl",
    "make",
    "cd",
    "set",
    "node",
    "go",
    "wasmtime",
    "curl",
    "python3",
    "mkdir",
    "wasmtime-40/bin/python",
    "wkg",
    "target/release/examples/embed",
    "target/release/examples/wasmtime_alone",
    "target/tools/python/bin/python",
    "sudo",
    "pip",
    "podman",
    "sha256sum",
    "tar",
];

#[test]
fn the_commands_work() {
    let folder = Folder::new();
    folder.write("mapping.wasm", exotrace::mapper::built_in("2.2").unwrap().bytes);
    let mut ran = 0;
    for (page, command) in
        pages().iter().flat_map(|(page, text)| shell_commands(text).into_iter().map(move |it| (page, it)))
    {
        let words: Vec<_> = command.split_whitespace().collect();
        let place = match words.first() {
            Some(&"target/release/exotrace" | &"target/demo/exotrace") => &project(),
            Some(&"exotrace") => folder.root(),
            Some(program) => {
                assert!(ELSEWHERE.contains(program), "{page}: nobody runs `{command}`");
                continue;
            }
            None => continue,
        };
        // Ends with 1 when documents differ, as those of two versions do.
        let differs = words[1..].starts_with(&["mapping", "diff"]) && words.get(3) != words.get(4);
        Exotrace::new(place, &words[1..]).ends(i32::from(differs));
        ran += 1;
    }
    assert!(ran >= 5, "{ran}");
}

#[test]
fn the_make_targets_exist() {
    let makefile = read("Makefile");
    let mut named = 0;
    for (page, text) in pages() {
        let commands = shell_commands(&text);
        for code in spans(&text).chain(commands.iter().map(String::as_str)) {
            let mut words = code.split_whitespace().skip_while(|word| word.contains('='));
            if words.next() == Some("make") {
                let target = words.next().unwrap_or("help");
                assert!(makefile.contains(&format!("\n{target}:")), "{page}: `{code}`");
                named += 1;
            }
        }
    }
    assert!(named > 30, "{named}");
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
        // What begins with `is` is not a command, but a message.
        for words in commands(&text).iter().filter(|words| words[0] != "is") {
            let has_inner =
                ["cluster", "config", "elasticsearch", "mapping", "privacy"].contains(&words[0]) && words.len() > 1;
            let (command, arguments) = words.split_at(if has_inner { 2 } else { 1 });
            let help = helps.entry(command.join(" ")).or_insert_with(|| {
                let ended = exotrace(&[command, &["--help"]].concat(), "");
                assert!(ended.status.success(), "{page}: there is no command `{}`", command.join(" "));
                ended.stdout
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
    let folder = Folder::new();
    let mut blocks = 0;
    for (page, text) in pages() {
        for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            // With what a part of the settings lacks.
            let missing = |part: &str, rest: &'static str| if block.contains(part) { "" } else { rest };
            let before = missing("state_dir", "state_dir = \"state\"\n");
            let source = missing("[[source]]", "[[source]]\ntype = \"file\"\npaths = [\"trace.ndjson\"]\n");
            let output = missing("[[output]]", "[[output]]\ntype = \"stdout\"\n");
            folder.write_settings(&format!("{before}{block}{source}{output}"));
            let checked = folder.exotrace(&["check", "--json"]).run().json();
            for error in checked["errors"].as_array().unwrap() {
                let problem = error["problem"].as_str().unwrap();
                // What is on another machine only, or in another program.
                let is_elsewhere = problem.contains("could not read ") || problem.contains("is not set");
                let is_left_out = !cfg!(feature = "kafka") && problem.contains("built without Kafka");
                assert!(is_elsewhere || is_left_out, "{page}: {problem}");
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

/// All Rust sources below a folder, in one text.
pub(crate) fn sources(folder: &std::path::Path, text: &mut String) {
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
