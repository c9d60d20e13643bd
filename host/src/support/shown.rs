//! Texts of others as they may be shown: what a terminal would obey, or what would turn a line around, is spelled out.
//!
//! Components, services and file names choose such texts. Every text that goes to a terminal passes here; JSON has its
//! own escapes.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
    path::Path,
};

/// A text on one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_odd)
}

/// A text that may have several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |it| it != '\n' && is_odd(it))
}

/// A path, on one line: anybody who may make files chooses their names.
pub(crate) fn path(path: &Path) -> String {
    line(&path.display().to_string()).into_owned()
}

/// Where text for people is written to: what a terminal would obey is spelled out on the way.
pub(crate) struct ForPeople<W>(pub(crate) W);

impl<W: Write> Write for ForPeople<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escaped(text: &str, is_odd: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_odd) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            it if !is_odd(it) => shown.push(it),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            it => write!(shown, "\\u{{{:x}}}", u32::from(it)).expect("a text takes everything"),
        }
    }
    Cow::Owned(shown)
}

/// Whether a character is none that is seen: controls, and those that change the order or the end of a line.
fn is_odd(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(line("plain, ünï ✉"), "plain, ünï ✉");
        assert_eq!(line("\x1b]0;pwned\x07 a\nb\t\u{9b}1m"), "\\u{1b}]0;pwned\\u{7} a\\nb\\t\\u{9b}1m");
        assert_eq!(line("a\u{202e}b\u{2028}c\u{2066}d\u{200b}"), "a\\u{202e}b\\u{2028}c\\u{2066}d\\u{200b}");
        assert_eq!(lines("a\nb\x1bc\r\n"), "a\nb\\u{1b}c\\r\n");
        assert_eq!(path(Path::new("in/\x1b[2J\nhint: x")), "in/\\u{1b}[2J\\nhint: x");
    }

    #[test]
    fn what_is_written_for_people_has_its_lines_and_nothing_else_that_is_obeyed() {
        let mut output = ForPeople(Vec::new());
        writeln!(output, "é \x1b[31mred \u{202e}\u{9b}").unwrap();
        assert_eq!(String::from_utf8(output.0).unwrap(), "é \\u{1b}[31mred \\u{202e}\\u{9b}\n");
    }
}
