//! Documents in a topic of Kafka, or of what speaks its protocol: keyed by delivery, all replicas, in transactions where
//! that is wanted.

#[cfg(feature = "kafka")]
mod examine;
#[cfg(feature = "kafka")]
mod kafka_output;
mod kind;
#[cfg(feature = "kafka")]
mod message;
#[cfg(feature = "kafka")]
mod producer_session;
#[cfg(feature = "kafka")]
mod reports;
mod settings;
mod setup;
#[cfg(feature = "kafka")]
mod transactional_id;

pub(crate) use settings::KafkaOutputConfig;

#[cfg(test)]
#[cfg(feature = "kafka")]
mod tests;
