//! Whether brokers would take documents, as far as can be asked without writing any.

use std::sync::Arc;

use super::{
    message::Message,
    producer_session::{Pace, ProducerSession},
    settings::{KafkaOutputConfig, TransactionalId},
    transactional_id::transactional_id,
};
use crate::{
    kafka::{KafkaClientError, TopicState},
    pipeline::ExamineOptions,
    support::{counted::counted, finding::Finding},
};

const BROKERS: &str = "brokers";
const TOPIC: &str = "topic";
const TRANSACTIONS: &str = "transactions";
const WRITE: &str = "write";

/// Behind the transactional id of the output: with its own, this would stop a process that runs.
const SUFFIX: &str = "-doctor";

/// Asks what can be asked; writes nothing that readers of committed messages see.
pub(super) async fn examine(config: &Arc<KafkaOutputConfig>, options: &ExamineOptions<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let session = match transactional_id(config, SUFFIX) {
        Ok(id) => ProducerSession::new(config, id).await,
        Err(error) => Err(error),
    };
    let mut session = match session {
        Ok(session) => session,
        Err(error) => return vec![Finding::error(BROKERS, &error)],
    };
    let has_tenant = config.topic.contains("{tenant}");
    let topic = config.topic.replace("{tenant}", "tenant");
    match session.look(&topic).await {
        Ok(state) => {
            findings.push(Finding::ok(BROKERS, &reached(config, &state)));
            findings.push(if has_tenant {
                let text = "there is one for each tenant, so that only a run shows whether it is there";
                Finding::not_asked(TOPIC, text)
            } else {
                topic_finding(&topic, state)
            });
        }
        Err(error) => {
            findings.push(Finding::error(BROKERS, &error));
            findings.push(Finding::not_asked(TOPIC, "brokers cannot be asked"));
            session.close().await;
            return findings;
        }
    }
    if !has_tenant {
        findings.extend(transactions(&mut session, &topic, config, options).await);
    }
    session.close().await;
    findings
}

fn reached(config: &KafkaOutputConfig, state: &TopicState) -> String {
    let brokers = counted(state.brokers as u64, "broker", "brokers");
    let tls = if config.client.tls.is_some() { "TLS" } else { "no TLS" };
    let sign_in = if config.client.sasl.is_some() { "signed in" } else { "no sign-in" };
    format!("{brokers} reached by `{}`; {tls}, {sign_in}", config.client.shown())
}

fn topic_finding(topic: &str, state: TopicState) -> Finding {
    let partitions = counted(state.partitions.len() as u64, "partition", "partitions");
    match state.into_result(topic) {
        Ok(_) => Finding::ok(TOPIC, &format!("`{topic}` has {partitions}")),
        Err(error) => Finding::error(TOPIC, &error),
    }
}

/// Whether transactions are allowed, and writing: what is written is undone.
async fn transactions(
    session: &mut ProducerSession,
    topic: &str,
    config: &KafkaOutputConfig,
    options: &ExamineOptions<'_>,
) -> Vec<Finding> {
    // In a cluster, the ledger has them.
    if matches!(config.transactions, None | Some(TransactionalId::OfCluster)) {
        let text = "whether the user may write is known only when something is written";
        return vec![
            Finding::none(TRANSACTIONS, "not used; a batch that is sent twice is there twice"),
            Finding::not_asked(WRITE, text),
        ];
    }
    let ready = async {
        session.find(topic).await?;
        session.get_ready().await
    };
    if let Err(error) = ready.await {
        let text = "there is no transaction to undo it";
        return vec![Finding::error(TRANSACTIONS, &error), Finding::not_asked(WRITE, text)];
    }
    let ready = Finding::ok(TRANSACTIONS, "allowed, as far as the transactional id of this command shows");
    if !options.may_post {
        let text = "whether the user may write is known only when something is written\nhint: `exotrace doctor \
                    --post-empty` writes an empty message in a transaction, and undoes that";
        return vec![ready, Finding::not_asked(WRITE, text)];
    }
    let write = match write_and_undo(session, topic).await {
        Ok(()) => Finding::ok(WRITE, "an empty message was written in a transaction, which was undone"),
        Err(error) => Finding::error(WRITE, &error),
    };
    vec![ready, write]
}

async fn write_and_undo(session: &mut ProducerSession, topic: &str) -> Result<(), KafkaClientError> {
    session.begin().await?;
    session.send(topic, &[&Message::empty()], Pace::Alone).await?;
    session.abort().await
}
