//! Gathers all that is known.

use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::{
    report::{ArchiveReport, ClusterReport, OutputReport, ReplayReport, SourceReport, StatusReport},
    trouble,
};
use crate::{
    app::{
        ledgers::Ledgers,
        privacy::PrivacyInUse,
        settings::{ArchiveConfig, Config, SourceConfig},
        start::dead_letters_of_partitions,
    },
    control::{About, ControlError, about},
    ledger::{Ledger, LedgerError, REMAP},
    observe::health::Part,
    pipeline::{
        ArchiveSize,
        dead_letter::{Overview, claimed_path},
    },
};

/// So much of the dead letters is read, in bytes: a person waits.
const MAX_LETTER_BYTES: u64 = 64 * 1024 * 1024;

/// What is known now; `refused` is what is wrong with files that the settings name.
pub(super) fn gather(config: &Config, refused: Option<String>, now: DateTime<Utc>) -> anyhow::Result<StatusReport> {
    let (is_running, process) = running(&config.state_dir);
    let held = process.as_ref().and_then(|process| process.partitions.clone()).unwrap_or_default();
    let ledgers = Ledgers::open(config, &held, Ledger::open_to_read)?;
    let ledger = ledgers.own();
    let mut sources = Vec::new();
    for source in config.sources.iter().filter(|source| is_here(config, source, process.as_ref())) {
        sources.push(self::source(source, &ledgers, process.as_ref(), now)?);
    }
    let cluster = config.cluster.as_ref().map(|cluster| ClusterReport {
        group: cluster.group.clone(),
        partitions: held,
        elsewhere: config.sources.len() - sources.len(),
    });
    let is_replaying = process.as_ref().is_some_and(|process| process.is_replaying);
    let left = letters(&claimed_path(&config.dead_letter))?;
    let mut report = StatusReport {
        at: now,
        is_running,
        refused_settings: refused,
        privacy: PrivacyInUse::of(config),
        last_run: ledger.map(Ledger::last_run).transpose()?.flatten(),
        needs_person: false,
        trouble: Vec::new(),
        state_dir: config.state_dir.clone(),
        has_ledger: ledger.is_some(),
        cluster,
        sources,
        outputs: outputs(config, &ledgers, process.as_ref())?,
        dead_letters: letters(&config.dead_letter)?,
        partition_dead_letters: partition_letters(config)?,
        replay: ReplayReport { is_under_way: is_replaying, left },
        archive: config.archive.as_ref().map(|it| archive(it, ledger, process.as_ref())).transpose()?,
        process,
    };
    report.trouble = trouble::of(&report);
    report.needs_person = !report.trouble.is_empty();
    Ok(report)
}

/// Whether this process collects a source; without a cluster it collects all.
fn is_here(config: &Config, source: &SourceConfig, process: Option<&About>) -> bool {
    let mut parts = process.iter().flat_map(|process| &process.parts);
    config.cluster.is_none() || parts.any(|part| part.part == Part::Source && part.name == source.name())
}

/// What waits in the files of partitions, and what a replay has left of them.
fn partition_letters(config: &Config) -> anyhow::Result<Vec<Overview>> {
    let mut found = Vec::new();
    if config.cluster.is_some() {
        for file in dead_letters_of_partitions(&config.state_dir, &config.dead_letter) {
            found.extend(letters(&claimed_path(&file))?);
            found.extend(letters(&file)?);
        }
    }
    Ok(found)
}

fn source(
    config: &SourceConfig,
    ledgers: &Ledgers,
    process: Option<&About>,
    now: DateTime<Utc>,
) -> Result<SourceReport, LedgerError> {
    let ledger_name = config.settings.ledger_name();
    let ledger = ledgers.of_source(&ledger_name)?;
    let parts = process.iter().flat_map(|process| &process.parts);
    let part = parts.filter(|part| part.part == Part::Source).find(|part| part.name == config.name());
    let status = ledger.map(|ledger| ledger.status(&ledger_name)).transpose()?.flatten();
    Ok(SourceReport {
        r#type: config.kind(),
        name: config.name().to_owned(),
        state: part.map(|part| part.state),
        place: config.settings.state(ledger, status.as_ref(), now)?,
        status,
        ledger_name,
    })
}

/// Whether a process has this `state_dir`, and what it says of itself.
fn running(state_dir: &Path) -> (bool, Option<About>) {
    match about(state_dir) {
        Ok(about) => (true, about),
        // One whose socket is of no use has the lock at least.
        Err(ControlError::NobodyThere(_)) => (is_locked(state_dir), None),
        Err(_) => (true, None),
    }
}

/// Whether somebody has the lock of a state folder; nothing is changed there.
fn is_locked(state_dir: &Path) -> bool {
    let Ok(lock) = std::fs::File::open(state_dir.join("lock")) else { return false };
    matches!(lock.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
}

fn outputs(config: &Config, ledgers: &Ledgers, process: Option<&About>) -> anyhow::Result<Vec<OutputReport>> {
    let mut outputs = Vec::new();
    for output in &config.outputs {
        let parts = process.iter().flat_map(|process| &process.parts);
        let part = parts.filter(|part| part.part == Part::Output).find(|part| part.name == output.name);
        let trouble = ledgers.output_trouble(&output.name)?;
        outputs.push(OutputReport {
            name: output.name.clone(),
            r#type: output.settings.kind(),
            state: part.map(|part| part.state),
            since: part.map(|part| part.since),
            trouble,
        });
    }
    Ok(outputs)
}

fn archive(
    ArchiveConfig { dir, .. }: &ArchiveConfig,
    ledger: Option<&Ledger>,
    process: Option<&About>,
) -> anyhow::Result<ArchiveReport> {
    let part = process.iter().flat_map(|process| &process.parts).find(|part| part.part == Part::Archive);
    // What cannot be looked at is said, and the rest all the same.
    let (size, problem) = match ArchiveSize::of(dir) {
        Ok(size) => (size, None),
        Err(error) => (ArchiveSize::default(), Some(error.to_string())),
    };
    Ok(ArchiveReport {
        dir: dir.clone(),
        state: part.map(|part| part.state),
        reason: part.and_then(|part| part.reason.clone()).or(problem),
        size,
        remap: ledger.map(|ledger| ledger.past(REMAP)).transpose()?.flatten().map(|begun| begun.fraction()),
    })
}

fn letters(file: &Path) -> anyhow::Result<Option<Overview>> {
    let read = Overview::read(file, MAX_LETTER_BYTES);
    let read = read.with_context(|| format!("could not read dead letters `{}`", file.display()))?;
    Ok(read.filter(|overview| overview.letters + overview.unreadable > 0 || !overview.is_complete))
}
