//! What `exotrace init` asks about brokers.

use crate::config::{Form, Question, any};

/// The brokers to begin with.
pub(crate) const BROKERS: Question = Question {
    key: "brokers",
    option: "broker",
    value_name: "HOST:PORT",
    about: "Brokers to begin with, each with its port.",
    form: Form::List,
    example: "[\"kafka-1:9093\"]",
    default: None,
    is_optional: false,
    check: broker,
};

/// The same for a source.
pub(crate) const SOURCE_BROKERS: Question = Question { option: "source-broker", ..BROKERS };

/// More settings of a client, as lines of the file that are commented out.
pub(crate) const fn more() -> &'static [&'static str] {
    &[
        "# TLS is on; `ca_file` names the certificates of a private authority.",
        "# ca_file = \"kafka-ca.pem\"",
        "# Sign-in: `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`.",
        "# sasl = { mechanism = \"SCRAM-SHA-512\", username = \"exotrace\", password_file = \"kafka-password\" }",
    ]
}

/// The name of a topic.
pub(crate) const fn topic_question(option: &'static str, about: &'static str, example: &'static str) -> Question {
    Question {
        key: "topic",
        option,
        value_name: "TOPIC",
        about,
        form: Form::Text,
        example,
        default: None,
        is_optional: false,
        check: any,
    }
}

fn broker(text: &str) -> Result<(), String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains(['/', '@', ' ', ',']));
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(1..)) => Ok(()),
        _ => Err("is not a host with its port, as `kafka-1:9093`".to_owned()),
    }
}
