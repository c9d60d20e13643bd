//! `exotrace audit`: is everything there? By the running process if there is one.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::bail;
use chrono::Utc;
use clap::Args;
use indicatif::HumanCount;

use super::{
    exit::{Usage, say},
    past_bar::PastBar,
    settings_file,
    table::TextTable,
    time_range::PastRange,
};
use crate::{
    app::{settings::Config, start},
    control::{ControlError, ControlReply, Request, ask},
    ledger::{AUDIT, AuditCounts, AuditHour},
    pipeline::{Audit, Statement, audit_alone},
    support::{counted::counted, error_text::explain, time_text::time},
};

/// Not everything is there.
const INCOMPLETE: u8 = 1;

/// Maximum number of hours shown in full; of more, only those in which something is not as it should be.
const ALL_HOURS: usize = 72;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace audit --from 3days --to now --against siem\n  exotrace audit --from 2026-03-01 --to 2026-03-04 --against siem --repair --json"
)]
pub(super) struct AuditArguments {
    /// The settings file. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    range: PastRange,
    /// Compare with what this output has, and not with what the ledger knows.
    #[arg(long, value_name = "OUTPUT")]
    against: Option<String>,
    /// Deliver what is missing.
    #[arg(long)]
    repair: bool,
    /// Print a statement as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &AuditArguments) -> anyhow::Result<ExitCode> {
    let config = settings_file::load(&settings_file::named_or_default(arguments.config.as_deref()))?;
    let (from, to) = arguments.range.at(Utc::now());
    let wanted = Audit {
        source: arguments.range.source.clone(),
        from,
        to,
        against: arguments.against.clone(),
        is_repair: arguments.repair,
    };
    let bar = PastBar::show(&config, AUDIT, arguments.range.source.as_deref());
    let statement = audit(&config, wanted);
    drop(bar);
    let statement = statement?;
    let mut output = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut output, &statement)?;
        writeln!(output)?;
    } else {
        print(&statement, &mut output)?;
    }
    warn(&statement);
    Ok(if statement.is_complete { ExitCode::SUCCESS } else { ExitCode::from(INCOMPLETE) })
}

fn audit(config: &Config, wanted: Audit) -> anyhow::Result<Statement> {
    match ask(&config.state_dir, &Request::Audit(wanted.clone())) {
        Ok(ControlReply::Audited(statement)) => Ok(*statement),
        Ok(ControlReply::Unanswerable(why)) => Err(Usage(why).into()),
        Ok(ControlReply::Failed(why)) => bail!(why),
        Ok(_) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
        Err(ControlError::NobodyThere(_)) if config.cluster.is_none() => {
            let stages = start::stages(config, start::geo(config)?)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(audit_alone(stages, &wanted)).map_err(|error| match error.is_of_question() {
                true => Usage(explain(&error)).into(),
                false => error.into(),
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// Says what keeps the audit from being complete, and the way out.
fn warn(statement: &Statement) {
    for gap in &statement.unread {
        say(&format!("warning: {} to {} could not be read: {}", time(gap.start), time(gap.end), gap.reason));
    }
    let counts = statement.counts;
    if counts.unknown > 0 {
        let rows = counted(counts.unknown, "row is", "rows are");
        say(&format!(
            "warning: {rows} older than what the ledger knows\nhint: `--against OUTPUT` asks an output of type \
             `elasticsearch`; `additional_look_back` lets the ledger know more"
        ));
    }
    if counts.missing + counts.changed > 0 && !statement.is_repair {
        say("hint: `--repair` delivers what is missing or has changed");
    }
    if statement.dead_letters > 0 {
        let letters = counted(statement.dead_letters, "dead letter", "dead letters");
        say(&format!("warning: {letters}: `exotrace replay --list` shows why"));
    }
}

fn print(statement: &Statement, output: &mut impl Write) -> io::Result<()> {
    let Statement { source, tenant, from, to, against, counts, hours, .. } = statement;
    let is_open = |hour: &&AuditHour| hour.counts.open() + hour.counts.repaired + hour.counts.only_in_store > 0;
    let shown: Vec<_> =
        if hours.len() <= ALL_HOURS { hours.iter().collect() } else { hours.iter().filter(is_open).collect() };
    let heads = vec![
        "hour",
        "in the service",
        "delivered",
        "missing",
        "changed",
        "unknown",
        "repaired",
        "left out",
        "only in the store",
    ];
    let mut table = TextTable::new(heads, &[], &[1, 2, 3, 4, 5, 6, 7, 8]);
    for AuditHour { hour, counts } in &shown {
        table.add(row(hour.format("%Y-%m-%dT%H:00Z").to_string(), counts));
    }
    table.add(row("all".to_owned(), counts));
    table.print(output)?;
    if shown.len() < hours.len() {
        writeln!(
            output,
            "{} of {} hours differ; the others are left out",
            shown.len(),
            HumanCount(hours.len() as u64)
        )?;
    }
    let with = against.as_ref().map_or("the ledger".to_owned(), |name| format!("output `{name}`"));
    let verdict = if statement.is_complete { "complete" } else { "not complete" };
    writeln!(
        output,
        "\n{verdict}: {} to {}, source `{source}`, tenant `{tenant}`, compared with {with}",
        time(*from),
        time(*to)
    )?;
    writeln!(output, "SHA-256 of the sorted ids: {}", statement.digest)?;
    if let Some(why) = &statement.only_in_store_unknown {
        writeln!(output, "what only the store has is not counted: {why}")?;
    }
    for gap in &statement.gaps {
        let state = if gap.is_closed { "closed, since all of it is there" } else { "open" };
        writeln!(output, "gap {} to {}: {state}: {}", time(gap.gap.start), time(gap.gap.end), gap.gap.reason)?;
    }
    Ok(())
}

fn row(name: String, counts: &AuditCounts) -> Vec<String> {
    let AuditCounts { in_service, delivered, missing, changed, unknown, repaired, left_out, only_in_store } = *counts;
    let numbers = [in_service, delivered, missing, changed, unknown, repaired, left_out, only_in_store];
    [name].into_iter().chain(numbers.map(|number| HumanCount(number).to_string())).collect()
}
