//! What a client says while it works: kept for the caller that waits for it, and logged without any content of messages.

use std::sync::{Mutex, PoisonError};

use rdkafka::{config::RDKafkaLogLevel, error::KafkaError, types::RDKafkaErrorCode};
use tokio::sync::Notify;
use tracing::debug;

use super::{
    error::{KafkaClientError, code_of},
    settings::KafkaClientConfig,
};

/// The last trouble of a client that no single request is to blame for: brokers out of reach, a refused sign-in.
#[derive(Debug, Default)]
pub(crate) struct ClientNotes {
    last: Mutex<Option<(RDKafkaErrorCode, String)>>,
    changed: Notify,
}

impl ClientNotes {
    /// The client has said this.
    pub(crate) fn note(&self, error: &KafkaError, reason: &str) {
        debug!(code = %code_of(error), reason, "client of Kafka in trouble");
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // That no broker is left comes of what was said before, which says more.
        let is_summary = code_of(error) == RDKafkaErrorCode::AllBrokersDown;
        if !is_summary || last.is_none() {
            *last = Some((code_of(error), reason.to_owned()));
        }
        drop(last);
        self.changed.notify_waiters();
    }

    /// It works again.
    pub(crate) fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Waits for trouble that a person has to mend; gives what it means.
    pub(crate) async fn needs_person(&self, config: &KafkaClientConfig) -> KafkaClientError {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(error) = self.mendable(config) {
                return error;
            }
            changed.await;
        }
    }

    /// What the last trouble means, if a person has to mend it.
    pub(crate) fn mendable(&self, config: &KafkaClientConfig) -> Option<KafkaClientError> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (code, reason) = last.as_ref()?;
        let (brokers, reason) = (config.shown(), shortened(reason));
        match code {
            RDKafkaErrorCode::SSL => Some(KafkaClientError::Tls { brokers, reason }),
            // What a broker thinks of a certificate comes when the connection seems to stand.
            _ if reason.contains("SSL routines") && reason.contains("alert") => {
                Some(KafkaClientError::Tls { brokers, reason })
            }
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
                Some(KafkaClientError::SignIn { brokers, reason })
            }
            _ => None,
        }
    }

    /// Why nothing came of what was asked.
    pub(crate) fn unreachable(&self, config: &KafkaClientConfig) -> KafkaClientError {
        if let Some(error) = self.mendable(config) {
            return error;
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = last.as_ref().map_or_else(|| "no answer in time".to_owned(), |(_, reason)| shortened(reason));
        let hint = match &config.tls {
            Some(_) if reason.contains("isconnect") => "does the port take TLS? `tls = false` if it does not",
            None if reason.contains("isconnect") => "does the port want TLS? `tls = true` then",
            _ => {
                "are `brokers` right, and can this machine reach them? Brokers name each other in `advertised.listeners`"
            }
        };
        KafkaClientError::Unreachable { brokers: config.shown(), reason, hint }
    }
}

/// What the client says of one broker, without what it adds for its own programmers.
fn shortened(reason: &str) -> String {
    let reason = reason.split(" (after ").next().unwrap_or(reason);
    reason.replace(['\n', '\r'], " ").trim().to_owned()
}

/// What the client logs; never above `debug`, since what matters comes as an error.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, text: &str) {
    debug!(?level, facility, text, "librdkafka");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trouble_that_says_most_is_kept() {
        let notes = ClientNotes::default();
        let config = KafkaClientConfig { brokers: vec!["kafka-1:9093".to_owned()], tls: None, sasl: None };
        assert!(notes.unreachable(&config).to_string().contains("no answer in time"));
        let error = KafkaError::Global(RDKafkaErrorCode::Authentication);
        notes.note(
            &error,
            "sasl_ssl://kafka-1:9093/bootstrap: SASL authentication error: no (after 3ms in state AUTH_REQ)",
        );
        notes.note(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let said = notes.mendable(&config).unwrap().to_string();
        assert!(said.starts_with("could not sign in at brokers `kafka-1:9093`"), "{said}");
        assert!(said.contains("SASL authentication error: no\nhint"), "{said}");
        notes.forget();
        assert!(notes.mendable(&config).is_none());
    }
}
