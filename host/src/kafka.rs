//! What sources, outputs and a cluster share about Kafka: the settings of a client, signing in, and what errors mean.
//!
//! The client is librdkafka, which only a program with the feature `kafka` has; settings are understood by every
//! program. Produces and consumes nothing: each kind does that in its own folder.

#[cfg(feature = "kafka")]
mod admin_client;
#[cfg(feature = "kafka")]
mod client;
#[cfg(feature = "kafka")]
mod context;
#[cfg(feature = "kafka")]
mod error;
#[cfg(feature = "kafka")]
mod group_position;
#[cfg(feature = "kafka")]
mod noting_context;
mod sasl;
#[cfg(feature = "kafka")]
mod secrets;
mod settings;
mod setup;
#[cfg(feature = "kafka")]
mod token;
#[cfg(feature = "kafka")]
mod topic;
#[cfg(feature = "kafka")]
mod transaction_messages;

#[cfg(feature = "kafka")]
pub(crate) use self::{
    admin_client::{TopicAdmin, topic_admin},
    client::{KafkaClient, check, in_background},
    context::{ClientNotes, log},
    error::{Advice, KafkaClientError, advice, code_of, fatal_code, is_consequence},
    group_position::GroupPosition,
    noting_context::{DeliveryTicket, NotingContext},
    token::TokenProvider,
    topic::{TopicState, look_at, reach},
    transaction_messages::{TransactionMessage, TransactionMessages},
};
pub(crate) use self::{
    sasl::SaslTable,
    settings::{KAFKA_SYNONYMS, KafkaClientConfig, KafkaTable, named_topic, topic},
    setup::{BROKERS, SOURCE_BROKERS, more, topic_question},
};

/// Whether this program has the client.
pub(crate) const IS_BUILT_IN: bool = cfg!(feature = "kafka");

/// What to do when it has not.
pub(crate) const NOT_BUILT_IN: &str =
    "the packages of exotrace have it; to build it: `cargo build --release --package exotrace --features kafka`";
