//! Documents that count together with what the ledger of a cluster notes: all of it, or nothing, and a process that starts
//! again has neither too much nor too little.

use std::{any::Any, path::Path, sync::Mutex};

use async_trait::async_trait;
use chrono::Utc;

use super::{harness::TestSetup, *};
use crate::{
    ledger::{
        Changes, Companion, CopiedMessage, LedgerCopy, LedgerError, LedgerMessage, RefusedPart, Replica, ReplicaError,
    },
    mapper::MappedBatch,
    support::finding::Finding,
};

/// What is kept in memory, as brokers would keep it.
#[derive(Clone, Default)]
struct MemoryTopic(Arc<Mutex<MemoryTopicState>>);

#[derive(Default)]
struct MemoryTopicState {
    rows: Vec<(i64, LedgerMessage)>,
    documents: String,
    commits: usize,
    /// At which commit nobody knows what became of it, and whether it counts all the same.
    fault: Option<(usize, bool)>,
    /// A text whose document is never taken.
    refused: Option<&'static str>,
}

impl Replica for MemoryTopic {
    fn commit(&mut self, changes: &Changes, along: &[Arc<dyn Companion>]) -> Result<i64, ReplicaError> {
        let mut state = self.0.lock().unwrap();
        state.commits += 1;
        let fault = state.fault.filter(|(at, _)| *at == state.commits);
        let error = |refused, is_undone| ReplicaError { cause: "lost".into(), refused, is_undone };
        if fault.is_some_and(|(_, counts)| !counts) {
            return Err(error(None, false));
        }
        let joined: Vec<_> = along.iter().map(|it| it.kept().downcast_ref::<JoinedDocuments>().unwrap()).collect();
        for (companion, documents) in joined.iter().enumerate() {
            let is_refused = |line: &&(usize, String)| state.refused.is_some_and(|text| line.1.contains(text));
            let places: Vec<_> = documents.0.iter().filter(is_refused).map(|(place, _)| *place).collect();
            if !places.is_empty() {
                return Err(error(Some(RefusedPart { companion, places, reason: "too large".to_owned() }), true));
            }
        }
        state.documents.extend(joined.iter().flat_map(|it| &it.0).map(|(_, line)| line.clone() + "\n"));
        state.rows.extend(changes.messages.iter().map(|message| (changes.version, message.clone())));
        if fault.is_some() { Err(error(None, false)) } else { Ok(state.rows.len().try_into().unwrap()) }
    }
}

/// Documents with their places in the batch.
struct JoinedDocuments(Vec<(usize, String)>);

impl Companion for JoinedDocuments {
    fn kept(&self) -> &(dyn Any + Send + Sync) {
        self
    }

    fn without(&self, places: &[usize]) -> Arc<dyn Companion> {
        Arc::new(Self(self.0.iter().filter(|(place, _)| !places.contains(place)).cloned().collect()))
    }
}

struct JoinedOutput;

#[async_trait]
impl Output for JoinedOutput {
    async fn examine(&mut self, _: &ExamineOptions<'_>) -> Vec<Finding> {
        Vec::new()
    }

    async fn deliver(&mut self, _: &MappedBatch) -> Result<Receipt, OutputError> {
        Err(OutputError::new("its documents go along with the ledger", Outlook::Final))
    }

    fn joiner(&mut self) -> Option<&mut dyn LedgerJoiner> {
        Some(self)
    }
}

#[async_trait]
impl LedgerJoiner for JoinedOutput {
    async fn join(&mut self, batch: &MappedBatch) -> Result<Arc<dyn Companion>, OutputError> {
        let lines =
            batch.entries().enumerate().filter_map(|(place, entry)| Some((place, entry.document?.trim().to_owned())));
        Ok(Arc::new(JoinedDocuments(lines.collect())))
    }
}

/// A process that has nothing but what the topic has.
async fn run_anew(setup: &TestSetup, topic: &MemoryTopic, folder: &Path) -> Result<Summary, RunError> {
    let rows = topic.0.lock().unwrap().rows.clone();
    let messages: Vec<_> = rows
        .iter()
        .map(|(version, message)| CopiedMessage {
            version: *version,
            key: &message.key,
            value: message.value.as_deref(),
        })
        .collect();
    LedgerCopy::open(folder).unwrap().apply(&messages, messages.len().try_into().unwrap(), Utc::now()).unwrap();
    let ledger = Ledger::open_replicated(folder, Box::new(topic.clone())).unwrap().with_clock(setup.clock.clone());
    let outputs: Vec<(String, Box<dyn Output>)> = vec![("joined".to_owned(), Box::new(JoinedOutput))];
    run(Pipeline { ledger, outputs, ..setup.pipeline() }, Mode::Once, std::future::pending()).await
}

#[track_caller]
fn check(setup: &TestSetup, topic: &MemoryTopic) {
    let text = topic.0.lock().unwrap().documents.clone();
    let documents: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    setup.tenant.check_delivery(&documents).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_delivered_once_for_every_outcome_of_a_commit() {
    for fault in 1..12 {
        for counts in [false, true] {
            let setup = TestSetup::new(30).await;
            let topic = MemoryTopic::default();
            topic.0.lock().unwrap().fault = Some((fault, counts));
            let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
            let failed = run_anew(&setup, &topic, folders[0].path()).await;
            assert!(
                matches!(failed, Err(RunError::Ledger(LedgerError::Replica(_) | LedgerError::Behind { .. }))),
                "{fault}"
            );
            run_anew(&setup, &topic, folders[1].path()).await.unwrap();
            check(&setup, &topic);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_taken_is_a_dead_letter_and_the_rest_counts() {
    let setup = TestSetup::new(30).await;
    let (topic, folders) = (MemoryTopic::default(), [(); 2].map(|()| tempfile::tempdir().unwrap()));
    let rows = setup.tenant.visible_rows();
    let row = serde_json::to_value(&rows[3]).unwrap();
    let recipient: &'static str = row["recipientAddress"].as_str().unwrap().to_owned().leak();
    topic.0.lock().unwrap().refused = Some(recipient);
    let summary = run_anew(&setup, &topic, folders[0].path()).await.unwrap();
    let letters = std::fs::read_to_string(setup.folder.path().join("dead-letter.ndjson")).unwrap();
    assert!(letters.contains(recipient) && letters.contains("too large"), "{letters}");
    let refused = letters.lines().count();
    assert_eq!((summary.rejected, summary.documents), (refused as u64, (rows.len() - refused) as u64));
    assert_eq!(topic.0.lock().unwrap().documents.lines().count(), rows.len() - refused);
    // Nothing of it comes again.
    run_anew(&setup, &topic, folders[1].path()).await.unwrap();
    assert_eq!(topic.0.lock().unwrap().documents.lines().count(), rows.len() - refused);
}
