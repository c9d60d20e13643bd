//! What happens, step by step, for people at a terminal.

use std::{
    fs,
    io::{self, Write as _},
    time::Instant,
};

use console::Term;
use indicatif::HumanCount;
use serde_json::Value;

use super::{bars::bars, document, stage::DemoStage};
use crate::{cli::paint::Paint, support::counted::counted};

/// The widest that anything is drawn: wider lines are hard to read.
const WIDEST: usize = 120;

/// The narrowest that anything is drawn for.
const NARROWEST: usize = 40;

/// The file that documents go to.
const DOCUMENTS: &str = "documents.ndjson";

/// Collects from a tenant with this many rows, and explains each step.
pub(super) fn tell(rows: usize) -> anyhow::Result<()> {
    let (_, columns) = Term::stdout().size();
    let mut story =
        Story { columns: usize::from(columns).clamp(NARROWEST, WIDEST), paint: Paint::on_stdout(), number: 0 };
    story.heading("exotrace collects the message trace of a simulated tenant, as from a real one.")?;
    story.line("")?;
    let documents = story.collect(rows)?;
    if let Some(document) = typical(&documents) {
        story.line("")?;
        story.heading("One of the documents")?;
        for line in document::lines(document, story.columns, story.paint) {
            story.line(&line)?;
        }
    }
    for (title, pointer, otherwise) in [
        ("Documents by direction", "/email/direction", "unknown"),
        ("Documents by outcome", "/event/outcome", "unknown"),
        ("Documents by country of the sender", "/source/geo/country_name", "inside, or unknown"),
    ] {
        let value =
            |document: &Value| document.pointer(pointer).and_then(Value::as_str).unwrap_or(otherwise).to_owned();
        story.line("")?;
        for line in bars(title, documents.iter().map(value), story.columns, story.paint) {
            story.line(&line)?;
        }
    }
    story.line("")?;
    story.heading("What to do next")?;
    for (command, about) in NEXT {
        story.line(&format!("  {}", story.paint.string(command)))?;
        story.line(&format!("      {about}"))?;
    }
    Ok(())
}

/// The commands that people run next.
const NEXT: [(&str, &str); 3] = [
    ("exotrace init", "writes a settings file for your own tenant"),
    ("exotrace simulate --write-settings FILE", "lets you try the daemon on this tenant"),
    ("exotrace demo --json", "prints the documents alone"),
];

struct Story {
    columns: usize,
    paint: Paint,
    number: usize,
}

impl Story {
    fn line(&self, text: &str) -> io::Result<()> {
        writeln!(io::stdout(), "{text}")
    }

    fn heading(&self, text: &str) -> io::Result<()> {
        wrapped(text, self.columns).iter().try_for_each(|line| self.line(&self.paint.bold(line)))
    }

    /// Tells a step that is done. A narrow terminal has the details on lines of their own.
    fn step(&mut self, title: &str, detail: &str) -> io::Result<()> {
        self.number += 1;
        let beginning = format!("{}. {title}", self.number);
        let room = self.columns.saturating_sub(STEP_COLUMNS);
        let detail = wrapped(detail, room.max(NARROWEST / 2));
        let mut left = self.paint.bold(&format!("{beginning:STEP_COLUMNS$}"));
        for line in detail {
            self.line(&format!("{left}{line}"))?;
            left = " ".repeat(STEP_COLUMNS);
        }
        Ok(())
    }

    /// Collects twice; the documents of both times.
    fn collect(&mut self, rows: usize) -> anyhow::Result<Vec<Value>> {
        let output = format!("type = \"file\"\npath = \"{DOCUMENTS}\"");
        let stage = DemoStage::new(rows)?;
        let domain = &stage.tenant.domain;
        let rows = counted(rows as u64, "row", "rows");
        self.step("Tenant", &format!("{domain} has {rows} of mail in the last hour, at {}", stage.url))?;
        let ready = stage.ready(&output)?;
        let mapping = ready.deployment.status().mapping;
        let sandbox = "a WebAssembly component that can do nothing but look up geo data";
        self.step("Mapping", &format!("version {mapping} is loaded, {sandbox}"))?;
        let began = Instant::now();
        let summary = stage.collect(ready)?;
        let took = began.elapsed().as_secs_f64();
        self.step("Sign-in", "an access token, with the secret of the app registration (OAuth 2.0)")?;
        let pages = counted(summary.pages, "page", "pages");
        let rows = counted(summary.rows, "row", "rows");
        self.step("Collect", &format!("{pages} over HTTP, {rows} in all"))?;
        let documents = counted(summary.documents, "document", "documents");
        self.step(
            "Deliver",
            &format!("{documents} to a file, {took:.1} s after the start; the ledger notes each page"),
        )?;
        let again = stage.collect(stage.ready(&output)?)?;
        let detail = format!(
            "{} are read a second time, {} are delivered: the ledger knows the others",
            counted(again.rows, "row", "rows"),
            HumanCount(again.documents)
        );
        self.step("Once", &detail)?;
        let text = fs::read_to_string(stage.path(DOCUMENTS))?;
        Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

/// Where the details of a step begin.
const STEP_COLUMNS: usize = 14;

/// A text as lines of at most this many columns, as far as words allow.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A document that shows most: delivered mail from outside whose place is known, if there is any.
fn typical(documents: &[Value]) -> Option<&Value> {
    let is_from_outside = |document: &&Value| document["email"]["direction"] == "inbound";
    let is_rich = |document: &&Value| {
        is_from_outside(document)
            && document["source"]["geo"]["city_name"].is_string()
            && document["event"]["outcome"] == "success"
    };
    documents.iter().find(is_rich).or(documents.iter().find(is_from_outside)).or(documents.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a-very-long-word b", 5), ["a-very-long-word", "b"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
