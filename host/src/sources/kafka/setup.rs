//! How a source from Kafka is set up.

use crate::{
    config::{Form, LOCAL_DOMAINS, Question, Setup, any, no_steps},
    kafka::{SOURCE_BROKERS, more, topic_question},
};

/// What `exotrace init` asks for it.
pub(super) const SETUP: Setup = Setup {
    name: "kafka",
    about: "raw records in a topic of Kafka, Redpanda, Confluent or Event Hubs",
    questions: &[
        SOURCE_BROKERS,
        topic_question("source-topic", "Topic with raw records of message trace.", "\"exchange-raw\""),
        Question {
            key: "group",
            option: "group",
            value_name: "GROUP",
            about: "Consumer group, which the processes that share the topic have in common.",
            form: Form::Text,
            example: "\"exotrace-mappers\"",
            default: Some("exotrace-mappers"),
            is_optional: false,
            check: any,
        },
        LOCAL_DOMAINS,
    ],
    more: more(),
    steps: no_steps,
};
