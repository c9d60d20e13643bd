//! How the parts of a run are doing, for those who watch. Nothing depends on it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};

/// A disk that has not answered for this long hangs. Every other wait has a limit of its own.
const STALLED: Duration = Duration::from_secs(30 * 60);

/// What may fail by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// What is read.
    Source,
    /// Where documents go.
    Output,
    /// What is done.
    Ledger,
    /// What cannot be delivered.
    DeadLetter,
    /// Raw records that are kept.
    Archive,
    /// Settings that were to be reloaded; a part only while they are refused.
    Settings,
    /// What this process has of a cluster.
    Cluster,
    /// What was decided about the mapping of all processes of a cluster.
    ClusterMapping,
}

impl Part {
    /// The word for metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Output => "output",
            Self::Ledger => "ledger",
            Self::DeadLetter => "dead_letter",
            Self::Archive => "archive",
            Self::Settings => "settings",
            Self::Cluster => "cluster",
            Self::ClusterMapping => "cluster_mapping",
        }
    }
}

/// How a part is doing, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It did what it was asked for when it was asked last.
    Working,
    /// It has not been reached so far.
    Starting,
    /// It failed in a way that passes; it is tried again soon.
    Retrying,
    /// It failed in a way that a person has to mend; it is tried again slowly.
    NeedsAttention,
    /// A disk has not answered it for half an hour.
    Stalled,
}

impl State {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Working, Self::Starting, Self::Retrying, Self::NeedsAttention, Self::Stalled];

    /// The word for metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Working => "working",
            Self::Retrying => "retrying",
            Self::NeedsAttention => "needs_attention",
            Self::Stalled => "stalled",
        }
    }
}

/// How one part is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Condition {
    /// What it is.
    pub part: Part,
    /// What the settings call it; empty for what there is one of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How it is doing.
    pub state: State,
    /// Since when.
    #[serde(serialize_with = "in_milliseconds")]
    pub since: DateTime<Utc>,
    /// What failed. Never served over HTTP: a service that echoes a secret would show it to all.
    #[serde(skip)]
    pub reason: Option<String>,
    /// Since when it waits for a disk.
    #[serde(skip)]
    busy_since: Option<(Instant, DateTime<Utc>)>,
}

/// As times are in logs.
fn in_milliseconds<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// How the parts of a run are doing.
#[derive(Debug, Default)]
pub(crate) struct Health {
    conditions: Mutex<Vec<Condition>>,
}

impl Health {
    /// A run begins with these sources and outputs; what was known of another run is discarded.
    pub(crate) fn begin<'n>(&self, sources: impl Iterator<Item = &'n str>, outputs: impl Iterator<Item = &'n str>) {
        let new = Condition::new;
        let mut conditions: Vec<_> = sources.map(|name| new(Part::Source, name, State::Starting)).collect();
        // As long as there is nothing to deliver, nothing is wrong with an output.
        conditions.extend(outputs.map(|name| new(Part::Output, name, State::Working)));
        conditions.push(new(Part::Ledger, "", State::Working));
        conditions.push(new(Part::DeadLetter, "", State::Working));
        *self.lock() = conditions;
    }

    /// The run has this part as well, which there is one of.
    pub(crate) fn add(&self, part: Part) {
        self.lock().push(Condition::new(part, "", State::Working));
    }

    /// Other settings were refused, until a run begins with some that are right.
    pub(crate) fn settings_refused(&self, reason: String) {
        let mut conditions = self.lock();
        conditions.retain(|condition| condition.part != Part::Settings);
        let mut condition = Condition::new(Part::Settings, "", State::Working);
        condition.turn(State::NeedsAttention, Some(reason));
        conditions.push(condition);
    }

    /// A part begins beside those that are there.
    pub(crate) fn enter(&self, part: Part, name: &str) {
        self.leave(part, name);
        self.lock().push(Condition::new(part, name, State::Starting));
    }

    /// A part is gone.
    pub(crate) fn leave(&self, part: Part, name: &str) {
        self.lock().retain(|condition| condition.part != part || condition.name != name);
    }

    /// Waits for what a part asks a disk for: nothing else sets a limit to that.
    pub(crate) async fn wait_for_disk<T>(&self, part: Part, name: &str, answer: impl Future<Output = T>) -> T {
        self.busy(part, name);
        let answer = answer.await;
        self.idle(part, name);
        answer
    }

    fn busy(&self, part: Part, name: &str) {
        self.change(part, name, |condition| {
            condition.busy_since.get_or_insert_with(|| (Instant::now(), Utc::now()));
        });
    }

    fn idle(&self, part: Part, name: &str) {
        self.change(part, name, |condition| condition.busy_since = None);
    }

    /// A part does its work; whether all of it succeeds is not known yet.
    pub(crate) fn started(&self, part: Part, name: &str) {
        self.change(part, name, |condition| {
            if condition.state == State::Starting {
                condition.turn(State::Working, None);
            }
        });
    }

    /// A part did what it was asked for.
    pub(crate) fn working(&self, part: Part, name: &str) {
        self.change(part, name, |condition| condition.turn(State::Working, None));
    }

    /// A part failed; it will be tried again.
    pub(crate) fn retrying(&self, part: Part, name: &str, reason: String) {
        self.change(part, name, |condition| condition.turn(State::Retrying, Some(reason)));
    }

    /// A part failed, and a person has to do something about it.
    pub(crate) fn needs_attention(&self, part: Part, name: &str, reason: String) {
        self.change(part, name, |condition| condition.turn(State::NeedsAttention, Some(reason)));
    }

    /// How every part is doing, in the order of the settings.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        let mut conditions = self.lock().clone();
        for condition in &mut conditions {
            if let Some((_, since)) = condition.busy_since.filter(|(since, _)| since.elapsed() > STALLED) {
                (condition.state, condition.since) = (State::Stalled, since);
                condition.reason = Some("a disk does not answer".to_owned());
            }
        }
        conditions
    }

    fn change(&self, part: Part, name: &str, change: impl FnOnce(&mut Condition)) {
        let mut conditions = self.lock();
        if let Some(condition) = conditions.iter_mut().find(|it| it.part == part && it.name == name) {
            change(condition);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Condition>> {
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Condition {
    fn new(part: Part, name: &str, state: State) -> Self {
        Self { part, name: name.to_owned(), state, since: Utc::now(), reason: None, busy_since: None }
    }

    fn turn(&mut self, state: State, reason: Option<String>) {
        if self.state != state {
            self.since = Utc::now();
        }
        (self.state, self.reason) = (state, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> Health {
        let health = Health::default();
        health.begin(["graph"].into_iter(), ["one", "two"].into_iter());
        health
    }

    fn states(health: &Health) -> Vec<State> {
        health.conditions().iter().map(|condition| condition.state).collect()
    }

    #[test]
    fn refused_settings_are_a_part_until_a_run_begins_with_others() {
        let health = health();
        health.settings_refused("one".to_owned());
        health.settings_refused("two".to_owned());
        let conditions = health.conditions();
        let refused: Vec<_> = conditions.iter().filter(|condition| condition.part == Part::Settings).collect();
        assert_eq!((refused.len(), refused[0].state), (1, State::NeedsAttention));
        assert_eq!(refused[0].reason.as_deref(), Some("two"));
        health.begin(["graph"].into_iter(), ["one"].into_iter());
        assert!(health.conditions().iter().all(|condition| condition.part != Part::Settings));
    }

    #[test]
    fn each_part_has_a_state_of_its_own() {
        let health = health();
        assert_eq!(states(&health)[..3], [State::Starting, State::Working, State::Working]);
        health.working(Part::Source, "graph");
        health.retrying(Part::Output, "two", "no answer".to_owned());
        health.needs_attention(Part::Output, "one", "no permission".to_owned());
        assert_eq!(states(&health)[..3], [State::Working, State::NeedsAttention, State::Retrying]);
        assert_eq!(health.conditions()[1].reason.as_deref(), Some("no permission"));
        health.working(Part::Output, "one");
        assert_eq!(health.conditions()[1].reason, None);
    }

    #[test]
    fn since_is_when_a_state_began() {
        let health = health();
        let began = health.conditions()[1].since;
        health.working(Part::Output, "one");
        assert_eq!(health.conditions()[1].since, began);
    }

    #[test]
    fn what_waits_for_a_disk_for_too_long_is_stalled() {
        let health = health();
        health.busy(Part::Output, "one");
        assert_eq!(states(&health)[1], State::Working);
        let long_ago = Instant::now().checked_sub(STALLED + Duration::from_secs(1)).unwrap();
        health.lock()[1].busy_since = Some((long_ago, DateTime::UNIX_EPOCH));
        // A thread that waits for it changes nothing.
        health.busy(Part::Output, "one");
        let stalled = &health.conditions()[1];
        assert_eq!((stalled.state, stalled.since), (State::Stalled, DateTime::UNIX_EPOCH));
        assert_eq!(stalled.reason.as_deref(), Some("a disk does not answer"));
        health.idle(Part::Output, "one");
        assert_eq!(states(&health)[1], State::Working);
    }

    #[test]
    fn what_has_failed_is_not_well_for_having_started() {
        let health = health();
        health.started(Part::Source, "graph");
        assert_eq!(states(&health)[0], State::Working);
        health.retrying(Part::Source, "graph", "no answer".to_owned());
        health.started(Part::Source, "graph");
        assert_eq!(states(&health)[0], State::Retrying);
    }
}
