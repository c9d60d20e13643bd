//! Faults on demand, by the mock of brokers that librdkafka has. What brokers really do is tested with a real one, in
//! tests/end_to_end/kafka.

use std::time::Duration;

use rdkafka::{
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr as Response},
};

use super::{
    kafka_output::KafkaOutput,
    settings::{KafkaOutputConfig, MessageKey, TransactionalId},
};
use crate::{
    kafka::KafkaClientConfig,
    outputs::requests::testing::batch,
    pipeline::{Output as _, OutputError, Receipt},
};

type Brokers = MockCluster<'static, DefaultProducerContext>;

fn brokers() -> Brokers {
    let brokers = Brokers::new(1).unwrap();
    brokers.create_topic("mail", 2, 1).unwrap();
    brokers
}

fn output(brokers: &Brokers, transactional_id: Option<&str>) -> KafkaOutput {
    KafkaOutput::new(&KafkaOutputConfig {
        client: KafkaClientConfig { brokers: vec![brokers.bootstrap_servers()], tls: None, sasl: None },
        topic: "mail".to_owned(),
        key: MessageKey::Delivery,
        transactions: transactional_id.map(|id| TransactionalId::Given(id.to_owned())),
        compression: "none",
        delivery_timeout: Duration::from_secs(10),
    })
}

async fn deliver(output: &mut KafkaOutput) -> Result<Receipt, OutputError> {
    output.deliver(&batch(&["a", "b", "c"])).await
}

#[tokio::test]
async fn what_passes_by_itself_is_waited_for() {
    for id in [None, Some("waiting")] {
        let brokers = brokers();
        brokers.request_errors(
            RDKafkaApiKey::Produce,
            &[Response::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, Response::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION],
        );
        let receipt = deliver(&mut output(&brokers, id)).await.unwrap();
        assert_eq!(receipt, Receipt::default(), "{id:?}");
    }
}

#[tokio::test]
async fn a_missing_permission_needs_a_person() {
    for id in [None, Some("denied")] {
        let brokers = brokers();
        brokers.request_errors(RDKafkaApiKey::Produce, &[Response::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 2]);
        let mut output = output(&brokers, id);
        let error = deliver(&mut output).await.unwrap_err();
        assert!(!error.is_transient() && !error.is_final(), "{error}");
        assert!(error.to_string().contains("grant the user the topic"), "{error}");
        brokers.clear_request_errors(RDKafkaApiKey::Produce);
        deliver(&mut output).await.unwrap();
    }
}

#[tokio::test]
async fn a_fenced_producer_gives_up_for_good() {
    let brokers = brokers();
    let mut first = output(&brokers, Some("one"));
    deliver(&mut first).await.unwrap();
    brokers.request_errors(RDKafkaApiKey::EndTxn, &[Response::RD_KAFKA_RESP_ERR_PRODUCER_FENCED]);
    let error = deliver(&mut first).await.unwrap_err();
    assert!(error.is_final(), "{error}");
    assert!(error.to_string().contains("`transactional_id` `one`"), "{error}");
}

#[tokio::test]
async fn a_batch_that_is_too_large_together_is_sent_one_by_one() {
    for id in [None, Some("large")] {
        let brokers = brokers();
        brokers.request_errors(RDKafkaApiKey::Produce, &[Response::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; 2]);
        let receipt = deliver(&mut output(&brokers, id)).await.unwrap();
        assert!(receipt.rejected.len() <= 1, "{id:?}: {receipt:?}");
    }
}

#[tokio::test]
async fn brokers_that_are_gone_are_asked_again_later() {
    let brokers = brokers();
    let mut output = output(&brokers, None);
    deliver(&mut output).await.unwrap();
    brokers.broker_down(1).unwrap();
    let error = deliver(&mut output).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(error.to_string().starts_with("could not reach brokers"), "{error}");
    brokers.broker_up(1).unwrap();
    deliver(&mut output).await.unwrap();
}
