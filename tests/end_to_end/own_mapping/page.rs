//! `guest/docs/write-a-mapping.md` from its beginning to its end: every command is run, and said is what stands there.

use std::{fs, process::Command};

use super::template::{make, new_mapping};
use crate::{
    harness::{Daemon, Ended, Exotrace, Folder, wait_for},
    readme::read,
};

const PAGE: &str = "guest/docs/write-a-mapping.md";

/// A command of the page, and what the page says that one sees; `…` stands for anything.
struct ShownCommand<'p> {
    command: &'p str,
    seen: Vec<&'p str>,
}

/// The commands of all blocks for a console.
fn shown_commands(page: &str) -> Vec<ShownCommand<'_>> {
    let mut commands: Vec<ShownCommand<'_>> = Vec::new();
    for block in page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push(ShownCommand { command, seen: Vec::new() }),
                None => commands.last_mut().unwrap().seen.push(line),
            }
        }
    }
    commands
}

/// Whether a line is as the page shows it; blanks are one blank.
fn is_like(line: &str, shown: &str) -> bool {
    let [line, shown] = [line, shown].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut rest = line.as_str();
    for (place, part) in shown.split('…').enumerate() {
        let found = if place == 0 { rest.starts_with(part).then_some(0) } else { rest.find(part) };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || shown.ends_with('…')
}

/// Sees that the lines of the page stand in what was said, in their order.
#[track_caller]
fn check_seen(shown: &ShownCommand<'_>, said: &str) {
    let mut lines = said.lines();
    for expected in &shown.seen {
        assert!(lines.any(|line| is_like(line, expected)), "`{}` does not say `{expected}`:\n{said}", shown.command);
    }
}

#[test]
fn the_page_is_right_from_the_beginning_to_the_end() {
    let page = read(PAGE);
    let folder = Folder::new();
    folder.write_settings(page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap());
    fs::create_dir(folder.path("in")).unwrap();
    let mut daemon: Option<Daemon> = None;
    let commands = shown_commands(&page);
    assert!(commands.len() > 15, "{}", commands.len());
    for shown in &commands {
        let words: Vec<&str> = shown.command.split_whitespace().collect();
        let said = match words.as_slice() {
            ["exotrace", "mapping", "new", name] => {
                drop(new_mapping(&folder, name, &[]));
                continue;
            }
            ["make", "-C", name, target] => make(&folder.path(name), target),
            ["cp" | "sed", ..] => {
                let done = Command::new("sh").args(["-c", shown.command]).current_dir(folder.root()).status().unwrap();
                assert!(done.success(), "{}", shown.command);
                continue;
            }
            ["exotrace", "run", "--config", "exotrace.toml"] => {
                let started = Exotrace::new(folder.root(), &words[1..]).start();
                let asked = || Exotrace::new(folder.root(), &["mapping", "status", "--state-dir", "state"]).run();
                wait_for("exotrace to answer", || asked().status.success());
                daemon = Some(started);
                continue;
            }
            ["exotrace", "mapping", "status", ..] => {
                let status = || Exotrace::new(folder.root(), &words[1..]).ends(0).stdout;
                wait_for(&shown.seen.join("\n"), || {
                    let said = status();
                    let mut lines = said.lines();
                    shown.seen.iter().all(|expected| lines.any(|line| is_like(line, expected)))
                });
                status()
            }
            ["exotrace", rest @ ..] => {
                let differs = rest.starts_with(&["mapping", "diff"]);
                let Ended { stdout, stderr, .. } = Exotrace::new(folder.root(), rest).ends(i32::from(differs));
                stdout + &stderr
            }
            _ => panic!("nobody runs `{}`", shown.command),
        };
        check_seen(shown, &said);
    }
    assert!(daemon.is_some(), "the page starts exotrace");
}
