//! Why something could not be done with brokers, and what may help. Says nothing of what is in messages.

use std::{io, path::PathBuf};

use rdkafka::{
    client::{Client, ClientContext},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

/// What may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Doing it again.
    Retry,
    /// A person who mends something.
    Person,
    /// Leaving out this message, which is too large.
    LeaveOut,
    /// Nothing: another process writes in its place.
    GiveUp,
}

/// Why something could not be done with brokers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KafkaClientError {
    /// A file of the settings cannot be read.
    #[error("could not read `{}`", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of the settings is not what it should be.
    #[error("`{}` is not as needed\nhint: {hint}", path.display())]
    NotPem {
        /// Which file.
        path: PathBuf,
        /// What it should be.
        hint: &'static str,
    },
    /// A file has no secret in it, or cannot be read.
    #[error("could not read secret `{}`", path.display())]
    SecretFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client refuses its settings: what it says has no secret in it.
    #[error("could not set up the client of Kafka: {0}")]
    Setup(String),
    /// No broker answered.
    #[error("could not reach brokers `{brokers}`: {reason}\nhint: {hint}")]
    Unreachable {
        /// Which brokers.
        brokers: String,
        /// What the client says.
        reason: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The sign-in was refused, or the token endpoint gives no token.
    #[error(
        "could not sign in at brokers `{brokers}`: {reason}\nhint: are `sasl.mechanism` and what goes with it right?"
    )]
    SignIn {
        /// Which brokers.
        brokers: String,
        /// What the client says.
        reason: String,
    },
    /// There is no TLS, or no trust.
    #[error(
        "could not reach brokers `{brokers}`: {reason}\nhint: `ca_file` names the certificates of a private authority; \
         `certificate_file` is what to show where brokers ask for one; does the port take TLS?"
    )]
    Tls {
        /// Which brokers.
        brokers: String,
        /// What the client says.
        reason: String,
    },
    /// A broker refused.
    #[error("{what}: {}{}", text(*code), hint(*code))]
    Refused {
        /// What was being done.
        what: String,
        /// The error of the broker or the client.
        code: RDKafkaErrorCode,
    },
    /// The topic is to have the tenant in it, and the source does not say it.
    #[error(
        "topic `{topic}` needs the tenant of a source that has no `tenant_id`\nhint: set `tenant_id` of the source, or leave `{{tenant}}` out"
    )]
    NoTenant {
        /// The topic, as the settings have it.
        topic: String,
    },
    /// Another process has the same transactional id.
    #[error(
        "another process writes with `transactional_id` `{id}` since, so that this one must not\nhint: run one process \
         with a state folder, and give each a `transactional_id` of its own"
    )]
    Fenced {
        /// The transactional id.
        id: String,
    },
    /// The thread that waits for the client ended.
    #[error("could not wait for the client of Kafka")]
    Worker(#[from] tokio::task::JoinError),
}

impl KafkaClientError {
    /// A broker, or the client, refused something.
    pub(crate) fn refused(what: String, error: &KafkaError) -> Self {
        match error {
            // Its own text repeats the value, which may be a secret.
            KafkaError::ClientConfig(_, description, key, _) => Self::Setup(format!("{key}: {description}")),
            KafkaError::ClientCreation(description) => Self::Setup(description.clone()),
            error => Self::Refused { what, code: code_of(error) },
        }
    }

    /// What may help.
    pub(crate) fn advice(&self) -> Advice {
        match self {
            Self::Unreachable { .. } | Self::Worker(_) => Advice::Retry,
            Self::Fenced { .. } => Advice::GiveUp,
            Self::Refused { code, .. } => advice(*code),
            Self::File { .. }
            | Self::NotPem { .. }
            | Self::SecretFile { .. }
            | Self::Setup(_)
            | Self::NoTenant { .. }
            | Self::SignIn { .. }
            | Self::Tls { .. } => Advice::Person,
        }
    }
}

/// Why a client cannot go on at all, if that is so: what its calls return then says something else.
pub(crate) fn fatal_code<C: ClientContext>(client: &Client<C>) -> Option<RDKafkaErrorCode> {
    client.fatal_error().map(|(code, _)| code)
}

/// The code of an error of any kind.
pub(crate) fn code_of(error: &KafkaError) -> RDKafkaErrorCode {
    match error {
        KafkaError::Transaction(error) => error.code(),
        error => error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
    }
}

/// Whether the client only gave up a message because of something else.
pub(crate) fn is_consequence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::Fatal | Code::PurgeInflight | Code::PurgeQueue | Code::State)
}

/// What may help against an error of a broker or of the client.
pub(crate) fn advice(code: RDKafkaErrorCode) -> Advice {
    use RDKafkaErrorCode as Code;
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => Advice::LeaveOut,
        Code::Fenced | Code::ProducerFenced => Advice::GiveUp,
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState
        | Code::SSL
        | Code::SecurityDisabled
        | Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::InvalidTopic
        | Code::PolicyViolation
        | Code::InvalidRecord
        | Code::InvalidRequiredAcks
        | Code::InvalidConfig
        | Code::InvalidTransactionTimeout
        | Code::InvalidTimestamp
        | Code::InvalidGroupId
        | Code::InconsistentGroupProtocol
        | Code::UnsupportedVersion
        | Code::UnsupportedFeature
        | Code::UnsupportedCompressionType
        | Code::UnsupportedForMessageFormat
        | Code::InvalidArgument => Advice::Person,
        _ => Advice::Retry,
    }
}

/// What an error says, without what the client adds for programmers.
fn text(code: RDKafkaErrorCode) -> String {
    let text = code.to_string();
    text.split_once(" (").map_or(text.as_str(), |(_, text)| text.trim_end_matches(')')).to_owned()
}

/// The way out, as a line of its own.
fn hint(code: RDKafkaErrorCode) -> &'static str {
    use RDKafkaErrorCode as Code;
    match code {
        Code::TopicAuthorizationFailed => {
            "\nhint: grant the user the topic: `Write` and `Describe` for an output, `Read` for a source, all three for the topics of a cluster"
        }
        Code::GroupAuthorizationFailed => "\nhint: grant the user `Read` and `Describe` on the consumer group",
        Code::TransactionalIdAuthorizationFailed => {
            "\nhint: grant the user `Write` and `Describe` on transactional ids that begin with `exotrace-`"
        }
        Code::ClusterAuthorizationFailed => {
            "\nhint: grant the user the topic: `Write` and `Describe`; brokers before 2.8 want `IdempotentWrite` on the cluster, too"
        }
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            "\nhint: create the topic, or correct `topic`"
        }
        Code::InvalidRecord => "\nhint: a compacted topic needs `key = \"delivery\"`",
        Code::InvalidTransactionTimeout => {
            "\nhint: `transaction.max.timeout.ms` of the brokers has to be at least `delivery_timeout` of the output, and 60 s for a cluster"
        }
        Code::InvalidTimestamp => {
            "\nhint: `message.timestamp.before.max.ms` of the topic has to allow documents that are that old"
        }
        Code::UnsupportedCompressionType => "\nhint: `compression = \"gzip\"` is understood by all",
        Code::UnsupportedVersion | Code::UnsupportedFeature => {
            "\nhint: the brokers do not have what is asked for; transactions need `transactional = false` there"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::types::RDKafkaErrorCode as Code;

    use super::*;

    #[test]
    fn what_a_person_has_to_mend_is_told_from_what_passes() {
        for (code, expected) in [
            (Code::MessageSizeTooLarge, Advice::LeaveOut),
            (Code::TopicAuthorizationFailed, Advice::Person),
            (Code::UnknownTopicOrPartition, Advice::Person),
            (Code::SaslAuthenticationFailed, Advice::Person),
            (Code::ProducerFenced, Advice::GiveUp),
            (Code::InvalidProducerEpoch, Advice::Retry),
            (Code::NotEnoughReplicas, Advice::Retry),
            (Code::NotEnoughReplicasAfterAppend, Advice::Retry),
            (Code::RequestTimedOut, Advice::Retry),
            (Code::MessageTimedOut, Advice::Retry),
            (Code::BrokerTransportFailure, Advice::Retry),
            (Code::NotLeaderForPartition, Advice::Retry),
            (Code::ConcurrentTransactions, Advice::Retry),
        ] {
            assert_eq!(advice(code), expected, "{code}");
        }
    }

    #[test]
    fn what_is_said_has_no_secret_in_it() {
        let error = KafkaError::ClientConfig(
            rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            "Invalid value".to_owned(),
            "sasl.password".to_owned(),
            "hunter2".to_owned(),
        );
        let said = KafkaClientError::refused("x".to_owned(), &error).to_string();
        assert!(said.contains("sasl.password") && !said.contains("hunter2"), "{said}");
    }
}
