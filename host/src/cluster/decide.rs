//! Decides about the mapping for all processes of a cluster.

use chrono::Utc;
use tracing::debug;

use super::{
    cluster_config::ClusterConfig,
    cluster_decision::{ClusterDecision, DecisionState, ExactMapping},
    cluster_error::ClusterError,
    mapping_topic::MappingTopic,
    overview::members,
    topic_reader::TopicReader,
};
use crate::{
    deployment::{Allowed, ConfiguredMapping},
    support::error_text::chain,
};

/// What stands in the settings of the cluster.
#[derive(Debug, Clone)]
pub(crate) struct SettingsMapping {
    /// What they name, without the digest of a file.
    pub named: ConfiguredMapping,
    /// What that is; none when sources have different ones.
    pub exact: Option<ExactMapping>,
}

/// Has all processes take a mapping; blocks.
///
/// # Errors
///
/// When brokers refuse, or there is no topic for it.
pub(crate) fn decide(
    config: &ClusterConfig,
    settings: SettingsMapping,
    mapping: ExactMapping,
    (allowed, by): (Allowed, String),
) -> Result<(), ClusterError> {
    let (topic, last) = last_decision(config, &settings)?;
    let before = match last {
        // Once more, for processes that have gone back; and what nobody has taken is nothing to go back to.
        Some((last, is_taken)) if last.mapping == mapping || !is_taken => last.before,
        Some((last, _)) => Some(last.mapping),
        None => settings.exact.filter(|exact| *exact != mapping),
    };
    let (id, at) = (new_id(), Utc::now());
    let settings = settings.named;
    let decision = ClusterDecision { id, at, by, mapping, before, is_rollback: false, allowed, settings };
    put(config, topic, &decision)
}

/// Has all processes go back to what mapped before the last decision, and gives that; blocks.
///
/// # Errors
///
/// When there is nothing before it, brokers refuse, or there is no topic for it.
pub(crate) fn roll_back(
    config: &ClusterConfig,
    settings: SettingsMapping,
    by: String,
) -> Result<ExactMapping, ClusterError> {
    let (topic, last) = last_decision(config, &settings)?;
    let mapping = last.and_then(|(last, _)| last.before).ok_or(ClusterError::NothingBefore)?;
    let decision = ClusterDecision {
        id: new_id(),
        at: Utc::now(),
        by,
        mapping: mapping.clone(),
        before: None,
        is_rollback: true,
        allowed: Allowed { new_ids: true, new_schema: true, worse: true },
        settings: settings.named,
    };
    put(config, topic, &decision)?;
    Ok(mapping)
}

/// Puts a decision into the topic.
fn put(config: &ClusterConfig, mut topic: MappingTopic, decision: &ClusterDecision) -> Result<(), ClusterError> {
    topic.decide(decision)?;
    if let Err(error) = forget_gone(config, &mut topic, &decision.id) {
        debug!(error = chain(&error), "reports of processes that are gone stay until the next decision");
    }
    Ok(())
}

/// Removes what processes that are gone have said of earlier decisions: they may never come back.
fn forget_gone(config: &ClusterConfig, topic: &mut MappingTopic, decision: &str) -> Result<(), ClusterError> {
    let reader = TopicReader::new(config, config.ledger_topic.clone())?;
    // To a user who may not look at the group, brokers show one without members.
    reader.see_group()?;
    let (_, members) = members(&reader, config)?;
    let Some(state) = topic.read()? else { return Ok(()) };
    let is_gone = |process: &str| members.iter().all(|member| member.name != process);
    let reports = state.reports.iter();
    let gone = reports.filter(|(process, report)| report.decision != decision && is_gone(process));
    Ok(topic.forget(gone.map(|(process, _)| process))?)
}

/// The topic, and the last decision, if the settings name what they named then, with whether a process maps by it.
fn last_decision(
    config: &ClusterConfig,
    settings: &SettingsMapping,
) -> Result<(MappingTopic, Option<(ClusterDecision, bool)>), ClusterError> {
    let mut topic = MappingTopic::new(config)?;
    let Some(state) = topic.read()? else {
        return Err(ClusterError::NoMappingTopic { topic: config.mapping_topic() });
    };
    let Some(last) = state.decision.filter(|last| last.settings == settings.named) else { return Ok((topic, None)) };
    let mut reports = state.reports.values();
    let is_taken = reports.any(|it| it.decision == last.id && it.state == DecisionState::Taken);
    Ok((topic, Some((last, is_taken))))
}

fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}
