//! This process as a member of the consumer group: a thread that hears which partitions it has, and reads nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rdkafka::{
    client::{ClientContext, OAuthToken},
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance},
    error::KafkaError,
    topic_partition_list::TopicPartitionList,
};
use tokio::runtime::Handle;
use tracing::{debug, info};

use super::{cluster_config::ClusterConfig, holdings::Holdings};
use crate::{
    kafka::{Advice, ClientNotes, KafkaClient, KafkaClientError, TokenProvider, advice, code_of, log},
    support::error_text::chain,
};

/// How long one look for events takes at most: so long may the end of a run wait.
const LOOK: Duration = Duration::from_millis(100);

/// How long to wait before a client is made again that could not be made.
const AGAIN: Duration = Duration::from_secs(1);

/// The client tries again every few seconds, and says so when it fails.
const OVER: Duration = Duration::from_secs(30);

/// This process as a member of the group. It leaves when this is dropped.
pub(super) struct Membership {
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Membership {
    /// Joins the group as `name`; what it has and has not is told to `holdings`.
    pub(super) fn join(config: &ClusterConfig, name: &str, holdings: &Arc<Holdings>) -> Result<Self, KafkaClientError> {
        let notes = Arc::new(ClientNotes::default());
        let (consumer, client) = consumer(config, name, holdings, &notes)?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let member = GroupMember {
            consumer: Some(consumer),
            client,
            notes,
            config: config.clone(),
            name: name.to_owned(),
            holdings: Arc::clone(holdings),
            runtime: Handle::current(),
            is_stopped: Arc::clone(&is_stopped),
            trouble: None,
        };
        let spawned = thread::Builder::new().name("cluster-member".to_owned()).spawn(move || member.run());
        let thread = spawned.map_err(|error| KafkaClientError::Setup(error.to_string()))?;
        Ok(Self { is_stopped, thread: Some(thread) })
    }
}

/// A client that is a member of the group, and what it was made with.
fn consumer(
    config: &ClusterConfig,
    name: &str,
    holdings: &Arc<Holdings>,
    notes: &Arc<ClientNotes>,
) -> Result<(BaseConsumer<MemberContext>, KafkaClient), KafkaClientError> {
    let client = KafkaClient::new(&config.client)?;
    let mut settings = client.settings.clone();
    for (key, value) in [
        ("client.id", name),
        ("group.id", config.group.as_str()),
        ("enable.auto.commit", "false"),
        ("auto.offset.reset", "latest"),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("session.timeout.ms", "10000"),
        ("heartbeat.interval.ms", "2000"),
        // A page under way may take its time before a partition is given away.
        ("max.poll.interval.ms", "300000"),
        ("topic.metadata.refresh.interval.ms", "60000"),
    ] {
        settings.set(key, value);
    }
    let (notes, tokens, holdings) = (Arc::clone(notes), client.tokens.clone(), Arc::clone(holdings));
    let refused = |error: KafkaError| KafkaClientError::refused("could not set up the client".to_owned(), &error);
    let context = MemberContext { notes, tokens, holdings };
    let consumer: BaseConsumer<MemberContext> = settings.create_with_context(context).map_err(refused)?;
    consumer.subscribe(&[config.ledger_topic.as_str()]).map_err(refused)?;
    Ok((consumer, client))
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // That it panicked was said where it did.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// What the thread works with.
struct GroupMember {
    /// None while it cannot be made.
    consumer: Option<BaseConsumer<MemberContext>>,
    client: KafkaClient,
    notes: Arc<ClientNotes>,
    config: ClusterConfig,
    name: String,
    holdings: Arc<Holdings>,
    /// Where a token is asked for.
    runtime: Handle,
    is_stopped: Arc<AtomicBool>,
    /// What a person has to mend, and when that was said last.
    trouble: Option<(String, Instant)>,
}

impl GroupMember {
    fn run(mut self) {
        while !self.is_stopped.load(Ordering::Relaxed) {
            let Some(consumer) = &self.consumer else {
                thread::sleep(AGAIN);
                self.join_anew();
                continue;
            };
            // What is in the topic is read by who has the partition.
            let failed = consumer.poll(LOOK).and_then(Result::err);
            if let Some(error) = failed {
                self.fail(&error);
            }
            if let Some(error) = self.notes.mendable(&self.config.client) {
                // The client says it again for as long as it is so.
                self.notes.forget();
                self.needs_person(chain(&error));
                self.follow_files();
            }
            self.recover();
        }
    }

    /// Signs in with what is in the files now, if that is something else: the client keeps what it was made with.
    fn follow_files(&mut self) {
        if self.client.is_outdated() {
            info!("secret files changed; rejoining the cluster");
            // First: what is assigned to the next one would be taken for what this one has.
            self.consumer = None;
            self.holdings.release_all();
            self.join_anew();
        }
    }

    fn join_anew(&mut self) {
        let made = {
            let _entered = self.runtime.enter();
            consumer(&self.config, &self.name, &self.holdings, &self.notes)
        };
        match made {
            Ok((consumer, client)) => (self.consumer, self.client) = (Some(consumer), client),
            Err(error) => self.needs_person(chain(&error)),
        }
    }

    fn fail(&mut self, error: &KafkaError) {
        let code = code_of(error);
        if advice(code) == Advice::Person && self.notes.mendable(&self.config.client).is_none() {
            let what = format!("could not join group `{}`", self.config.group);
            self.needs_person(chain(&KafkaClientError::Refused { what, code }));
        } else {
            // The client tries again by itself.
            debug!(%code, "member of the cluster in trouble");
        }
    }

    /// Says it, once.
    fn needs_person(&mut self, reason: String) {
        if self.trouble.as_ref().is_none_or(|(said, _)| *said != reason) {
            self.holdings.needs_person(reason.clone());
        }
        self.trouble = Some((reason, Instant::now()));
    }

    /// Trouble that was not said again is over.
    fn recover(&mut self) {
        if self.trouble.as_ref().is_some_and(|(_, at)| at.elapsed() > OVER) {
            self.trouble = None;
            self.holdings.recovered();
        }
    }
}

/// What the client tells.
struct MemberContext {
    notes: Arc<ClientNotes>,
    tokens: Option<Arc<TokenProvider>>,
    holdings: Arc<Holdings>,
}

impl ClientContext for MemberContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.notes.note(&error, reason);
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.tokens.as_ref().ok_or("no way to get a token")?.token()
    }
}

impl ConsumerContext for MemberContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                let partitions = partitions(list);
                info!(?partitions, "partitions assigned");
                self.notes.forget();
                self.holdings.take(&partitions);
            }
            Rebalance::Revoke(list) => {
                let (partitions, is_lost) = (partitions(list), consumer.assignment_lost());
                info!(?partitions, is_lost, "partitions revoked");
                // Others have what is lost already.
                if is_lost { self.holdings.lose(&partitions) } else { self.holdings.release(&partitions) }
            }
            Rebalance::Error(error) => debug!(%error, "could not rebalance"),
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance
            && let Err(error) = consumer.pause(list)
        {
            // It is read in vain then.
            debug!(%error, "could not pause partitions");
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    list.elements().iter().map(|element| element.partition()).collect()
}
