//! Batches that are read and mapped while the one in front of them is delivered: they are delivered and noted in order.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use async_trait::async_trait;
use tokio::{sync::watch, time::timeout};

use super::{
    super::{
        run_context::{RunContext, RunParts},
        worker::poll,
    },
    harness::TestSetup,
    *,
};
use crate::{
    ledger::{LedgerError, Mark},
    mapper::{MappedBatch, Origin},
    pipeline::dead_letter::DeadLetterFile,
    support::{finding::Finding, record_key::RecordKey, retry::Backoff},
};

type Names = Arc<Mutex<Vec<&'static str>>>;

/// Gives the first batch when it is asked, and the others ahead.
struct AheadSource {
    identity: Arc<SourceIdentity>,
    left: VecDeque<&'static str>,
    noted: Names,
    given: watch::Sender<usize>,
    /// How many batches it has heard of that they are in the ledger.
    heard: usize,
    is_rewound: bool,
}

struct NotingCheckpoint {
    name: &'static str,
    noted: Names,
}

impl Checkpoint for NotingCheckpoint {
    fn note(&self, _: &mut Ledger, _: &str, _: &[Mark]) -> Result<(), LedgerError> {
        self.noted.lock().unwrap().push(self.name);
        Ok(())
    }
}

impl AheadSource {
    fn give(&mut self) -> Option<RecordBatch> {
        let name = self.left.pop_front()?;
        self.given.send_modify(|given| *given += 1);
        let record =
            format!("{{\"id\":\"{name}\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"subject\":\"{name}\"}}");
        Some(RecordBatch {
            source: Arc::clone(&self.identity),
            keys: vec![RecordKey::of(&record)],
            records: record + "\n",
            origin: Origin::default(),
            output: None,
            dead_letters: Vec::new(),
            position: None,
            checkpoint: Arc::new(NotingCheckpoint { name, noted: Arc::clone(&self.noted) }),
        })
    }
}

#[async_trait]
impl Source for AheadSource {
    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    async fn next(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        Ok(self.give())
    }

    async fn read_ahead(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        Ok(self.give())
    }

    fn committed(&mut self, _: &Committed, _: &SourceRun) {
        self.heard += 1;
    }

    fn rewind(&mut self) {
        self.is_rewound = true;
    }
}

/// Takes no batch before the source has given the one behind it.
struct PatientOutput {
    given: watch::Receiver<usize>,
    batches: usize,
    refused: Option<&'static str>,
}

#[async_trait]
impl Output for PatientOutput {
    async fn examine(&mut self, _: &ExamineOptions<'_>) -> Vec<Finding> {
        Vec::new()
    }

    async fn deliver(&mut self, batch: &MappedBatch) -> Result<Receipt, OutputError> {
        self.batches += 1;
        let needed = (self.batches + 1).min(3);
        let ahead = self.given.wait_for(|given| *given >= needed);
        assert!(timeout(Duration::from_secs(60), ahead).await.is_ok(), "nothing was read ahead");
        match self.refused {
            Some(refused) if batch.documents.contains(refused) => Err(OutputError::new("no", Outlook::Final)),
            _ => Ok(Receipt::default()),
        }
    }
}

/// Polls a source of three batches; gives what was noted, of how many batches the source has heard, and whether it
/// goes back.
async fn polled(refused: Option<&'static str>) -> (Vec<&'static str>, usize, bool) {
    let setup = TestSetup::new(0).await;
    let (given, told) = watch::channel(0);
    let output = PatientOutput { given: told, batches: 0, refused };
    let parts = RunParts {
        ledger: Ledger::open(setup.folder.path()).unwrap(),
        outputs: vec![("patient".to_owned(), Box::new(output))],
        dead_letter: DeadLetterFile::new(setup.folder.path().join("dead-letter.ndjson")),
        archive: None,
        mode: Mode::Once,
        backoff: Backoff { shortest: Duration::ZERO, longest: Duration::ZERO, attempts: 1 },
        health: Arc::default(),
    };
    let (_stop, stopped) = watch::channel(false);
    let context = SourceRun::new(RunContext::new(parts, stopped).unwrap(), "ahead", "ahead");
    let noted = Names::default();
    let mut source = AheadSource {
        identity: setup.source().identity,
        left: ["first", "second", "third"].into(),
        noted: Arc::clone(&noted),
        given,
        heard: 0,
        is_rewound: false,
    };
    let mut summary = Summary::default();
    let polled = poll(&mut source, &context, &mut context.run.shutdown(), &mut summary).await;
    assert_eq!(polled.is_err(), refused.is_some());
    assert_eq!(summary.documents, source.heard as u64);
    let noted = noted.lock().unwrap().clone();
    (noted, source.heard, source.is_rewound)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_ahead_is_delivered_and_noted_in_order() {
    assert_eq!(polled(None).await, (vec!["first", "second", "third"], 3, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_noted_behind_a_batch_that_fails() {
    assert_eq!(polled(Some("second")).await, (vec!["first"], 1, true));
}
