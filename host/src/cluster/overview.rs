//! Who of a cluster has what: from the members of the group, and from what ledgers have noted.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use rdkafka::consumer::Consumer as _;
use serde::Serialize;

use super::{
    cluster_config::ClusterConfig,
    cluster_decision::{ClusterDecision, DecisionReport},
    cluster_error::ClusterError,
    mapping_topic::MappingTopic,
    partition::{SharedSource, partition_of},
    topic_reader::TopicReader,
};
use crate::{
    kafka::KafkaClientError,
    ledger::{CopiedMessage, SourceRow},
};

/// The longest that brokers may take to answer.
const ANSWER: Duration = Duration::from_secs(15);

/// How much longer than some intervals a source may take to be read: requests may have to wait for the budget, and a
/// partition for the next process.
const MARGIN: Duration = Duration::from_secs(300);

/// So many polls may fail to come before somebody has to look.
const POLLS: u32 = 3;

/// A cluster as it is now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ClusterOverview {
    /// The group.
    pub group: String,
    /// The topic of the ledger.
    pub ledger_topic: String,
    /// Its partitions.
    pub partitions: i32,
    /// What brokers say about the group, as `Stable`.
    pub state: String,
    /// The processes.
    pub processes: Vec<ClusterProcess>,
    /// What was decided about the mapping of all processes, if anything was.
    pub mapping: Option<ClusterDecision>,
    /// The sources of the settings.
    pub sources: Vec<OwnedSource>,
}

/// A process of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClusterProcess {
    /// What it calls itself.
    pub name: String,
    /// From where it reaches the brokers.
    pub host: String,
    /// What it has.
    pub partitions: Vec<i32>,
    /// What became of the decision about the mapping; none when it says nothing of that.
    pub mapping: Option<DecisionReport>,
}

/// A source, and who collects it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OwnedSource {
    /// What people know it by.
    pub name: String,
    /// Where its ledger is kept.
    pub partition: i32,
    /// The process that collects it.
    pub process: Option<String>,
    /// When it was read last.
    pub polled_at: Option<DateTime<Utc>>,
    /// When it failed last, if it has not been read since.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why.
    pub failure: Option<String>,
    /// Why somebody has to look, if so.
    pub trouble: Option<SourceTrouble>,
}

/// Why somebody has to look at a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceTrouble {
    /// No process has it.
    NotCollected,
    /// It failed, and was not read since.
    Failing,
    /// A process has it, and has not read it so far.
    NeverRead,
    /// It was read last longer ago than it should be: a process that cannot write the ledger cannot say so there.
    NotRead,
}

impl ClusterOverview {
    /// Whether somebody has to look: a source that nobody collects, that fails or is not read, or a process that cannot
    /// take the mapping.
    pub(crate) fn needs_attention(&self) -> bool {
        let cannot_take = |it: &ClusterProcess| it.mapping.as_ref().is_some_and(|it| it.state.needs_person());
        self.sources.iter().any(|source| source.trouble.is_some()) || self.processes.iter().any(cannot_take)
    }
}

impl OwnedSource {
    /// Why somebody has to look, if so.
    fn find_trouble(&self, interval: Option<Duration>, now: DateTime<Utc>) -> Option<SourceTrouble> {
        if self.process.is_none() {
            return Some(SourceTrouble::NotCollected);
        }
        if self.failed_at.is_some() {
            return Some(SourceTrouble::Failing);
        }
        let Some(polled_at) = self.polled_at else { return Some(SourceTrouble::NeverRead) };
        let longest = interval.map(|interval| interval.saturating_mul(POLLS).saturating_add(MARGIN));
        let longest = longest.and_then(|longest| TimeDelta::from_std(longest).ok());
        longest.is_some_and(|longest| now - polled_at > longest).then_some(SourceTrouble::NotRead)
    }
}

/// Asks brokers about a cluster. Blocks.
///
/// # Errors
///
/// When they do not answer, or there is no ledger topic.
pub(crate) fn overview(config: &ClusterConfig, sources: &[SharedSource]) -> Result<ClusterOverview, ClusterError> {
    let reader = TopicReader::new(config, config.ledger_topic.clone())?;
    let state = reader.look()?;
    let partitions = i32::try_from(state.partitions.len()).unwrap_or_default();
    if partitions == 0 {
        return Err(ClusterError::NoTopic { topic: config.ledger_topic.clone() });
    }
    let (state, mut processes) = members(&reader, config)?;
    // Who may not read it is told who collects what all the same.
    let decided = MappingTopic::new(config)?.read().ok().flatten().unwrap_or_default();
    if let Some(decision) = &decided.decision {
        for process in &mut processes {
            let report = decided.reports.get(&process.name);
            process.mapping = report.filter(|report| report.decision == decision.id).cloned();
        }
    }
    let mut owned = Vec::new();
    let mut read = BTreeMap::new();
    for source in sources {
        let partition = partition_of(&source.tenant, partitions);
        let rows: &Vec<SourceRow> = match read.entry(partition) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unread) => unread.insert(rows_of(&reader, partition)?),
        };
        let row = rows.iter().find(|row| row.name.as_deref() == Some(&source.ledger_name));
        let process = processes.iter().find(|member| member.partitions.contains(&partition));
        let mut of_source = OwnedSource {
            name: source.label.clone(),
            partition,
            process: process.map(|member| member.name.clone()),
            polled_at: row.and_then(|row| row.polled_at),
            failed_at: row.and_then(|row| row.failed_at),
            failure: row.and_then(|row| row.failure.clone()),
            trouble: None,
        };
        of_source.trouble = of_source.find_trouble(source.interval, Utc::now());
        owned.push(of_source);
    }
    let (group, ledger_topic) = (config.group.clone(), config.ledger_topic.clone());
    let mapping = decided.decision;
    Ok(ClusterOverview { group, ledger_topic, partitions, state, processes, mapping, sources: owned })
}

/// What a partition says about sources.
fn rows_of(reader: &TopicReader, partition: i32) -> Result<Vec<SourceRow>, ClusterError> {
    let (first, end) = reader.bounds(partition)?;
    let mut rows = BTreeMap::new();
    reader.read::<ClusterError>(partition, first, end, |row| {
        let message = CopiedMessage { version: row.version, key: &row.key, value: row.value.as_deref() };
        if let Some(row) = SourceRow::of(&message) {
            rows.insert(row.id, row);
        }
        Ok(())
    })?;
    Ok(rows.into_values().collect())
}

/// The processes of the group, and what brokers say about it.
pub(super) fn members(
    reader: &TopicReader,
    config: &ClusterConfig,
) -> Result<(String, Vec<ClusterProcess>), ClusterError> {
    let what = || format!("could not look at group `{}`", config.group);
    let listed = reader.consumer().fetch_group_list(Some(&config.group), ANSWER);
    let listed = listed.map_err(|error| ClusterError::from(KafkaClientError::refused(what(), &error)))?;
    let Some(group) = listed.groups().iter().find(|group| group.name() == config.group) else {
        return Ok(("Empty".to_owned(), Vec::new()));
    };
    let member = |member: &rdkafka::groups::GroupMemberInfo| ClusterProcess {
        name: member.client_id().to_owned(),
        host: member.client_host().trim_start_matches('/').to_owned(),
        partitions: assigned(member.assignment().unwrap_or_default(), &config.ledger_topic),
        mapping: None,
    };
    let mut members: Vec<_> = group.members().iter().map(member).collect();
    members.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((group.state().to_owned(), members))
}

/// The partitions of a topic in an assignment, as members of a group tell them each other: a version, and topics, each
/// with its partitions.
fn assigned(bytes: &[u8], wanted: &str) -> Vec<i32> {
    let mut partitions = parse(bytes, wanted).unwrap_or_default();
    partitions.sort_unstable();
    partitions
}

fn parse(mut bytes: &[u8], wanted: &str) -> Option<Vec<i32>> {
    let mut found = Vec::new();
    let bytes = &mut bytes;
    take(bytes, 2)?;
    for _ in 0..number(bytes)? {
        let length = u16::from_be_bytes(take(bytes, 2)?.try_into().ok()?);
        let is_wanted = take(bytes, length.into())? == wanted.as_bytes();
        for _ in 0..number(bytes)? {
            let partition = number(bytes)?;
            if is_wanted {
                found.push(partition);
            }
        }
    }
    Some(found)
}

fn number(bytes: &mut &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(take(bytes, 4)?.try_into().ok()?))
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_read_for_some_polls_needs_attention() {
        let now: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
        let ago = |seconds: i64| Some(now - TimeDelta::seconds(seconds));
        let source = OwnedSource {
            name: "contoso".to_owned(),
            partition: 3,
            process: Some("one".to_owned()),
            polled_at: ago(479),
            failed_at: None,
            failure: None,
            trouble: None,
        };
        let check = |source: &OwnedSource, expected| {
            let found = source.find_trouble(Some(Duration::from_secs(60)), now);
            assert_eq!(found, expected, "{source:?}");
        };
        check(&source, None);
        check(&OwnedSource { polled_at: ago(481), ..source.clone() }, Some(SourceTrouble::NotRead));
        check(&OwnedSource { polled_at: ago(-60), ..source.clone() }, None);
        check(&OwnedSource { polled_at: None, ..source.clone() }, Some(SourceTrouble::NeverRead));
        check(&OwnedSource { failed_at: ago(1), ..source.clone() }, Some(SourceTrouble::Failing));
        check(&OwnedSource { process: None, ..source.clone() }, Some(SourceTrouble::NotCollected));
        let old = OwnedSource { polled_at: ago(1_000_000), ..source };
        assert_eq!(old.find_trouble(None, now), None, "without an interval, nobody knows");
    }

    #[test]
    fn an_assignment_is_read_as_members_tell_it() {
        let mut bytes = vec![0, 1, 0, 0, 0, 2];
        for (topic, partitions) in [("other", vec![7_i32]), ("ledger", vec![3, 1])] {
            bytes.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
            bytes.extend(topic.bytes());
            bytes.extend(i32::try_from(partitions.len()).unwrap().to_be_bytes());
            partitions.iter().for_each(|partition| bytes.extend(partition.to_be_bytes()));
        }
        bytes.extend((-1_i32).to_be_bytes());
        assert_eq!(assigned(&bytes, "ledger"), [1, 3]);
        assert_eq!(assigned(&bytes, "nothing"), [0_i32; 0]);
        for length in 0..12 {
            assert_eq!(assigned(&bytes[..length], "ledger"), [0_i32; 0], "{length}");
        }
    }
}
