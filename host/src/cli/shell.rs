//! Commands that people can run as they are printed.

use std::path::Path;

/// A path as a word for a shell.
pub(super) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "/._-+:=@,".contains(it);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text;
    }
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_same_path() {
        for path in ["state/dead-letter.ndjson", "my mail/it's $HOME.ndjson", "-x", "a;b", "ü"] {
            let command = format!("printf %s {}", word(Path::new(path)));
            let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
            let expected = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
        assert_eq!(word(Path::new("state/a.ndjson")), "state/a.ndjson");
    }
}
