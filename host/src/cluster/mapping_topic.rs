//! The topic of decisions about the mapping: the last decision, and what became of it in each process. Compacted, one
//! partition.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    cluster_config::ClusterConfig,
    cluster_decision::{ClusterDecision, DecisionReport},
    cluster_error::ClusterError,
    topic_reader::{ReadRow, TopicReader},
    topic_writer::write,
};
use crate::kafka::KafkaClientError;

/// The key of the decision.
const DECISION: &str = "decision";

/// What the keys of reports begin with; the name of a process follows.
const PROCESS: &str = "process/";

/// The topic as far as it is read.
pub(super) struct MappingTopic {
    config: ClusterConfig,
    reader: TopicReader,
    /// Up to where it is read.
    position: i64,
    known: MappingTopicState,
}

/// What the topic says.
#[derive(Debug, Clone, Default)]
pub(super) struct MappingTopicState {
    /// The last decision.
    pub(super) decision: Option<ClusterDecision>,
    /// Why the last decision cannot be understood, if it cannot.
    pub(super) problem: Option<String>,
    /// The last report of each process.
    pub(super) reports: BTreeMap<String, DecisionReport>,
}

impl MappingTopic {
    /// Makes a client; nothing is sent yet.
    pub(super) fn new(config: &ClusterConfig) -> Result<Self, KafkaClientError> {
        let reader = TopicReader::new(config, config.mapping_topic())?;
        Ok(Self { config: config.clone(), reader, position: 0, known: MappingTopicState::default() })
    }

    /// Reads what is new, and gives all that is known; none when there is no such topic. Blocks.
    pub(super) fn read(&mut self) -> Result<Option<MappingTopicState>, ClusterError> {
        let state = self.reader.look()?;
        if state.partitions.is_empty() && state.may_come() {
            // A topic that is created again is another one.
            (self.position, self.known) = (0, MappingTopicState::default());
            return Ok(None);
        }
        state.into_result(&self.config.mapping_topic())?;
        let (first, end) = self.reader.bounds(0)?;
        if !(first..=end).contains(&self.position) {
            // Of another topic of that name, or compacted meanwhile.
            (self.position, self.known) = (first, MappingTopicState::default());
        }
        let Self { reader, position, known, .. } = self;
        reader.read::<ClusterError>(0, *position, end, |row| {
            known.note(&row);
            Ok(())
        })?;
        *position = end;
        Ok(Some(known.clone()))
    }

    /// Has all processes take a decision. Blocks.
    pub(super) fn decide(&self, decision: &ClusterDecision) -> Result<(), KafkaClientError> {
        self.write(DECISION, decision)
    }

    /// Says what became of a decision in a process. Blocks.
    pub(super) fn report(&self, process: &str, report: &DecisionReport) -> Result<(), KafkaClientError> {
        self.write(&format!("{PROCESS}{process}"), report)
    }

    /// What these processes have said is gone. Blocks.
    pub(super) fn forget<'p>(&self, processes: impl IntoIterator<Item = &'p String>) -> Result<(), KafkaClientError> {
        let topic = self.config.mapping_topic();
        let mut keys = processes.into_iter().map(|process| format!("{PROCESS}{process}"));
        keys.try_for_each(|key| write(&self.config.client, &topic, &key, None))
    }

    fn write(&self, key: &str, value: &impl Serialize) -> Result<(), KafkaClientError> {
        let value = serde_json::to_vec(value).map_err(|error| KafkaClientError::Setup(error.to_string()))?;
        write(&self.config.client, &self.config.mapping_topic(), key, Some(&value))
    }
}

impl MappingTopicState {
    fn note(&mut self, row: &ReadRow) {
        let Ok(key) = str::from_utf8(&row.key) else { return };
        let Some(value) = row.value.as_deref() else {
            // Deleted by a person.
            if key == DECISION {
                (self.decision, self.problem) = (None, None);
            } else if let Some(process) = key.strip_prefix(PROCESS) {
                self.reports.remove(process);
            }
            return;
        };
        if key == DECISION {
            (self.decision, self.problem) = match serde_json::from_slice(value) {
                Ok(decision) => (Some(decision), None),
                Err(error) => (None, Some(error.to_string())),
            };
        } else if let Some(process) = key.strip_prefix(PROCESS) {
            // What a process of another version says may be more than is understood here.
            if let Ok(report) = serde_json::from_slice(value) {
                self.reports.insert(process.to_owned(), report);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(key: &str, value: &str) -> ReadRow {
        ReadRow { version: 0, key: key.into(), value: Some(value.into()), offset: 0 }
    }

    #[test]
    fn what_another_version_writes_is_passed_over_or_told() {
        let mut state = MappingTopicState::default();
        let mapping = json!({ "version": "2.2.0", "digest": "ab" });
        let mut decision = json!({
            "id": "1", "at": "2026-01-01T00:00:00Z", "by": "me", "mapping": mapping, "before": null,
            "is_rollback": false, "allowed": {}, "settings": {}, "more": 7
        });
        state.note(&row(DECISION, &decision.to_string()));
        assert_eq!(state.decision.as_ref().unwrap().mapping.version, "2.2.0");
        decision["mapping"] = json!({ "of_each_source": [] });
        state.note(&row(DECISION, &decision.to_string()));
        assert!(state.decision.is_none() && state.problem.as_ref().unwrap().contains("version"), "{state:?}");
        state.note(&row("process/a", "{\"state\":\"unheard of\"}"));
        state.note(&row("something else", "{}"));
        assert!(state.reports.is_empty());
    }
}
