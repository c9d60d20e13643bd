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
mod reports;
#[cfg(feature = "kafka")]
mod session;
mod settings;
mod setup;

pub(crate) use settings::KafkaOutputConfig;

#[cfg(all(test, feature = "kafka"))]
mod tests;
