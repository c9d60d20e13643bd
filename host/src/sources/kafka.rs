//! Records from a topic of Kafka, or of what speaks its protocol: shared by the processes of a consumer group, and read
//! on only when every output has accepted them.

#[cfg(feature = "kafka")]
mod assignment;
#[cfg(feature = "kafka")]
mod collector;
#[cfg(feature = "kafka")]
mod examine;
mod kind;
#[cfg(feature = "kafka")]
mod parts;
#[cfg(feature = "kafka")]
mod position;
#[cfg(feature = "kafka")]
mod read_offsets;
#[cfg(feature = "kafka")]
mod reader;
#[cfg(feature = "kafka")]
mod reader_context;
mod settings;
mod setup;

pub(crate) use settings::KafkaSourceConfig;
