//! By what brokers know the transactions of a process.

use super::settings::{KafkaOutputConfig, TransactionalId};
use crate::{kafka::KafkaClientError, support::state_id};

/// By what brokers know this process, if it writes in transactions; with something behind it where it only looks.
pub(super) fn transactional_id(config: &KafkaOutputConfig, suffix: &str) -> Result<Option<String>, KafkaClientError> {
    Ok(match &config.transactions {
        None | Some(TransactionalId::OfCluster) => None,
        Some(TransactionalId::Given(id)) => Some(format!("{id}{suffix}")),
        Some(TransactionalId::OfState(folder)) => {
            let id = state_id::read(folder)
                .map_err(|source| KafkaClientError::File { path: state_id::path(folder), source })?;
            let id = id.unwrap_or_else(|| "new".to_owned());
            Some(format!("exotrace-{id}-{}{suffix}", config.topic))
        }
    })
}
