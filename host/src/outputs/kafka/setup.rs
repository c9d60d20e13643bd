//! How an output to Kafka is set up.

use crate::{
    config::{Answer, Answers, Setup, SetupStep},
    kafka::{BROKERS, more, topic_question},
};

/// What `exotrace init` asks for it.
pub(super) const SETUP: Setup = Setup {
    name: "kafka",
    about: "a topic of Kafka, Redpanda, Confluent or Event Hubs",
    questions: &[
        BROKERS,
        topic_question("topic", "Topic that documents are written to.", "\"exchange-message-trace\""),
    ],
    more: more(),
    steps,
};

fn steps(answers: &Answers) -> Vec<SetupStep> {
    let topic = answers.get("topic").and_then(Answer::text).unwrap_or("exchange-message-trace");
    let broker = match answers.get("brokers") {
        Some(Answer::List(brokers)) => brokers.first().map_or("kafka-1:9093", String::as_str),
        _ => "kafka-1:9093",
    };
    vec![SetupStep {
        title: "Create the topic, with as many partitions as there are to be readers:".to_owned(),
        commands: format!(
            "kafka-topics.sh --bootstrap-server {broker} --command-config admin.properties \\\n  --create --topic \
             {topic} --partitions 6 --replication-factor 3"
        ),
    }]
}
