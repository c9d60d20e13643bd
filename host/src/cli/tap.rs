//! `exotrace tap`: documents of the running process, as they pass.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;
use chrono::Utc;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{
    exit::{self, Usage, say},
    log,
    settings_file::SettingsFile,
};
use crate::{
    app::settings::{Config, SourceConfig},
    control::{ControlError, ControlReply, TapConnection, TapMessage, TapStart, TappedDocument, open_tap},
    support::counted::counted,
};

mod field_filter;
mod print;
mod reader_watch;

use field_filter::FieldFilter;
use print::TapPrinter;
use reader_watch::ReaderWatch;

/// How long a process that has ended the conversation may take to be there again: it may have reloaded its settings.
const RELOAD: Duration = Duration::from_secs(2);

/// How often it is looked for then.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace tap --config exotrace.toml\n  exotrace tap --where event.outcome=failure --count 10 exotrace.toml\n  exotrace tap --where email.to.address=*@contoso.com --show-values --json"
)]
pub(super) struct TapArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Only documents of this source; may be given several times.
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only documents that have this: `FIELD=VALUE`, `FIELD!=VALUE`, or `FIELD` with any value. A field is a dotted name
    /// or a JSON pointer; `*` in a value stands for anything. Several have to hold at once.
    #[arg(long = "where", value_name = "CONDITION", value_parser = FieldFilter::parse)]
    conditions: Vec<FieldFilter>,
    /// Only documents of records that were mapped in full, or of those that were not.
    #[arg(long, value_enum)]
    outcome: Option<TapOutcome>,
    /// Only the document with this `_id`.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// End after this many documents.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Show the values, which are personal data, and not only what they look like.
    #[arg(long)]
    show_values: bool,
    /// Print JSON, a document a line.
    #[arg(long)]
    json: bool,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TapOutcome {
    /// It was mapped in full.
    Mapped,
    /// Its document says what is wrong.
    Failed,
}

pub(super) fn run(arguments: &TapArguments) -> anyhow::Result<ExitCode> {
    let config = arguments.settings.load()?;
    check_sources(&config, &arguments.source)?;
    let (start, connection) = match open_tap(&config.state_dir, &arguments.source)? {
        Ok(begun) => begun,
        Err(ControlReply::Failed(why)) => bail!(why),
        Err(_) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
    };
    tell_start(arguments, &start);
    let printer = TapPrinter::new(arguments.show_values, arguments.json);
    let mut session = TapSession { arguments, printer, reader: ReaderWatch::start(), seen: 0, shown: 0, left_out: 0 };
    let mut connection = Some(connection);
    let mut end = TapEnd::Process;
    while let Some(current) = connection {
        end = session.follow(current)?;
        connection = if end == TapEnd::Process { again(&config, &arguments.source)? } else { None };
    }
    session.tell_end(end);
    let is_complete = arguments.count.is_none_or(|count| session.shown >= count) || end == TapEnd::Reader;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

/// Names that the settings do not have would never be seen.
fn check_sources(config: &Config, wanted: &[String]) -> anyhow::Result<()> {
    let names: Vec<_> = config.sources.iter().map(SourceConfig::name).collect();
    match wanted.iter().find(|wanted| !names.contains(&wanted.as_str())) {
        Some(unknown) => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            Err(Usage(format!("there is no source `{unknown}`\nhint: there is {}", names.join(", "))).into())
        }
        None => Ok(()),
    }
}

fn tell_start(arguments: &TapArguments, start: &TapStart) {
    if log::is_quiet() {
        return;
    }
    if let Some(privacy) = &start.privacy {
        say(&format!("people are hidden in the documents already: {privacy}"));
    }
    if !arguments.show_values {
        say("values are masked; `--show-values` shows them");
    }
}

/// The process once more, when it has only reloaded its settings.
fn again(config: &Config, sources: &[String]) -> anyhow::Result<Option<TapConnection>> {
    let began = Instant::now();
    while began.elapsed() < RELOAD {
        match open_tap(&config.state_dir, sources) {
            Ok(Ok((_, connection))) => return Ok(Some(connection)),
            Ok(Err(_)) | Err(ControlError::NobodyThere(_) | ControlError::Broken(_)) => thread::sleep(LOOK),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Why nothing more is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TapEnd {
    /// As many were shown as were wanted.
    Count,
    /// The process has ended.
    Process,
    /// The reader of standard output has gone.
    Reader,
}

/// What is shown, and what was.
struct TapSession<'a> {
    arguments: &'a TapArguments,
    printer: TapPrinter,
    reader: ReaderWatch,
    seen: u64,
    shown: u64,
    left_out: u64,
}

impl TapSession<'_> {
    /// Shows what passes until something ends it.
    fn follow(&mut self, mut connection: TapConnection) -> anyhow::Result<TapEnd> {
        self.reader.ends(connection.stream()?);
        loop {
            match connection.next()? {
                None if self.reader.is_gone() => return Ok(TapEnd::Reader),
                None => return Ok(TapEnd::Process),
                Some(TapMessage::LeftOut(count)) => {
                    self.left_out += count;
                    if !log::is_quiet() {
                        let documents = counted(count, "document", "documents");
                        say(&format!("warning: {documents} left out: more than could be shown"));
                    }
                }
                Some(TapMessage::Document(document)) => {
                    self.show(&document)?;
                    if self.arguments.count.is_some_and(|count| self.shown >= count) {
                        return Ok(TapEnd::Count);
                    }
                }
            }
        }
    }

    fn show(&mut self, tapped: &TappedDocument) -> anyhow::Result<()> {
        self.seen += 1;
        let arguments = self.arguments;
        let is_wanted = arguments.id.as_ref().is_none_or(|id| *id == tapped.id)
            && arguments.outcome.is_none_or(|outcome| (outcome == TapOutcome::Failed) == tapped.has_failed);
        if !is_wanted {
            return Ok(());
        }
        // A mapping may write what is no JSON.
        let document = serde_json::from_str(&tapped.text).unwrap_or_else(|_| Value::String(tapped.text.clone()));
        if !arguments.conditions.iter().all(|condition| condition.holds(&document)) {
            return Ok(());
        }
        let mut output = io::stdout().lock();
        self.printer.print(tapped, &document, Utc::now(), &mut output)?;
        output.flush()?;
        self.shown += 1;
        Ok(())
    }

    fn tell_end(&self, end: TapEnd) {
        if log::is_quiet() {
            return;
        }
        let mut text = format!("{} shown", counted(self.shown, "document", "documents"));
        let others = self.seen - self.shown;
        if others > 0 {
            text += &format!(", {} did not match", counted(others, "other", "others"));
        }
        if self.left_out > 0 {
            text += &format!(", {} left out", counted(self.left_out, "more", "more"));
        }
        let ended = if end == TapEnd::Process { "exotrace has ended; " } else { "" };
        say(&format!("{ended}{text}"));
    }
}
