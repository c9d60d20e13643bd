//! Errors as people read them.

use std::error::Error;

/// An error with its causes, for logs.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// An error with its causes in one line, for people, and hints on lines of their own.
pub(crate) fn explain(error: &dyn Error) -> String {
    let (mut text, mut hints) = (String::new(), String::new());
    let mut next = Some(error);
    while let Some(error) = next {
        let whole = error.to_string();
        let mut lines = whole.lines();
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(lines.next().unwrap_or_default());
        // Other lines are a backtrace of the component, which tells nobody anything.
        for hint in lines.filter(|line| line.starts_with("hint: ")) {
            hints.push('\n');
            hints.push_str(hint);
        }
        next = error.source();
    }
    text + &hints
}
