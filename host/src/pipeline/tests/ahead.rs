//! Batches that are read and mapped beside the delivery of those in front of them: delivered and noted in order, each
//! once, and never more of them than there is room for.

use std::{collections::VecDeque, future, ops::Range, sync::LazyLock};

use async_trait::async_trait;
use serde_json::Value;
use tokio::{sync::watch, time::timeout};

use super::{
    super::{
        read_ahead::MOST_RECORD_BYTES,
        run_context::{RunContext, RunParts},
        worker::{PollEnd, poll},
    },
    harness::TestSetup,
    *,
};
use crate::{
    deployment::{Deployment, RollbackPolicy},
    ledger::{LedgerError, Mark},
    mapper::{Ahead, Component, Limits, MappedBatch, Origin, Settings, built_in, most_spares},
    pipeline::dead_letter::DeadLetterFile,
    support::{finding::Finding, record_key::RecordKey, retry::Backoff},
};

/// Batches that are read ahead, on any number of cores.
const AHEAD: usize = 3;

fn deployment(policy: RollbackPolicy) -> Arc<Deployment> {
    static COMPONENT: LazyLock<Component> = LazyLock::new(|| Component::new(built_in("2.2").unwrap().bytes).unwrap());
    let starts = vec![(COMPONENT.clone(), Settings::default())];
    Deployment::new(starts, Limits::default(), policy, &Arc::default()).unwrap()
}

fn identity(deployment: &Arc<Deployment>) -> Arc<SourceIdentity> {
    let (name, label) = ("ahead".to_owned(), "ahead".to_owned());
    Arc::new(SourceIdentity { name, label, mapper: deployment.mapper(0) })
}

/// A record with this subject, at least this many bytes long.
fn record(subject: &str, length: usize) -> String {
    let filling = "x".repeat(length);
    format!(
        "{{\"id\":\"{subject}\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"subject\":\"{subject}\",\"x\":\"{filling}\"}}\n"
    )
}

/// Batches of records with the numbers of each as subjects.
struct NumberedSource {
    identity: Arc<SourceIdentity>,
    left: VecDeque<Range<usize>>,
    record_bytes: usize,
    given: watch::Sender<usize>,
    noted: Arc<Mutex<Vec<usize>>>,
    /// Lengths of the batches of which it has not heard.
    under_way: VecDeque<usize>,
    /// The most bytes that it has given ahead.
    most_ahead: usize,
    /// Whether it never answers when it is to read ahead, as on a disk that hangs.
    hangs: bool,
    /// Whether its batches are read together, as those of a page are.
    is_one_page: bool,
    is_rewound: bool,
}

struct OrderedCheckpoint {
    first: usize,
    noted: Arc<Mutex<Vec<usize>>>,
}

impl Checkpoint for OrderedCheckpoint {
    fn note(&self, _: &mut Ledger, _: &str, _: &[Mark]) -> Result<(), LedgerError> {
        self.noted.lock().unwrap().push(self.first);
        Ok(())
    }
}

impl NumberedSource {
    fn new(deployment: &Arc<Deployment>, batches: &[Range<usize>]) -> Self {
        Self {
            identity: identity(deployment),
            left: batches.iter().cloned().collect(),
            record_bytes: 0,
            given: watch::channel(0).0,
            noted: Arc::default(),
            under_way: VecDeque::new(),
            most_ahead: 0,
            hangs: false,
            is_one_page: false,
            is_rewound: false,
        }
    }

    fn give(&mut self) -> Option<RecordBatch> {
        let numbers = self.left.pop_front()?;
        let first = numbers.start;
        let lines: Vec<_> = numbers.map(|number| record(&number.to_string(), self.record_bytes)).collect();
        let records = lines.concat();
        self.under_way.push_back(records.len());
        self.most_ahead = self.most_ahead.max(self.under_way.iter().skip(1).sum());
        self.given.send_modify(|given| *given += 1);
        Some(RecordBatch {
            source: Arc::clone(&self.identity),
            keys: lines.iter().map(|line| RecordKey::of(line)).collect(),
            records,
            origin: Origin::default(),
            output: None,
            dead_letters: Vec::new(),
            position: None,
            checkpoint: Arc::new(OrderedCheckpoint { first, noted: Arc::clone(&self.noted) }),
        })
    }
}

#[async_trait]
impl Source for NumberedSource {
    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    async fn next(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        Ok(self.give())
    }

    async fn read_ahead(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        if self.hangs {
            future::pending::<()>().await;
        }
        Ok(self.give())
    }

    fn has_read_ahead(&self) -> bool {
        self.is_one_page && !(self.left.is_empty() && self.under_way.is_empty())
    }

    fn committed(&mut self, _: &Committed, _: &SourceRun) {
        self.under_way.pop_front();
    }

    fn rewind(&mut self) {
        self.is_rewound = true;
    }
}

/// What has been delivered: subjects, and the version that mapped each batch.
#[derive(Default)]
struct SeenDocuments {
    subjects: Vec<String>,
    versions: Vec<String>,
}

type Action = Box<dyn FnMut(usize) -> Result<(), OutputError> + Send>;

/// Takes no batch before the source has given this number behind it, or all; then does something, by the number of the batch.
struct PatientOutput {
    given: watch::Receiver<usize>,
    all: usize,
    ahead: usize,
    delivered: Arc<Mutex<SeenDocuments>>,
    action: Action,
}

#[async_trait]
impl Output for PatientOutput {
    async fn examine(&mut self, _: &ExamineOptions<'_>) -> Vec<Finding> {
        Vec::new()
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        let number = self.delivered.lock().unwrap().versions.len();
        let needed = (number + 1 + self.ahead).min(self.all);
        let given = self.given.wait_for(|given| *given >= needed);
        assert!(timeout(Duration::from_secs(60), given).await.is_ok(), "nothing was read ahead");
        (self.action)(number)?;
        let subject = |document: &str| {
            serde_json::from_str::<Value>(document).unwrap()["email"]["subject"].as_str().unwrap().to_owned()
        };
        let mut delivered = self.delivered.lock().unwrap();
        delivered.subjects.extend(batch.documents.lines().map(subject));
        delivered.versions.push(batch.versions());
        Ok(Receipt::default())
    }
}

/// A run of a source of batches.
struct PolledBatches {
    end: Result<PollEnd, RunError>,
    summary: Summary,
    delivered: SeenDocuments,
    source: NumberedSource,
}

impl PolledBatches {
    fn noted(&self) -> Vec<usize> {
        self.source.noted.lock().unwrap().clone()
    }

    #[track_caller]
    fn check_all(&self, batches: &[Range<usize>]) {
        assert!(self.end.is_ok());
        let all = batches.iter().cloned().flatten().map(|number| number.to_string());
        assert_eq!(self.delivered.subjects, all.collect::<Vec<_>>());
        assert_eq!(self.noted(), batches.iter().map(|batch| batch.start).collect::<Vec<_>>());
        assert_eq!(self.summary.documents as usize, self.delivered.subjects.len());
    }
}

/// Polls a source, whose batches are taken when this number behind them is read.
async fn polled(
    mut source: NumberedSource,
    ahead: usize,
    mut action: impl FnMut(usize, &watch::Sender<bool>) -> Result<(), OutputError> + Send + 'static,
) -> PolledBatches {
    let setup = TestSetup::new(0).await;
    let (stop, stopped) = watch::channel(false);
    let delivered = Arc::<Mutex<SeenDocuments>>::default();
    let output = PatientOutput {
        given: source.given.subscribe(),
        all: source.left.len(),
        ahead,
        delivered: Arc::clone(&delivered),
        action: Box::new(move |number| action(number, &stop)),
    };
    let parts = RunParts {
        ledger: Ledger::open(setup.folder.path()).unwrap(),
        outputs: vec![("test".to_owned(), Box::new(output))],
        dead_letter: DeadLetterFile::new(setup.folder.path().join("dead-letter.ndjson")),
        archive: None,
        mode: Mode::Once,
        backoff: Backoff { shortest: Duration::ZERO, longest: Duration::ZERO, attempts: 1 },
        health: Arc::default(),
    };
    let context = SourceRun::new(RunContext::new(parts, stopped).unwrap().reading_ahead(AHEAD), "ahead", "ahead");
    let mut summary = Summary::default();
    let end = poll(&mut source, &context, &mut context.run.shutdown(), &mut summary).await;
    let delivered = std::mem::take(&mut *delivered.lock().unwrap());
    PolledBatches { end, summary, delivered, source }
}

/// Batches of very different lengths.
const UNEQUAL: [Range<usize>; 7] = [0..1, 1..900, 900..903, 903..1700, 1700..1701, 1701..1702, 1702..2500];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_ahead_is_delivered_and_noted_in_order() {
    let source = NumberedSource::new(&deployment(RollbackPolicy::default()), &UNEQUAL);
    let polled = polled(source, AHEAD, |_, _| Ok(())).await;
    polled.check_all(&UNEQUAL);
    assert!(!polled.source.is_rewound);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_noted_behind_a_batch_that_fails() {
    let source = NumberedSource::new(&deployment(RollbackPolicy::default()), &UNEQUAL);
    let refuses = |number, _: &watch::Sender<bool>| match number {
        2 => Err(OutputError::new("no", Outlook::Final)),
        _ => Ok(()),
    };
    let polled = polled(source, AHEAD, refuses).await;
    assert!(matches!(polled.end, Err(RunError::Output { .. })));
    assert_eq!(polled.noted(), [0, 1]);
    assert_eq!((polled.delivered.subjects.len(), polled.summary.documents), (900, 900));
    assert!(polled.source.is_rewound);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_stop_finishes_the_batch_whose_turn_it_is_and_no_other() {
    let source = NumberedSource::new(&deployment(RollbackPolicy::default()), &UNEQUAL);
    let stops = |number, stop: &watch::Sender<bool>| {
        stop.send_replace(number == 1);
        Ok(())
    };
    let polled = polled(source, AHEAD, stops).await;
    assert_eq!(polled.end.unwrap(), PollEnd::Stopped);
    assert_eq!((polled.source.noted.lock().unwrap().as_slice(), polled.summary.documents), (&[0, 1][..], 900));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_stop_finishes_the_page() {
    let mut source = NumberedSource::new(&deployment(RollbackPolicy::default()), &UNEQUAL);
    source.is_one_page = true;
    let stops = |number, stop: &watch::Sender<bool>| {
        stop.send_replace(number >= 1);
        Ok(())
    };
    let polled = polled(source, 0, stops).await;
    polled.check_all(&UNEQUAL);
    assert_eq!(polled.end.unwrap(), PollEnd::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_hangs_delays_no_stop() {
    let mut source = NumberedSource::new(&deployment(RollbackPolicy::default()), &UNEQUAL);
    source.hangs = true;
    let stops = |_, stop: &watch::Sender<bool>| {
        stop.send_replace(true);
        Ok(())
    };
    let polled = timeout(Duration::from_secs(60), polled(source, 0, stops)).await.expect("it waits for the disk");
    assert_eq!(polled.noted(), [0]);
    assert_eq!(polled.end.unwrap(), PollEnd::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_read_ahead_have_a_bound() {
    // Of four records of 1 MB each, as files have them.
    let batches: Vec<_> = (0..6).map(|batch| 4 * batch..4 * batch + 4).collect();
    let mut source = NumberedSource::new(&deployment(RollbackPolicy::default()), &batches);
    source.record_bytes = 1_000_000;
    let polled = polled(source, 1, |_, _| Ok(())).await;
    polled.check_all(&batches);
    let most = polled.source.most_ahead;
    assert!((4_000_000..=MOST_RECORD_BYTES).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_a_mapping_is_replaced_is_mapped_by_the_new_one() {
    let deployment = deployment(RollbackPolicy { max_slowdown: 1e9, ..RollbackPolicy::default() });
    let source = NumberedSource::new(&deployment, &UNEQUAL);
    let candidate = deployment.prepare(built_in("1.20").unwrap().bytes).unwrap();
    let mut candidate = Some((Arc::clone(&deployment), candidate));
    let replaces = move |number, _: &watch::Sender<bool>| {
        if number == 2
            && let Some((deployment, candidate)) = candidate.take()
        {
            deployment.replace(candidate, "test").unwrap();
        }
        Ok(())
    };
    let polled = polled(source, AHEAD, replaces).await;
    polled.check_all(&UNEQUAL);
    assert_eq!(polled.delivered.versions, ["2.2.0", "2.2.0", "2.2.0", "1.20.0", "1.20.0", "1.20.0", "1.20.0"]);
    // What was mapped ahead in vain counts for nothing.
    let status = deployment.status();
    assert_eq!((status.replaced, status.rolled_back), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mapped_ahead_counts_when_it_is_its_turn() {
    if most_spares() == 0 {
        return;
    }
    let deployment = deployment(RollbackPolicy::default());
    let mapper = deployment.mapper(0);
    let records: String = (0..500).map(|number| record(&number.to_string(), 0)).collect();
    let origin = Origin::default();
    let usual = mapper.map_batch(&records, &origin).unwrap();
    let before = deployment.status().stats.records;
    let (mut ahead, mut mapped) = (Ahead::default(), None);
    // Another test may have all spare instances or their memory for a moment, which ends what wants to map ahead.
    wait_for("a spare instance", || {
        ahead = Ahead::default();
        mapped = mapper.map_ahead(&records, &origin, &ahead);
        mapped.is_some()
    })
    .await;
    assert_eq!(deployment.status().stats.records, before);
    let taken = mapper.map_in_turn(&records, &origin, mapped).unwrap();
    assert_eq!((taken.documents, taken.outcomes), (usual.documents, usual.outcomes));
    assert_eq!(taken.mapped_by, usual.mapped_by);
    assert_eq!(deployment.status().stats.records, before + 500);
}
