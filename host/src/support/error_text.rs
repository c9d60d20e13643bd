//! Errors as people read them.

use std::error::Error;

use crate::support::scrub::scrub;

/// What a line begins with that says how to mend something.
const HINT: &str = "hint: ";

/// An error with its causes, for logs and for what is kept: hints stand on lines of their own, at the end, and our secrets
/// nowhere, even where a server has repeated them.
pub(crate) fn chain(error: &dyn Error) -> String {
    scrub(&Told::of(error, OtherLines::Kept).into_text()).into_owned()
}

/// An error with its causes in one line, for people, and hints on lines of their own.
pub(crate) fn explain(error: &dyn Error) -> String {
    // Other lines are a backtrace of the component, which tells nobody anything.
    scrub(&Told::of(error, OtherLines::LeftOut).into_text()).into_owned()
}

/// A text without its hints, and the hints.
pub(crate) fn without_hints(text: &str) -> (String, Vec<&str>) {
    let hints = text.lines().filter_map(|line| line.strip_prefix(HINT)).collect();
    let others: Vec<_> = text.lines().filter(|line| !line.starts_with(HINT)).collect();
    (others.join("\n"), hints)
}

#[derive(PartialEq, Eq)]
enum OtherLines {
    Kept,
    LeftOut,
}

/// What an error and its causes say.
#[derive(Default)]
struct Told {
    first_lines: Vec<String>,
    other_lines: Vec<String>,
    hints: Vec<String>,
}

impl Told {
    fn of(error: &dyn Error, other_lines: OtherLines) -> Self {
        let mut told = Self::default();
        let mut next = Some(error);
        while let Some(error) = next {
            told.add(&error.to_string(), &other_lines);
            next = error.source();
        }
        told
    }

    fn add(&mut self, text: &str, other_lines: &OtherLines) {
        let mut lines = text.lines();
        self.first_lines.push(lines.next().unwrap_or_default().to_owned());
        for line in lines {
            if line.starts_with(HINT) {
                if !self.hints.iter().any(|hint| hint == line) {
                    self.hints.push(line.to_owned());
                }
            } else if *other_lines == OtherLines::Kept {
                self.other_lines.push(line.to_owned());
            }
        }
    }

    fn into_text(self) -> String {
        let first = std::iter::once(self.first_lines.join(": "));
        first.chain(self.other_lines).chain(self.hints).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Self>>);

    #[test]
    fn hints_come_after_all_causes() {
        let cause = Link("syntax error\nat 0: wasm", None);
        let error = Link("no answer of Elasticsearch\nhint: `url` has to lead to it", Some(Box::new(cause)));
        assert_eq!(explain(&error), "no answer of Elasticsearch: syntax error\nhint: `url` has to lead to it");
        assert_eq!(
            chain(&error),
            "no answer of Elasticsearch: syntax error\nat 0: wasm\nhint: `url` has to lead to it"
        );
    }

    #[test]
    fn a_hint_is_told_from_the_rest() {
        assert_eq!(without_hints("a: b\nhint: c\nd\nhint: e"), ("a: b\nd".to_owned(), vec!["c", "e"]));
        assert_eq!(without_hints("a"), ("a".to_owned(), vec![]));
    }
}
