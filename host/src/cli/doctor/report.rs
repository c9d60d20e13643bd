//! What was looked at, as a person or a program reads it.

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use serde::Serialize;

use crate::error_text::chain;

/// What was looked at so far. A person sees every step as soon as it is done.
pub(super) struct Report {
    is_json: bool,
    /// What the steps belong to.
    part: Option<String>,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    /// The source or output that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    step: String,
    result: Verdict,
    detail: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Failed,
    Skipped,
}

impl Report {
    pub(super) fn text() -> Self {
        Self { is_json: false, part: None, steps: Vec::new() }
    }

    pub(super) fn json() -> Self {
        Self { is_json: true, ..Self::text() }
    }

    /// The steps that follow belong to this source or output.
    pub(super) fn begin(&mut self, part: String) -> io::Result<()> {
        if !self.is_json {
            writeln!(io::stdout(), "\n{part}")?;
        }
        self.part = Some(part);
        Ok(())
    }

    pub(super) fn ok(&mut self, step: &str, detail: &str) -> io::Result<()> {
        self.add(step, Verdict::Ok, detail, None)
    }

    pub(super) fn skipped(&mut self, step: &str, why: &str) -> io::Result<()> {
        self.add(step, Verdict::Skipped, why, None)
    }

    pub(super) fn failed(&mut self, step: &str, error: &dyn Error) -> io::Result<()> {
        self.failed_with(step, &chain(error))
    }

    /// A step failed for this reason, which may end with a hint.
    pub(super) fn failed_with(&mut self, step: &str, reason: &str) -> io::Result<()> {
        let (detail, hint) =
            reason.split_once("\nhint: ").map_or((reason, None), |(detail, hint)| (detail, Some(hint)));
        self.add(step, Verdict::Failed, detail, hint)
    }

    fn add(&mut self, step: &str, result: Verdict, detail: &str, hint: Option<&str>) -> io::Result<()> {
        let step = Step {
            part: self.part.clone(),
            step: step.to_owned(),
            result,
            detail: detail.to_owned(),
            hint: hint.map(str::to_owned),
        };
        if !self.is_json {
            write!(io::stdout(), "{}", step.as_text())?;
        }
        self.steps.push(step);
        Ok(())
    }

    /// Ends the report: 0 only if nothing failed and nothing was left out.
    pub(super) fn finish(&self) -> anyhow::Result<ExitCode> {
        let failed = self.steps.iter().filter(|step| step.result == Verdict::Failed).count();
        let mut output = io::stdout();
        if self.is_json {
            let report = serde_json::json!({ "ok": failed == 0, "steps": self.steps });
            writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
        } else if failed == 0 {
            writeln!(output, "\nall is well")?;
        } else {
            writeln!(output, "\n{failed} of {} steps failed", self.steps.len())?;
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Step {
    fn as_text(&self) -> String {
        let result = match self.result {
            Verdict::Ok => "ok",
            Verdict::Failed => "FAILED",
            Verdict::Skipped => "skipped",
        };
        let mut text = format!("  {result:<8}{:<20}{}\n", self.step, self.detail);
        if let Some(hint) = &self.hint {
            text += &format!("{:<30}hint: {hint}\n", "");
        }
        text
    }
}
