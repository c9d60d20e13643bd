//! What the program asks of a source of type `kafka` before there is one.

use std::{io, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use indicatif::HumanCount;
use serde_json::json;

use super::settings::KafkaSourceConfig;
use crate::{
    ledger::{Ledger, LedgerError, SourceStatus},
    pipeline::{
        SettingProblem, Source, SourceDescription, SourceEnvironment, SourceError, SourceIdentity, SourceSettings,
        SourceState, failure_lines,
    },
    support::{finding::Findings, property::RecordKind, time_text::ago},
};

#[async_trait]
impl SourceSettings for KafkaSourceConfig {
    fn kind(&self) -> &'static str {
        "kafka"
    }

    fn ledger_name(&self) -> String {
        format!("kafka {} {}", self.group, self.topic)
    }

    #[cfg(feature = "kafka")]
    fn build(&self, identity: Arc<SourceIdentity>, _: &SourceEnvironment) -> Result<Box<dyn Source>, SourceError> {
        Ok(Box::new(super::collector::KafkaCollector::new(self, identity)))
    }

    #[cfg(not(feature = "kafka"))]
    fn build(&self, _: Arc<SourceIdentity>, _: &SourceEnvironment) -> Result<Box<dyn Source>, SourceError> {
        let problem = format!("this program is built without Kafka\nhint: {}", crate::kafka::NOT_BUILT_IN);
        Err(SourceError::new(problem, crate::pipeline::Remedy::None))
    }

    fn can_be_shared(&self) -> Result<(), &'static str> {
        Err("is shared by its own consumer group")
    }

    fn record_kind(&self) -> RecordKind {
        self.records
    }

    fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    fn input(&self) -> &'static str {
        "kafka"
    }

    fn describe(&self) -> SourceDescription {
        let Self { topic, group, client, .. } = self;
        let fields = [("topic", json!(topic)), ("group", json!(group)), ("brokers", json!(client.brokers))];
        SourceDescription {
            text: format!("kafka, topic {topic} at {}, as group {group}", client.shown()),
            fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
        }
    }

    #[cfg(feature = "kafka")]
    fn check(&self) -> Vec<SettingProblem> {
        crate::kafka::check(&self.client).map(|(key, text)| SettingProblem::error(key, &text)).into_iter().collect()
    }

    #[cfg(not(feature = "kafka"))]
    fn check(&self) -> Vec<SettingProblem> {
        Vec::new()
    }

    #[cfg(feature = "kafka")]
    async fn examine(&self, _: Option<&[String]>, findings: &mut dyn Findings) -> io::Result<Vec<String>> {
        super::examine::examine(self, findings).await
    }

    #[cfg(not(feature = "kafka"))]
    async fn examine(&self, _: Option<&[String]>, _: &mut dyn Findings) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn state(
        &self,
        _: Option<&Ledger>,
        status: Option<&SourceStatus>,
        now: DateTime<Utc>,
    ) -> Result<SourceState, LedgerError> {
        let Self { topic, group, .. } = self;
        let fields = [("topic".to_owned(), json!(topic)), ("group".to_owned(), json!(group))];
        let lines = status.map_or_else(Vec::new, |status| {
            let mut lines = vec![
                ("topic", format!("{topic}, as group {group}, which knows how far it is read")),
                ("records", HumanCount(status.rows).to_string()),
                ("last batch", ago(status.polled_at, now)),
            ];
            lines.extend(failure_lines(status, now));
            lines
        });
        Ok(SourceState { fields: fields.into_iter().collect(), lines, ..SourceState::default() })
    }
}
