//! What a shell and `man` are told: the same commands as help shows.

use crate::harness::{Folder, exotrace};

/// The commands that the help of a command lists, with the words before them.
fn commands(before: &[&str]) -> Vec<Vec<String>> {
    let help = exotrace(&[before, &["--help"]].concat(), "").with(0).stdout;
    let Some((_, listed)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let mut found = Vec::new();
    // A name stands two columns in; the lines of a text that goes on stand further in.
    for line in listed.lines().take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        if !name.is_empty() && name != "help" {
            let command = [before, &[name]].concat();
            found.push(command.iter().copied().map(str::to_owned).collect());
            found.extend(commands(&command));
        }
    }
    found
}

#[test]
fn every_command_of_the_help_has_a_manual_page() {
    let folder = Folder::new();
    let listed = folder.bare(&["man", "pages/inner"]).ends(0).stdout;
    let commands = commands(&[]);
    assert!(commands.len() > 20, "{commands:?}");
    let mut expected = vec!["exotrace.1".to_owned(), "exotrace.toml.5".to_owned()];
    expected.extend(commands.iter().map(|command| format!("exotrace-{}.1", command.join("-"))));
    expected.sort();
    let names: Vec<_> =
        listed.lines().filter_map(|line| line.strip_prefix("pages/inner/")).map(str::to_owned).collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted, expected);
    for name in names {
        let page = folder.read(&format!("pages/inner/{name}"));
        assert!(page.contains("\n.SH NAME\n") && page.contains("\n.SH DESCRIPTION\n"), "{name}: {page}");
    }
}

#[test]
fn every_shell_completes_the_commands_of_the_help() {
    let commands = commands(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = exotrace(&["completions", shell], "").with(0).stdout;
        for command in &commands {
            let name = command.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell} does not complete `{}`", command.join(" "));
        }
        assert!(!script.contains("compile-mapping"), "{shell} completes a hidden command");
        assert!(script.contains("--flush") || script.contains("-l flush"), "{shell} completes no options");
    }
}
