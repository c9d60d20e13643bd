//! A batch that an output has written and that could not be noted comes again, and is in the file of the output once.

use std::{fs, io, path::Path, sync::Arc};

use tokio::sync::watch;

use super::{
    super::{
        delivery::deliver,
        run_context::{RunContext, RunParts},
    },
    harness::TestSetup,
    *,
};
use crate::{
    ledger::{LedgerError, Mark},
    mapper::Origin,
    outputs::file::{FileOutput, FileOutputConfig},
    pipeline::dead_letter::DeadLetterFile,
    support::{record_key::RecordKey, retry::Backoff},
};

/// Notes how far outputs are written, unless it fails.
struct TestCheckpoint {
    fails: bool,
}

impl Checkpoint for TestCheckpoint {
    fn note(&self, ledger: &mut Ledger, _: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        if self.fails {
            let source = io::Error::other("broken");
            return Err(LedgerError::Folder { path: "state".into(), source });
        }
        ledger.note_marks(marks)
    }
}

fn batch(identity: &Arc<SourceIdentity>, subject: &str, fails: bool) -> RecordBatch {
    let record =
        format!("{{\"id\":\"{subject}\",\"receivedDateTime\":\"2026-01-02T03:04:05Z\",\"subject\":\"{subject}\"}}");
    RecordBatch {
        source: Arc::clone(identity),
        keys: vec![RecordKey::of(&record)].into(),
        records: record + "\n",
        origin: Origin::default(),
        output: None,
        dead_letters: Vec::new(),
        position: None,
        checkpoint: Arc::new(TestCheckpoint { fails }),
    }
}

fn file_output(path: &Path) -> Box<dyn Output> {
    let settings = format!(
        "state_dir = \"state\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n[[output]]\ntype = \"file\"\npath = \"{}\"\n",
        path.display()
    );
    let config = Config::parse(&settings, "exotrace.toml".as_ref(), &|_| None).unwrap();
    let Some(file) = config.outputs[0].of_kind::<FileOutputConfig>() else { panic!("it is a file") };
    Box::new(FileOutput::new(file))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_noted_is_taken_back_before_anything_else_is_written() {
    let setup = TestSetup::new(0).await;
    let path = setup.folder.path().join("trace.ndjson");
    let identity = setup.source().identity;
    let (_stop, stopped) = watch::channel(false);
    let parts = RunParts {
        ledger: Ledger::open(setup.folder.path()).unwrap(),
        outputs: vec![("file".to_owned(), file_output(&path))],
        dead_letter: DeadLetterFile::new(setup.folder.path().join("dead-letter.ndjson")),
        archive: None,
        mode: Mode::Once,
        backoff: Backoff { shortest: Duration::ZERO, longest: Duration::ZERO, attempts: 1 },
        health: Arc::default(),
    };
    let context = SourceRun::new(RunContext::new(parts, stopped).unwrap(), "graph", "graph");
    let commit = async |subject: &str, fails: bool| {
        deliver(&context, batch(&identity, subject, fails)).await.unwrap().commit(&context).await.is_ok()
    };
    let subjects = || {
        let text = fs::read_to_string(&path).unwrap();
        let documents = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        documents.map(|document| document["email"]["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(commit("first", false).await);
    assert!(!commit("lost", true).await);
    assert_eq!(subjects(), ["first", "lost"]);
    // Of another source, which has not failed.
    assert!(commit("second", false).await);
    assert_eq!(subjects(), ["first", "second"]);
    assert!(commit("lost", false).await);
    assert_eq!(subjects(), ["first", "second", "lost"]);
    let mark = context.ledger(|ledger, _| ledger.mark("file")).await.unwrap().unwrap();
    assert_eq!(mark.length, fs::metadata(&path).unwrap().len());
}
