//! Reads `[cluster]`, and sees that the rest of the settings goes with it.

use toml::Spanned;

use super::{output_config::OutputConfig, table::ClusterTable};
use crate::{
    cluster::ClusterConfig,
    config::{ConfigError, ValueReader},
    kafka::{KafkaTable, named_topic},
};

const GROUP: &str = "exotrace";

const LEDGER_TOPIC: &str = "exotrace-ledger";

pub(super) fn cluster(table: Spanned<ClusterTable>, reader: &ValueReader<'_>) -> Result<ClusterConfig, ConfigError> {
    let (at, table) = (table.span().start, table.into_inner());
    let ClusterTable { brokers, group, ledger_topic, tls, ca_file, certificate_file, private_key_file, sasl } = table;
    let client = KafkaTable { brokers, tls, ca_file, certificate_file, private_key_file, sasl };
    let client = client.read("cluster.", at, reader);
    // It is a part of transactional ids, and its name is taken as that of a topic is.
    let named = |key, value: &Option<Spanned<String>>, default: &str| match value {
        Some(value) => named_topic(key, value, false, reader),
        None => Ok(default.to_owned()),
    };
    let group = named("group", &group, GROUP);
    let ledger_topic = named("ledger_topic", &ledger_topic, LEDGER_TOPIC);
    Ok(ClusterConfig { client: client?, group: group?, ledger_topic: ledger_topic? })
}

/// Notes what does not go with a cluster, which begins at byte `at`.
pub(super) fn see_rest(at: usize, outputs: &[OutputConfig], has_archive: bool, reader: &ValueReader<'_>) {
    for output in outputs.iter().filter(|output| !output.settings.can_be_shared()) {
        let problem = format!("output `{}` writes a file of this machine, and `[cluster]` shares sources", output.name);
        drop(reader.error(at, problem, Some("use outputs that every process reaches")));
    }
    if has_archive {
        let problem = "`[archive]` is on this machine, and `[cluster]` shares sources".to_owned();
        drop(reader.error(at, problem, Some("leave `[archive]` out")));
    }
}
