//! The settings of a source of type `kafka`.

use serde::Deserialize;
use toml::Spanned;

use super::setup::SETUP;
use crate::{
    config::{ConfigError, Meant, Section, SectionKind, Setting, Setup, Synonyms, ValueReader, keys},
    kafka::{self, IS_BUILT_IN, KAFKA_SYNONYMS, KafkaClientConfig, KafkaTable},
    pipeline::SourceContext,
    support::{
        microsoft_id::{TENANT_ID_HINT, is_tenant_id},
        property::RecordKind,
    },
};

/// Messages in a batch unless the settings say otherwise.
const BATCH_SIZE: u32 = 1000;

/// `[[source]]` of type `kafka`, as it stands in the settings, but for how brokers are reached.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KafkaSourceTable {
    /// Topic with the records: one, or NDJSON, a message. Required.
    topic: Setting<String>,
    /// Consumer group: processes with the same group share the partitions, and each message is read by one of them. Required.
    group: Setting<String>,
    /// Whose names the records have: `graph`, or `legacy` for those of the Reporting Web Service and of PowerShell. Default: `graph`.
    records: Setting<String>,
    /// Where to begin while the group has read nothing: `earliest` or `latest`. Default: `earliest`.
    start: Setting<String>,
    /// Maximum number of messages in a batch, 1 to 100000. Default: `1000`.
    batch_size: Setting<i64>,
    /// The tenant that the records are of: its id or one of its domains. Default: not known.
    tenant_id: Setting<String>,
}

/// A source of type `kafka`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaSourceConfig {
    /// How brokers are reached.
    pub client: KafkaClientConfig,
    /// The topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// Whose names the records have.
    pub records: RecordKind,
    /// Where to begin while the group has read nothing: `earliest` or `latest`.
    pub start: &'static str,
    /// The most messages in a batch.
    pub batch_size: usize,
    /// The tenant that the records are of.
    pub tenant_id: Option<String>,
}

impl SectionKind<SourceContext> for KafkaSourceConfig {
    const NAMES: &'static [&'static str] = &["kafka"];
    const SYNONYMS: &'static [Synonyms] = &[
        &[
            (&["group_id", "consumer_group", "consumer_group_id"], Meant::Key("group")),
            (&["auto_offset_reset", "initial_offset", "start_from_oldest", "offset"], Meant::Key("start")),
            (&["record_kind", "format", "codec", "kind_of_records"], Meant::Key("records")),
            (&["max_poll_records", "max_messages", "batch"], Meant::Key("batch_size")),
            (&["tenant", "directory_id", "tenantid"], Meant::Key("tenant_id")),
        ],
        KAFKA_SYNONYMS,
    ];

    const SETUPS: &'static [Setup] = if IS_BUILT_IN { &[SETUP] } else { &[] };

    fn keys() -> Vec<&'static str> {
        [keys::<KafkaSourceTable>(), keys::<KafkaTable>()].concat()
    }

    fn read(
        _: &'static str,
        section: &Section<'_, '_>,
        context: &SourceContext,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let table: KafkaSourceTable = section.read(reader)?;
        let client: KafkaTable = section.read(reader)?;
        let client = client.read(section.prefix(), section.start(), reader);
        let topic = kafka::topic(&table.topic, section.start(), false, reader);
        let group = match &table.group {
            Some(value) => reader.text("group", value),
            None => Err(reader.missing("group", section.start(), Some("for example `group = \"exotrace-mappers\"`"))),
        };
        let records = reader.choice("records", &table.records, &["graph", "legacy"]);
        let start = reader.choice("start", &table.start, &["earliest", "latest"]);
        let batch_size = reader.number("batch_size", &table.batch_size, 1..=100_000, BATCH_SIZE);
        let tenant_id = table.tenant_id.as_ref().map(|value| tenant_id(value, reader)).transpose();
        let config = Self {
            client: client?,
            topic: topic?,
            group: group?,
            records: if records? == Some("legacy") { RecordKind::Legacy } else { RecordKind::Graph },
            start: start?.unwrap_or("earliest"),
            batch_size: usize::try_from(batch_size?).unwrap_or(usize::MAX),
            tenant_id: tenant_id?,
        };
        config.refuse_own_topic(&table, context, reader)?;
        Ok(config)
    }
}

impl KafkaSourceConfig {
    /// Refuses a topic that an output writes: its documents would be read as records, again and again.
    fn refuse_own_topic(
        &self,
        table: &KafkaSourceTable,
        context: &SourceContext,
        reader: &ValueReader<'_>,
    ) -> Result<(), ConfigError> {
        let is_own = |broker: &String| {
            let mut own =
                context.own_streams.iter().filter_map(|it| it.strip_prefix(broker.as_str())?.strip_prefix('/'));
            own.any(|topic| is_made_of(topic, &self.topic))
        };
        if !self.client.brokers.iter().any(is_own) {
            return Ok(());
        }
        let at = table.topic.as_ref().map_or(0, |topic| topic.span().start);
        let problem = format!("`{}`: an output writes to this topic", reader.dotted("topic"));
        Err(reader.error(at, problem, Some("write to another topic than is read")))
    }
}

/// Whether a topic may be what a pattern with `{tenant}` in it becomes.
fn is_made_of(pattern: &str, topic: &str) -> bool {
    match pattern.split_once("{tenant}") {
        None => pattern == topic,
        Some((before, after)) => {
            let rest = topic.strip_prefix(before);
            rest.is_some_and(|rest| after.contains("{tenant}") || rest.len() > after.len() && rest.ends_with(after))
        }
    }
}

/// The tenant: its id, or one of its domains.
fn tenant_id(value: &Spanned<String>, reader: &ValueReader<'_>) -> Result<String, ConfigError> {
    let text = reader.text("tenant_id", value)?.trim().to_owned();
    if !is_tenant_id(&text) {
        let problem = format!("`{}` is neither a GUID nor a domain", reader.dotted("tenant_id"));
        return Err(reader.error(value.span().start, problem, Some(TENANT_ID_HINT)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_of_a_tenant_is_known_again() {
        for (pattern, topic, expected) in [
            ("mail", "mail", true),
            ("mail", "mail-raw", false),
            ("mail.{tenant}", "mail.contoso.com", true),
            ("mail.{tenant}", "mail.", false),
            ("{tenant}-mail", "contoso-mail", true),
            ("{tenant}-mail", "contoso-raw", false),
        ] {
            assert_eq!(is_made_of(pattern, topic), expected, "{pattern} {topic}");
        }
    }
}
