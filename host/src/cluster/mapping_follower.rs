//! Takes what is decided about the mapping for the whole cluster, once each, and says what became of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::spawn_blocking, time::sleep};
use tracing::{error, info, warn};

use super::{
    cluster_config::ClusterConfig,
    cluster_decision::{ClusterDecision, DecisionReport, DecisionState},
    cluster_error::ClusterError,
    mapping_topic::{MappingTopic, MappingTopicState},
};
use crate::{
    deployment::{Deployment, ExactSwap, HotSwap},
    observe::{
        health::{Health, Part},
        metrics::metrics,
    },
    support::error_text::chain,
};

/// How often the topic is looked at.
const LOOK: Duration = Duration::from_secs(3);

/// How long to wait before a mapping is compiled and tried once more that this machine could not take.
const AGAIN: Duration = Duration::from_secs(60);

/// Takes what is decided for the whole cluster.
pub(crate) struct MappingFollower {
    /// The cluster.
    pub config: ClusterConfig,
    /// What the group calls this process.
    pub name: String,
    /// What takes it.
    pub hot_swap: Arc<HotSwap>,
    /// Where trouble is told.
    pub health: Arc<Health>,
    /// Told when what is decided is known, and was tried.
    pub known: watch::Sender<bool>,
}

/// What is known from one look to the next.
#[derive(Default)]
struct Followed {
    topic: Option<MappingTopic>,
    /// What was said last.
    told: Option<DecisionReport>,
    /// What others can read.
    reported: Option<DecisionReport>,
    /// What could not be taken, until when, and why.
    put_off: Option<(String, Instant, String)>,
    /// What is wrong with brokers.
    trouble: Option<String>,
}

impl MappingFollower {
    /// Follows for ever.
    pub(crate) async fn follow(self) {
        let mut followed = Followed::default();
        loop {
            match self.look(&mut followed).await {
                Ok(()) => {
                    followed.trouble = None;
                    self.known.send_replace(true);
                }
                Err(error) => self.tell_trouble(&mut followed, &error),
            }
            sleep(LOOK).await;
        }
    }

    async fn look(&self, followed: &mut Followed) -> Result<(), ClusterError> {
        let (config, topic) = (self.config.clone(), followed.topic.take());
        // A client that fails is created again the next time.
        let (topic, state) = spawn_blocking(move || {
            let mut topic = topic.map_or_else(|| MappingTopic::new(&config), Ok)?;
            let state = topic.read()?;
            Ok::<_, ClusterError>((topic, state))
        })
        .await??;
        followed.topic = Some(topic);
        // Without the topic nothing is decided.
        let MappingTopicState { decision, problem, .. } = state.unwrap_or_default();
        if let Some(problem) = problem {
            return Err(ClusterError::UnknownDecision { problem });
        }
        let Some(decision) = decision else {
            self.health.working(Part::ClusterMapping, "");
            return Ok(());
        };
        let report = self.take(&decision, followed).await?;
        self.tell(&report, &decision, followed);
        self.report(report, followed).await
    }

    /// Takes a decision, unless that was done.
    async fn take(&self, decision: &ClusterDecision, followed: &mut Followed) -> Result<DecisionReport, ClusterError> {
        let deployment = self.hot_swap.deployment();
        if !deployment.is_configured_as(&decision.settings) {
            return Ok(report(deployment, decision, DecisionState::Outdated, None));
        }
        let noted = deployment.cluster_decision().filter(|noted| noted.id == decision.id);
        let Some(noted) = noted else { return self.try_out(decision, followed).await };
        let is_used = deployment.status().digest == decision.mapping.digest;
        Ok(match noted.refused {
            _ if is_used => report(deployment, decision, DecisionState::Taken, None),
            Some(reason) => report(deployment, decision, DecisionState::Refused, Some(reason)),
            None => report(deployment, decision, DecisionState::Replaced, None),
        })
    }

    async fn try_out(
        &self,
        decision: &ClusterDecision,
        followed: &mut Followed,
    ) -> Result<DecisionReport, ClusterError> {
        let deployment = self.hot_swap.deployment();
        if let Some((id, until, reason)) = &followed.put_off
            && *id == decision.id
            && Instant::now() < *until
        {
            return Ok(report(deployment, decision, DecisionState::Waiting, Some(reason.clone())));
        }
        let (mapping, by) = (&decision.mapping, format!("{} for the cluster", decision.by));
        let wanted = (mapping.version.as_str(), mapping.digest.as_str());
        let put = if decision.is_rollback {
            self.hot_swap.go_back_to(wanted, &by).await
        } else {
            self.hot_swap.put_exactly(wanted, decision.allowed, &by).await
        };
        Ok(match put {
            ExactSwap::Done(done) => {
                info!(mapping = mapping.version, digest = mapping.digest, done, "mapping of the cluster taken");
                self.note(decision, None).await?;
                report(deployment, decision, DecisionState::Taken, None)
            }
            ExactSwap::Refused(reason) => {
                self.note(decision, Some(reason.clone())).await?;
                report(deployment, decision, DecisionState::Refused, Some(reason))
            }
            ExactSwap::NotNow(reason) => report(deployment, decision, DecisionState::Waiting, Some(reason)),
            ExactSwap::Later(reason) => {
                followed.put_off = Some((decision.id.clone(), Instant::now() + AGAIN, reason.clone()));
                report(deployment, decision, DecisionState::Waiting, Some(reason))
            }
        })
    }

    /// Notes on disk that a decision was taken, or why it was refused.
    async fn note(&self, decision: &ClusterDecision, refused: Option<String>) -> Result<(), ClusterError> {
        let (deployment, id) = (Arc::clone(self.hot_swap.deployment()), decision.id.clone());
        Ok(spawn_blocking(move || deployment.note_cluster_decision(&id, refused)).await?)
    }

    fn tell(&self, report: &DecisionReport, decision: &ClusterDecision, followed: &mut Followed) {
        let reason = report.reason.clone().unwrap_or_default();
        if followed.told.as_ref() != Some(report) {
            let (wanted, used, state) = (decision.mapping.shown(), &report.mapping, report.state.as_str());
            if report.state.needs_person() {
                error!(wanted, used, reason, state, "mapping of the cluster is not used");
            } else if report.state != DecisionState::Taken {
                warn!(wanted, used, state, "mapping of the cluster is not used");
            }
            followed.told = Some(report.clone());
        }
        let is_elsewhere = report.state.needs_person() || report.state == DecisionState::Replaced;
        metrics().cluster.maps_otherwise(&self.config.group, is_elsewhere);
        if report.state.needs_person() {
            let text = format!("mapping {} of the cluster is not used: {reason}", decision.mapping.shown());
            self.health.needs_attention(Part::ClusterMapping, "", text);
        } else {
            self.health.working(Part::ClusterMapping, "");
        }
    }

    /// Lets others read what became of it.
    async fn report(&self, report: DecisionReport, followed: &mut Followed) -> Result<(), ClusterError> {
        if followed.reported.as_ref() == Some(&report) {
            return Ok(());
        }
        let Some(topic) = followed.topic.take() else { return Ok(()) };
        let (name, written) = (self.name.clone(), report.clone());
        followed.topic = Some(spawn_blocking(move || topic.report(&name, &written).map(|()| topic)).await??);
        followed.reported = Some(report);
        Ok(())
    }

    fn tell_trouble(&self, followed: &mut Followed, error: &ClusterError) {
        let text = chain(error);
        if followed.trouble.as_ref() != Some(&text) {
            warn!(error = text, "could not follow decisions about the mapping; trying again");
        }
        if error.needs_person() {
            self.health.needs_attention(Part::ClusterMapping, "", text.clone());
        } else {
            self.health.retrying(Part::ClusterMapping, "", text.clone());
        }
        followed.trouble = Some(text);
    }
}

fn report(
    deployment: &Deployment,
    decision: &ClusterDecision,
    state: DecisionState,
    reason: Option<String>,
) -> DecisionReport {
    let status = deployment.status();
    DecisionReport { decision: decision.id.clone(), state, reason, mapping: status.mapping, digest: status.digest }
}
