//! `exotrace trace`: where is this mail? Asks the service, by the running process if there is one.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::bail;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::Args;
use indicatif::HumanCount;

use super::{
    exit::{self, Usage, say},
    log, settings_file,
    table::TextTable,
    time_range::TimeRange,
};
use crate::{
    app::{settings::Config, start},
    control::{ControlError, ControlReply, Request, ask},
    ledger::Ledger,
    pipeline::{MOST_DELIVERIES, MOST_DETAILED, TraceAnswer, TraceQuery, TracedDelivery, trace_alone},
    support::{counted::counted, error_text::explain, shown, time_text::time},
};

/// Mail shows in the message trace some minutes after it was received, or later (host/docs/facts/ms-api.md, section 1.12).
const SETTLES: Duration = Duration::hours(1);

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace trace --recipient bob@contoso.com --since 2d\n  exotrace trace --sender *@fabrikam.com --status failed --json\n  exotrace trace --recipient bob@contoso.com --status failed --details"
)]
pub(super) struct TraceArguments {
    /// The settings file. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    /// Who was to get it: an address, or `*@` and a domain.
    #[arg(long, value_name = "ADDRESS")]
    recipient: Option<String>,
    /// Who sent it: an address, or `*@` and a domain; `<>` is a bounce.
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    /// Its header `Message-ID`, with or without angle brackets.
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// What became of it: `delivered`, `failed`, `pending`, `quarantined`, `filteredAsSpam`, `expanded`, `gettingStatus`.
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    range: TimeRange,
    /// The source to ask, when there are several.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Show the steps of each delivery and why it did not arrive: one request for each, of the newest 50 at most.
    #[arg(long)]
    details: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &TraceArguments) -> anyhow::Result<ExitCode> {
    let config = settings_file::load(&settings_file::named_or_default(arguments.config.as_deref()))?;
    log::start();
    let (from, to) = arguments.range.at(Utc::now());
    let query = TraceQuery {
        source: arguments.source.clone(),
        from,
        to,
        sender: arguments.sender.clone(),
        recipient: arguments.recipient.clone(),
        message_id: arguments.message_id.clone(),
        status: arguments.status.clone(),
        details: arguments.details,
    };
    let answer = answer(&config, query)?;
    let mut output = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut output, &answer)?;
        writeln!(output)?;
    } else {
        print(&answer, &mut output)?;
    }
    for gap in &answer.unread {
        say(&format!("warning: {} to {} could not be searched: {}", time(gap.start), time(gap.end), gap.reason));
    }
    Ok(if answer.unread.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::INCOMPLETE) })
}

fn answer(config: &Config, query: TraceQuery) -> anyhow::Result<TraceAnswer> {
    match ask(&config.state_dir, &Request::Trace(query.clone())) {
        Ok(ControlReply::Traced(answer)) => Ok(*answer),
        Ok(ControlReply::Unanswerable(why)) => Err(Usage(why).into()),
        Ok(ControlReply::Failed(why)) => bail!(why),
        Ok(_) => bail!("could not understand the running exotrace\nhint: it may be of another version"),
        // What a search costs counts in the ledger that processes share.
        Err(ControlError::NobodyThere(_)) if config.cluster.is_none() => {
            let ledger = Ledger::open(&config.state_dir)?;
            let sources = start::asked_sources(config);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let traced = runtime.block_on(trace_alone(ledger, config.dead_letter.clone(), &sources, query));
            traced.map_err(|error| match error.is_of_question() {
                true => Usage(explain(&error)).into(),
                false => error.into(),
            })
        }
        Err(error) => Err(error.into()),
    }
}

fn print(answer: &TraceAnswer, output: &mut impl Write) -> io::Result<()> {
    let TraceAnswer { source, tenant, from, to, deliveries, is_cut, .. } = answer;
    let asked = format!(
        "{} to {}, source `{source}`, tenant `{tenant}`, {}",
        time(*from),
        time(*to),
        counted(answer.requests.into(), "request", "requests")
    );
    if deliveries.is_empty() {
        writeln!(output, "no such mail: {asked}")?;
        return late(*to, output);
    }
    let mut table =
        TextTable::new(vec!["received", "status", "sender", "recipient", "subject", "size"], &[2, 3, 4], &[5]);
    deliveries.iter().for_each(|delivery| table.add(row(delivery)));
    table.print(output)?;
    writeln!(output, "\n{}: {asked}", counted(deliveries.len() as u64, "delivery", "deliveries"))?;
    deliveries.iter().try_for_each(|delivery| print_details(delivery, output))?;
    if deliveries.iter().any(|delivery| delivery.details.is_some()) && deliveries.len() > MOST_DETAILED {
        writeln!(output, "\nthe steps of the newest {MOST_DETAILED} are shown; each takes a request")?;
    }
    if *is_cut {
        let most = HumanCount(MOST_DELIVERIES as u64);
        writeln!(
            output,
            "there is more; these are the newest, {most} at most: ask for a shorter time, or for less mail"
        )?;
    }
    late(*to, output)
}

/// The steps of a delivery, if they were asked for.
fn print_details(delivery: &TracedDelivery, output: &mut impl Write) -> io::Result<()> {
    let Some(details) = &delivery.details else { return Ok(()) };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let [sender, recipient] =
        [&delivery.row.sender, &delivery.row.recipient].map(|address| shown::line(&text(address)).into_owned());
    writeln!(output, "\n{sender} to {recipient}: {}", shown::line(&details.cause))?;
    if details.steps.is_empty() {
        return Ok(());
    }
    let mut table = TextTable::new(vec!["at", "event", "action", "description", "server"], &[3], &[]);
    for step in &details.steps {
        let at = step.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
        table.add(vec![at, step.event.clone(), step.action.clone(), step.description.clone(), text(&step.server)]);
    }
    table.print(output)
}

/// Says that there may be mail that does not show yet.
fn late(to: DateTime<Utc>, output: &mut impl Write) -> io::Result<()> {
    if Utc::now() - to > SETTLES {
        return Ok(());
    }
    writeln!(output, "mail shows some minutes after it was received, and its status may change: ask again later")
}

fn row(TracedDelivery { row, statuses, .. }: &TracedDelivery) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let received = row.received.map(|received| received.to_rfc3339_opts(SecondsFormat::Secs, true));
    let size = row.size.map(|size| HumanCount(size).to_string()).unwrap_or_default();
    vec![
        received.unwrap_or_default(),
        statuses.join(" → "),
        text(&row.sender),
        text(&row.recipient),
        text(&row.subject),
        size,
    ]
}
