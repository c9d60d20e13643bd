//! What was looked at, as a person or a program reads it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use serde::Serialize;

use crate::{
    cli::{exit, paint::Paint},
    support::{
        finding::{Finding, Findings, Verdict},
        shown,
    },
};

/// What was looked at so far. A person sees every step as soon as it is done.
pub(super) struct Report {
    is_json: bool,
    paint: Paint,
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

impl Report {
    pub(super) fn text() -> Self {
        Self { is_json: false, paint: Paint::on_stdout(), part: None, steps: Vec::new() }
    }

    pub(super) fn json() -> Self {
        Self { is_json: true, ..Self::text() }
    }

    /// The steps that follow belong to this source or output.
    pub(super) fn begin(&mut self, part: String) -> io::Result<()> {
        if !self.is_json {
            writeln!(io::stdout(), "\n{}", self.paint.bold(&shown::line(&part)))?;
        }
        self.part = Some(part);
        Ok(())
    }

    pub(super) fn ok(&mut self, step: &str, detail: &str) -> io::Result<()> {
        self.add(Finding::ok(step, detail))
    }

    pub(super) fn add_all(&mut self, findings: Vec<Finding>) -> io::Result<()> {
        findings.into_iter().try_for_each(|finding| self.add(finding))
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.steps.iter().filter(|step| step.result == verdict).count()
    }

    /// Ends the report. `all is well` only if everything was asked, and every answer is good.
    pub(super) fn finish(&self) -> anyhow::Result<ExitCode> {
        let (failed, not_asked) = (self.count(Verdict::Failed), self.count(Verdict::NotAsked));
        let warnings = self.count(Verdict::Warning);
        let mut output = io::stdout();
        if self.is_json {
            let report = serde_json::json!({
                "ok": failed + not_asked == 0,
                "failed": failed, "warnings": warnings, "not_asked": not_asked,
                "steps": self.steps,
            });
            writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
        } else {
            writeln!(output, "\n{}", self.paint.verdict(self.worst(), &conclusion(failed, warnings, not_asked)))?;
        }
        Ok(match (failed, not_asked) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(exit::INCOMPLETE),
            _ => ExitCode::FAILURE,
        })
    }

    fn worst(&self) -> Verdict {
        let worse = [Verdict::Failed, Verdict::Warning, Verdict::NotAsked];
        worse.into_iter().find(|verdict| self.count(*verdict) > 0).unwrap_or(Verdict::Ok)
    }
}

impl Findings for Report {
    fn add(&mut self, Finding { step, verdict, detail, hint }: Finding) -> io::Result<()> {
        let step = Step { part: self.part.clone(), step, result: verdict, detail, hint };
        if !self.is_json {
            write!(io::stdout(), "{}", step.as_text(self.paint))?;
        }
        self.steps.push(step);
        Ok(())
    }
}

fn conclusion(failed: usize, warnings: usize, not_asked: usize) -> String {
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let parts = [
        counted(failed, "step failed", "steps failed"),
        counted(warnings, "warning", "warnings"),
        counted(not_asked, "step not asked", "steps not asked"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match (parts.is_empty(), failed) {
        (true, _) => "all is well".to_owned(),
        (false, 0) => format!("nothing failed, but {}", parts.join(", ")),
        (false, _) => parts.join(", "),
    }
}

impl Step {
    fn as_text(&self, paint: Paint) -> String {
        let result = match self.result {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
            Verdict::NotAsked => "not asked",
            Verdict::None => "none",
        };
        let result = paint.verdict(self.result, &format!("{result:<11}"));
        let mut text = format!("  {result}{:<20}{}\n", self.step, shown::lines(&self.detail));
        if let Some(hint) = &self.hint {
            text += &format!("{:<33}hint: {}\n", "", shown::lines(hint));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_well_only_when_all_was_asked() {
        assert_eq!(conclusion(0, 0, 0), "all is well");
        assert_eq!(conclusion(0, 0, 1), "nothing failed, but 1 step not asked");
        assert_eq!(conclusion(0, 2, 3), "nothing failed, but 2 warnings, 3 steps not asked");
        assert_eq!(conclusion(1, 1, 0), "1 step failed, 1 warning");
    }
}
