//! Settings in another format than TOML, given by mistake.

/// Which format a text that is not TOML looks like, if it looks like one that people use.
pub(super) fn guess(text: &str) -> Option<&'static str> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with('{') {
        return Some("JSON");
    }
    if start.starts_with("<?xml") || start.starts_with('<') {
        return Some("XML");
    }
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'));
    let mut yaml = 0;
    for line in lines.take(50) {
        if line.contains('=') && !line.contains(": ") {
            // A broken line in a file of TOML.
            return None;
        }
        yaml += usize::from(is_yaml(line));
    }
    (yaml > 0).then_some("YAML")
}

/// `key:`, `key: value`, `- item` or `---`.
fn is_yaml(line: &str) -> bool {
    let line = line.trim_start();
    if line == "---" || line.starts_with("- ") {
        return true;
    }
    let Some((key, rest)) = line.split_once(':') else { return false };
    let is_key = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.' | '"' | '\'');
    !key.is_empty() && key.chars().all(is_key) && (rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_guessed() {
        for (text, expected) in [
            ("state_dir: /var/lib/exotrace\nsource:\n  - type: graph\n", Some("YAML")),
            ("---\nstate_dir: x\n", Some("YAML")),
            ("# a comment\nsources:\n", Some("YAML")),
            ("{\n  \"state_dir\": \"x\"\n}", Some("JSON")),
            ("<config>", Some("XML")),
            ("state_dir = \"x\n", None),
            ("state_dir = \"x\"\n[[source]\n", None),
            ("state_dir\n", None),
        ] {
            assert_eq!(guess(text), expected, "{text}");
        }
    }
}
