//! Texts that others choose: file names, dead letters, components. Nothing of them reaches a terminal as it is.

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use serde_json::json;

use crate::harness::{Ended, Folder, guest};

/// What a terminal would obey, a second line, and what turns text around: with a byte that is not UTF-8.
fn odd_name() -> OsString {
    OsString::from_vec(b"a\x1b]0;pwned\x07\x1b[31m\nhint: run this\r\xe2\x80\xaegnp.csv\xff.csv".to_vec())
}

#[track_caller]
fn check(ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        let odd = text.chars().find(|it| {
            it.is_control() && *it != '\n' || matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(odd, None, "{ended:?}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("hint: run this")), "{ended}");
    }
}

#[test]
fn no_command_shows_what_a_terminal_would_obey() {
    let folder = Folder::with_settings(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\nlocal_domains = [\"contoso.com\"]\n\
         [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n",
    );
    folder.write("in/good.ndjson", "{\"Received\":\"2026-03-04T05:06:07\"}\n");
    let odd = folder.path("in").join(odd_name());
    let odd_text = "a\x1b[31m\nhint: run this\u{202e}";
    std::fs::write(&odd, format!("sender,\"re{odd_text}\"\na@b.example,c@d.example\n")).unwrap();
    let dated = folder.path("in").join([b"b\x1b[2J".to_vec(), b"\nhint: run this".to_vec()].concat().into_os());
    std::fs::write(&dated, "{\"Received\":\"2099-03-04T05:06:07\"}\n").unwrap();
    let text = ["--log-format", "text"];
    check(&folder.exotrace(&[&["run", "--once"], &text[..]].concat()).ends(2));
    check(&folder.exotrace(&["status"]).ends(1));
    check(&folder.exotrace(&["doctor"]).run());
    check(&folder.exotrace(&["check"]).run());
    let named = |command: &[&str]| folder.bare(command).argument(odd.clone());
    check(&named(&["map"]).ends(1));
    check(&named(&["map", "--mapping"]).ends(2));
    check(&named(&["mapping", "inspect"]).run());
    check(&named(&["mapping", "verify", "--trusted-key", "x"]).run());
    check(&named(&["check"]).run());
    check(&named(&["replay", "--list", "--config", "exotrace.toml"]).run());
    let letter = json!({
        "time": "2026-03-04T05:06:07Z", "source": odd_text, "stage": "output", "output": odd_text,
        "mapping": odd_text, "reason": odd_text, "id": odd_text, "record": odd_text,
    });
    folder.append("state/dead-letter.ndjson", format!("{letter}\n\x1b[2J\n"));
    check(&folder.exotrace(&["replay", "--list"]).ends(0));
    check(&folder.exotrace(&["status"]).ends(1));
    check(&folder.exotrace(&[&["replay"], &text[..]].concat()).ends(2));
    let component = folder.path("state/mappings").join(odd_name()).with_extension("wasm");
    std::fs::create_dir_all(component.parent().unwrap()).unwrap();
    std::fs::write(&component, guest("wrong-world")).unwrap();
    check(&folder.exotrace(&["mapping", "list"]).ends(0));
}

/// Bytes as the name of a file.
trait IntoOs {
    fn into_os(self) -> OsString;
}

impl IntoOs for Vec<u8> {
    fn into_os(self) -> OsString {
        OsString::from_vec(self)
    }
}
