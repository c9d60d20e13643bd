//! The client that makes topics and knows their settings.

use std::sync::Arc;

use exotrace_kafka_token::give_token;
use rdkafka::admin::AdminClient;

use super::{
    client::KafkaClient, context::ClientNotes, error::KafkaClientError, noting_context::NotingContext,
    settings::KafkaClientConfig,
};

/// A client that makes topics and knows their settings.
pub(crate) type TopicAdmin = AdminClient<NotingContext>;

/// Makes such a client. Blocks where a token is asked for: the client does not ask for one, and has what it is given here
/// for as long as that lives.
///
/// # Errors
///
/// When a file of the settings cannot be used, or the token endpoint gives no token.
pub(crate) fn topic_admin(config: &KafkaClientConfig) -> Result<TopicAdmin, KafkaClientError> {
    let KafkaClient { settings, tokens, .. } = KafkaClient::new(config)?;
    let context = NotingContext::new(&Arc::new(ClientNotes::default()), tokens.clone());
    let made = settings.create_with_context(context);
    let admin: TopicAdmin =
        made.map_err(|error| KafkaClientError::refused("could not set up the client".to_owned(), &error))?;
    if let Some(tokens) = tokens {
        let given =
            tokens.token().map_err(|error| error.to_string()).and_then(|token| give_token(admin.inner(), token));
        given.map_err(|reason| KafkaClientError::SignIn { brokers: config.shown(), reason })?;
    }
    Ok(admin)
}
