//! Reads the secrets that the settings name.

use super::error::KafkaClientError;
use crate::support::{secret::Secret, secret_file, secret_source::SecretSource};

/// The secret as it is now.
pub(super) fn read(source: &SecretSource) -> Result<Secret, KafkaClientError> {
    match source {
        SecretSource::Text(secret) => Ok(secret.clone()),
        SecretSource::File(path) => secret_file::read(path)
            .map_err(|source| KafkaClientError::SecretFile { path: path.clone(), source: source.into() }),
    }
}
