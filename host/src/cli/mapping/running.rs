//! The commands that talk to the running process.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::for_cluster;
use crate::{
    cli::settings_file::{self, named_or_default},
    control::{ControlError, ControlReply, Request, ask},
    deployment::{
        Allowed, DeploymentStatus, Event, MappingRef, RefusedMapping, SwapPurpose, TrialMode, TrialStatus, history_in,
    },
    mapper::built_in,
    support::{counted::counted, shown},
};

#[derive(Subcommand)]
pub(in crate::cli) enum RunningCommand {
    /// Replace the mapping of the running process, or try another one beside it.
    #[command(
        after_help = "Examples:\n  exotrace mapping replace 2.2 --config exotrace.toml\n  exotrace mapping replace ./mapping.wasm --shadow 10\n  exotrace mapping replace 2.2 --cluster --config exotrace.toml"
    )]
    Replace {
        /// A mapping version, built in or in the folder `mappings` of `state_dir`, or a component file.
        #[arg(value_name = "VERSION or FILE.wasm")]
        mapping: String,
        /// Only compare it with the current mapping, on this share of the records, in percent.
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100), conflicts_with = "canary")]
        shadow: Option<u8>,
        /// Let it map this share of the deliveries, in percent.
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
        canary: Option<u8>,
        /// Accept it even if it gives recent records another `_id`: a store then has duplicates of records that are read again.
        #[arg(long)]
        accept_new_ids: bool,
        /// Accept it even if its documents follow another schema, such as OCSF in place of ECS.
        #[arg(long)]
        accept_new_schema: bool,
        /// Accept it even if it is slower or fails more often on recent records.
        #[arg(long)]
        force: bool,
        /// Replace it in every process of the cluster of the settings, also in those that start later.
        #[arg(long, conflicts_with_all = ["shadow", "canary", "state_dir"])]
        cluster: bool,
        #[command(flatten)]
        process: ProcessArguments,
    },
    /// Show the mapping of the running process, and its statistics.
    #[command(after_help = "Examples:\n  exotrace mapping status --config exotrace.toml")]
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        process: ProcessArguments,
    },
    /// Show the history of the mapping, also when no process runs.
    #[command(after_help = "Examples:\n  exotrace mapping history --config exotrace.toml")]
    History {
        /// Print JSON, an event a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        process: ProcessArguments,
    },
    /// Put the mapping on trial into use.
    #[command(after_help = "Examples:\n  exotrace mapping promote --config exotrace.toml")]
    Promote {
        /// Accept it even if it gave records of the trial another `_id`.
        #[arg(long)]
        accept_new_ids: bool,
        /// Accept it even if its documents follow another schema.
        #[arg(long)]
        accept_new_schema: bool,
        #[command(flatten)]
        process: ProcessArguments,
    },
    /// End the trial.
    #[command(after_help = "Examples:\n  exotrace mapping withdraw --config exotrace.toml")]
    Withdraw(ProcessArguments),
    /// Go back to the mapping before.
    #[command(
        after_help = "Examples:\n  exotrace mapping rollback --config exotrace.toml\n  exotrace mapping rollback --cluster --config exotrace.toml"
    )]
    Rollback {
        /// Go back in every process of the cluster of the settings.
        #[arg(long, conflicts_with = "state_dir")]
        cluster: bool,
        #[command(flatten)]
        process: ProcessArguments,
    },
    /// Block replacements of the current mapping until `unpin`.
    #[command(after_help = "Examples:\n  exotrace mapping pin --config exotrace.toml")]
    Pin(ProcessArguments),
    /// Allow replacements of the mapping again.
    #[command(after_help = "Examples:\n  exotrace mapping unpin --config exotrace.toml")]
    Unpin(ProcessArguments),
}

/// Which process.
#[derive(Args)]
#[group(multiple = false)]
pub(in crate::cli) struct ProcessArguments {
    /// The settings file of the process. Default: as for `run`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The state folder of the process.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl ProcessArguments {
    fn ask(&self, request: &Request) -> anyhow::Result<ControlReply> {
        Ok(ask(&self.state_dir()?, request)?)
    }

    /// What happened: from the process, or from what the last one left.
    fn history(&self) -> anyhow::Result<Vec<Event>> {
        let state_dir = self.state_dir()?;
        match ask(&state_dir, &Request::History) {
            Ok(ControlReply::History(events)) => Ok(events),
            Ok(other) => Err(unexpected(other)),
            Err(error @ ControlError::NobodyThere(_)) => {
                let events = history_in(&state_dir);
                if events.is_empty() { Err(error.into()) } else { Ok(events) }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn state_dir(&self) -> anyhow::Result<PathBuf> {
        let state_dir = match (&self.state_dir, &self.config) {
            (Some(state_dir), _) => state_dir.clone(),
            (None, config) => settings_file::load(&named_or_default(config.as_deref()))?.state_dir,
        };
        Ok(state_dir)
    }
}

pub(in crate::cli) fn run(command: &RunningCommand) -> anyhow::Result<ExitCode> {
    let answer = match command {
        RunningCommand::Replace {
            mapping,
            shadow,
            canary,
            accept_new_ids,
            accept_new_schema,
            force,
            cluster,
            process,
        } => {
            let purpose = match (shadow, canary) {
                (Some(percent), _) => SwapPurpose::Try(TrialMode::Shadow, *percent),
                (None, Some(percent)) => SwapPurpose::Try(TrialMode::Canary, *percent),
                (None, None) => SwapPurpose::Replace,
            };
            let (new_ids, new_schema, worse) = (*accept_new_ids, *accept_new_schema, *force);
            let allowed = Allowed { new_ids, new_schema, worse };
            let mapping = mapping_ref(mapping)?;
            if *cluster {
                return print(&for_cluster::replace(process.config.as_deref(), &mapping, allowed)?);
            }
            process.ask(&Request::Put { mapping, purpose, allowed })?
        }
        RunningCommand::Status { json, process } => return show_status(process.ask(&Request::Status)?, *json),
        RunningCommand::History { json, process } => return show_history(&process.history()?, *json),
        RunningCommand::Promote { accept_new_ids, accept_new_schema, process } => {
            let (new_ids, new_schema) = (*accept_new_ids, *accept_new_schema);
            process.ask(&Request::Promote(Allowed { new_ids, new_schema, worse: true }))?
        }
        RunningCommand::Withdraw(process) => process.ask(&Request::Withdraw)?,
        RunningCommand::Rollback { cluster: true, process } => {
            return print(&for_cluster::roll_back(process.config.as_deref())?);
        }
        RunningCommand::Rollback { process, .. } => process.ask(&Request::RollBack)?,
        RunningCommand::Pin(process) => process.ask(&Request::Pin)?,
        RunningCommand::Unpin(process) => process.ask(&Request::Unpin)?,
    };
    match answer {
        ControlReply::Done(done) => print(&done),
        other => Err(unexpected(other)),
    }
}

/// The running process has another working folder, so a file is named in full.
fn mapping_ref(mapping: &str) -> anyhow::Result<MappingRef> {
    if built_in(mapping).is_some() || !(mapping.contains('/') || mapping.ends_with(".wasm")) {
        return Ok(MappingRef::Version(mapping.to_owned()));
    }
    Ok(MappingRef::Path(std::path::absolute(Path::new(mapping))?))
}

fn show_status(answer: ControlReply, json: bool) -> anyhow::Result<ExitCode> {
    match answer {
        ControlReply::Status(status) if json => print(&serde_json::to_string_pretty(&status)?),
        ControlReply::Status(status) => print(&status_text(&status)),
        other => Err(unexpected(other)),
    }
}

fn show_history(events: &[Event], json: bool) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    for event in events {
        lines.push(if json { serde_json::to_string(event)? } else { event.explain() });
    }
    print(&lines.join("\n"))
}

fn unexpected(answer: ControlReply) -> anyhow::Error {
    match answer {
        ControlReply::Failed(reason) => anyhow::anyhow!("{reason}"),
        _ => anyhow::anyhow!("could not understand the running exotrace\nhint: it may be of another version"),
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stdout(), "{}", shown::lines(text))?;
    Ok(ExitCode::SUCCESS)
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn status_text(status: &DeploymentStatus) -> String {
    let stats = &status.stats;
    let mut lines = vec![
        format!("mapping   {} ({})", status.mapping, short(&status.digest)),
        format!(
            "records   {}, {} mapped in part, {} rejected, {}",
            stats.records,
            stats.failed,
            stats.rejected,
            counted(stats.faults, "fault", "faults")
        ),
    ];
    if status.is_pinned {
        lines.push("pinned    nothing replaces it".to_owned());
    }
    if status.is_overridden {
        lines.push("chosen    in place of the mapping that the settings name, until those change".to_owned());
    }
    if let Some(before) = &status.probation {
        let digest = short(&before.digest);
        lines.push(format!("before    {} ({digest}), kept for {} s", before.mapping, before.seconds_left));
    }
    if let Some(trial) = &status.trial {
        trial_lines(trial, &mut lines);
    }
    if let Some(RefusedMapping { mapping, digest, by, reason }) = &status.last_refused {
        let reason = reason.replace('\n', "\n          ");
        lines.push(format!("refused   {mapping} ({}) by {by}: {reason}", short(digest)));
    }
    let DeploymentStatus { replaced, refused, rolled_back, .. } = status;
    lines.push(format!("changes   {replaced} replaced, {refused} refused, {rolled_back} taken back"));
    lines.join("\n")
}

fn trial_lines(trial: &TrialStatus, lines: &mut Vec<String>) {
    let mode = match trial.mode {
        TrialMode::Shadow => "in the shadow, compared on",
        TrialMode::Canary => "as a canary, with",
    };
    lines.push(format!("on trial  {} ({}) {mode} {} %", trial.mapping, short(&trial.digest), trial.percent));
    let count = |value: &Value, name: &str| value[name].as_u64().unwrap_or_default();
    let differences = &trial.differences;
    let (records, different) = (count(differences, "records"), count(differences, "different"));
    let ids = count(differences, "different_ids");
    let (compared, differ) = (counted(records, "record", "records"), if different == 1 { "differs" } else { "differ" });
    lines.push(format!("compared  {compared}, {different} {differ}, {ids} in their id"));
    if let Some(change) = differences["schema_change"].as_str() {
        lines.push(format!("          schema {change}: outcomes and ids are compared, and no fields"));
    }
    for (outcome, times) in differences["outcomes"].as_object().into_iter().flatten() {
        lines.push(format!("          {outcome}: {times}"));
    }
    if let Some(fields) = differences["fields"].as_object().filter(|fields| !fields.is_empty()) {
        let width = fields.keys().map(|name| name.chars().count()).max().unwrap_or_default().max(5);
        lines.push(format!("          {:<width$} {:>7} {:>7} {:>7}  example", "field", "added", "removed", "changed"));
        for (field, found) in fields {
            let [added, removed, changed] = ["added", "removed", "changed"].map(|name| match count(found, name) {
                0 => "-".to_owned(),
                count => count.to_string(),
            });
            let example = &found["examples"][0];
            let [before, after] = ["before", "after"].map(|side| example[side].as_str().unwrap_or_default());
            let example = format!("{before} -> {after}");
            lines.push(format!("          {field:<width$} {added:>7} {removed:>7} {changed:>7}  {}", example.trim()));
        }
    }
}
