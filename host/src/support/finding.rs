//! What an examination found: one step, how it went, and what to do.

use std::io;

use serde::Serialize;

use crate::support::error_text::explain;

/// One step of an examination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at.
    pub step: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen, for people.
    pub detail: String,
    /// What to do, when there is something to do.
    pub hint: Option<String>,
}

/// How a step went. Only what was asked and answered is `Ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It was asked, and the answer is good.
    Ok,
    /// It works, but not as people probably want it.
    Warning,
    /// It does not work.
    Failed,
    /// It was not asked, so nobody knows.
    NotAsked,
    /// The settings have nothing of the kind.
    None,
}

/// Takes findings, one after the other, as soon as there is one.
pub(crate) trait Findings: Send {
    /// Takes a finding.
    ///
    /// # Errors
    ///
    /// When it cannot be shown.
    fn add(&mut self, finding: Finding) -> io::Result<()>;
}

impl Finding {
    fn new(step: &str, verdict: Verdict, text: &str) -> Self {
        let (detail, hint) = text.split_once("\nhint: ").map_or((text, None), |(detail, hint)| (detail, Some(hint)));
        let hint = hint.map(|hint| hint.replace("\nhint: ", "; "));
        Self { step: step.to_owned(), verdict, detail: detail.to_owned(), hint }
    }

    /// It was asked, and the answer is good.
    pub(crate) fn ok(step: &str, detail: &str) -> Self {
        Self::new(step, Verdict::Ok, detail)
    }

    /// It works, but not as people probably want it; the text may end with a `hint:` line.
    pub(crate) fn warning(step: &str, text: &str) -> Self {
        Self::new(step, Verdict::Warning, text)
    }

    /// It does not work; the text may end with a `hint:` line.
    pub(crate) fn failed(step: &str, text: &str) -> Self {
        Self::new(step, Verdict::Failed, text)
    }

    /// It does not work, for this reason.
    pub(crate) fn error(step: &str, error: &dyn std::error::Error) -> Self {
        Self::failed(step, &explain(error))
    }

    /// It was not asked, for this reason; the text may end with a `hint:` line.
    pub(crate) fn not_asked(step: &str, text: &str) -> Self {
        Self::new(step, Verdict::NotAsked, text)
    }

    /// The settings have nothing of the kind.
    pub(crate) fn none(step: &str, detail: &str) -> Self {
        Self::new(step, Verdict::None, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_taken_from_the_text() {
        let finding = Finding::failed("step", "detail\nhint: do this\nhint: or that");
        assert_eq!((finding.detail.as_str(), finding.hint.as_deref()), ("detail", Some("do this; or that")));
        assert_eq!(Finding::ok("step", "detail").hint, None);
    }
}
