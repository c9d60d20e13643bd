//! What a client tells that takes part in no consumer group: noted, logged, and given to who waits for a message.

use std::{marker::PhantomData, sync::Arc};

use rdkafka::{
    client::{ClientContext, OAuthToken},
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::KafkaError,
    message::{DeliveryResult, Message as _},
    producer::ProducerContext,
    types::RDKafkaErrorCode,
};

use super::{
    context::{ClientNotes, log},
    error::code_of,
    token::TokenProvider,
};

/// What goes with a message of a producer and comes back with its report.
pub(crate) trait DeliveryTicket: Send + Sync + 'static {
    /// Hears where the message is, or why it was refused.
    fn delivered(self, result: Result<i64, RDKafkaErrorCode>);
}

/// What a client tells; `T` goes with each message of a producer.
pub(crate) struct NotingContext<T = ()> {
    notes: Arc<ClientNotes>,
    tokens: Option<Arc<TokenProvider>>,
    ticket: PhantomData<fn(T)>,
}

impl<T> NotingContext<T> {
    /// Notes trouble in `notes`, and signs in with `tokens` where the mechanism has any.
    pub(crate) fn new(notes: &Arc<ClientNotes>, tokens: Option<Arc<TokenProvider>>) -> Self {
        Self { notes: Arc::clone(notes), tokens, ticket: PhantomData }
    }
}

impl<T: 'static> ClientContext for NotingContext<T> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.notes.note(&error, reason);
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.tokens.as_ref().ok_or("no way to get a token")?.token()
    }
}

impl ConsumerContext for NotingContext {}

impl<T: DeliveryTicket> ProducerContext for NotingContext<T> {
    type DeliveryOpaque = Box<T>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<T>) {
        let result = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(code_of(error)),
        };
        if result.is_ok() {
            self.notes.forget();
        }
        ticket.delivered(result);
    }
}
