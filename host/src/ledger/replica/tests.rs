use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{change_log::all_rows, *};
use crate::{
    ledger::{
        DetailsNote, FileHash, FileState, Ledger, Window, open,
        page::{Next, PageDone},
        rows::Delivered,
        schema::VERSION,
    },
    support::record_key::RecordKey,
};

/// What a compacted topic has before it is compacted.
#[derive(Clone, Default)]
struct Topic(Arc<Mutex<Vec<(i64, LedgerMessage)>>>);

impl Topic {
    fn messages(&self) -> Vec<(i64, LedgerMessage)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Of every key the last message, with its place.
    fn compacted(&self) -> Vec<(usize, (i64, LedgerMessage))> {
        let messages = self.messages();
        let last: BTreeMap<_, _> =
            messages.iter().enumerate().map(|(place, (_, message))| (message.key.clone(), place)).collect();
        let kept = messages.into_iter().enumerate();
        kept.filter(|(place, (_, message))| last.get(&message.key) == Some(place)).collect()
    }

    /// What is left when brokers have forgotten what is gone.
    fn remembered(&self) -> Vec<(i64, LedgerMessage)> {
        let kept = self.compacted().into_iter().map(|(_, it)| it);
        kept.filter(|(_, message)| message.value.is_some()).collect()
    }
}

impl Replica for Topic {
    fn commit(&mut self, changes: &Changes, _: &[Arc<dyn Companion>]) -> Result<i64, ReplicaError> {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        messages.extend(changes.messages.iter().map(|message| (changes.version, message.clone())));
        Ok(messages.len().try_into().unwrap())
    }
}

/// Takes nothing.
struct Refusing {
    is_undone: bool,
}

impl Replica for Refusing {
    fn commit(&mut self, _: &Changes, _: &[Arc<dyn Companion>]) -> Result<i64, ReplicaError> {
        Err(ReplicaError { cause: "no".into(), refused: None, is_undone: self.is_undone })
    }
}

struct Something;

impl Companion for Something {
    fn kept(&self) -> &(dyn Any + Send + Sync) {
        self
    }

    fn without(&self, _: &[usize]) -> Arc<dyn Companion> {
        Arc::new(Self)
    }
}

fn ledger(folder: &Path, topic: &Topic) -> Ledger {
    Ledger::open_replicated(folder, Box::new(topic.clone())).unwrap()
}

fn copy(folder: &Path, messages: &[(i64, LedgerMessage)], next: i64) {
    let messages: Vec<_> = messages
        .iter()
        .map(|(version, message)| CopiedMessage {
            version: *version,
            key: &message.key,
            value: message.value.as_deref(),
        })
        .collect();
    LedgerCopy::open(folder).unwrap().apply(&messages, next, Utc::now()).unwrap();
}

/// All rows of a ledger.
fn rows_at(folder: &Path) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let (connection, _) = open::as_it_is(&folder.join(open::FILE_NAME)).unwrap();
    let rows = all_rows(&connection, &TableShape::all(&connection).unwrap()).unwrap();
    rows.into_iter().map(|row| (row.key, row.value)).collect()
}

#[track_caller]
fn check_same(one: &Path, other: &Path) {
    let (one, other) = (rows_at(one), rows_at(other));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (key, value) in &one {
        assert_eq!(other.get(key), Some(value), "{}", text(key));
    }
    assert_eq!(one.len(), other.len());
}

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap()
}

fn random_page(random: &mut StdRng) -> PageDone {
    let delivered = (0..random.random_range(0..6)).map(|_| Delivered {
        key: RecordKey { identity: [random.random_range(0..20); 16], content: [random.random_range(0..2); 8] },
        received: at(random.random_range(0..100)),
    });
    let delivered = delivered.collect();
    let start = random.random_range(0..50);
    let window = Window { start: at(start), end: at(start + 50) };
    let more = Next::More { reached: Some(at(start + 20)), link: Some("link".to_owned()) };
    let is_done = random.random();
    PageDone {
        window,
        delivered,
        touched: Vec::new(),
        changed: random.random_range(0..3),
        late: 0,
        lateness: crate::ledger::Lateness::default(),
        next: if is_done { Next::Done } else { more },
        covered: Some(window.end),
        read: if random.random() { vec![window] } else { Vec::new() },
        keep_from: Some(at(random.random_range(0..60))),
    }
}

fn random_key(random: &mut StdRng) -> RecordKey {
    RecordKey { identity: [random.random_range(0..20); 16], content: [1; 8] }
}

/// Does something that a run does, or something that no run does and a migration may.
fn act(ledger: &mut Ledger, random: &mut StdRng) {
    let source = ["a", "b", "c"][random.random_range(0..3)];
    let now = at(random.random_range(0..1000));
    match random.random_range(0..14) {
        0..=3 => ledger.commit_page(source, &random_page(random), &[]).unwrap(),
        4 => {
            let keep_from = at(random.random_range(0..500));
            ledger.note_request(source, now, keep_from).unwrap();
        }
        5 => ledger.settle_requests(source, now).unwrap(),
        6 => {
            let gap = Window { start: now, end: at(now.timestamp_millis() + 30) };
            ledger.note_gap(source, gap, "why").unwrap();
        }
        7 => {
            let keys: Vec<_> = (0..3).map(|_| random_key(random)).collect();
            ledger.note_accepted(source, &["one".to_owned(), "two".to_owned()], &keys, &[]).unwrap();
        }
        8 => {
            let hash = FileHash { length: 3, hash: [7; 16] };
            let file = FileState {
                id: random.random_range(0..3),
                path: "in.ndjson".to_owned(),
                offset: random.random(),
                head: hash,
                tail: hash,
                ..FileState::default()
            };
            ledger.commit_file(source, &file, 2, &[]).unwrap();
        }
        9 => {
            let (key, received) = (random_key(random), at(random.random_range(0..100)));
            let record = random.random::<bool>().then(|| "{\"subject\":\"\u{0}\\\"ä\"}".to_owned());
            let note = DetailsNote { key: key.identity, status: "failed".to_owned(), record, due: now, received };
            let row = Delivered { key, received };
            ledger.commit_rows(source, &[row], &[note], &[]).unwrap();
        }
        10 => ledger.drop_details(source).unwrap(),
        11 => ledger.note_failure(source, now, "why").unwrap(),
        12 => raw(ledger, "DELETE FROM delivered"),
        _ => {
            let name = random.random_range(0..4);
            raw(
                ledger,
                &format!("INSERT OR REPLACE INTO source (id, name) VALUES ({}, '{name}')", random.random_range(0..6)),
            );
            raw(
                ledger,
                "UPDATE OR REPLACE delivered SET source = source + 1, received = received / 3 WHERE source > 5",
            );
            raw(ledger, "UPDATE OR REPLACE request SET rowid = rowid + 100 WHERE at % 2 = 0");
        }
    }
}

fn raw(ledger: &mut Ledger, statement: &str) {
    let writing = ledger.write().unwrap();
    writing.execute_batch(statement).unwrap();
    writing.commit().unwrap();
}

#[test]
fn a_file_made_of_messages_is_what_the_ledger_is() {
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let (folders, topic) = ([(); 4].map(|()| tempfile::tempdir().unwrap()), Topic::default());
        let [original, new, compacted, behind] = folders.each_ref().map(|folder| folder.path());
        let mut ledger = ledger(original, &topic);
        for _ in 0..30 {
            act(&mut ledger, &mut random);
        }
        let middle = topic.messages();
        copy(behind, &middle, middle.len().try_into().unwrap());
        for _ in 0..30 {
            act(&mut ledger, &mut random);
        }
        drop(ledger);
        let all = topic.messages();
        copy(new, &all, 7);
        check_same(original, new);
        copy(compacted, &topic.remembered(), 7);
        check_same(original, compacted);
        // Who goes on from the middle of a topic that was compacted meanwhile.
        let rest = topic.compacted().into_iter().filter(|(place, _)| *place >= middle.len());
        let rest: Vec<_> = rest.map(|(_, it)| it).collect();
        copy(behind, &rest, 7);
        check_same(original, behind);
        assert_eq!(LedgerCopy::open(behind).unwrap().position().unwrap().unwrap().0, 7);
    }
}

#[test]
fn what_the_replica_does_not_take_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    for is_undone in [true, false] {
        let mut ledger = Ledger::open_replicated(folder.path(), Box::new(Refusing { is_undone })).unwrap();
        let refused = ledger.note_request("a", at(5), at(0));
        assert!(matches!(refused, Err(LedgerError::Replica(_))), "{refused:?}");
        assert_eq!(ledger.requests("a", at(6), std::time::Duration::from_secs(1)).unwrap().count, 0);
        // When nobody knows whether it counts, nothing more is written on top of it.
        let again = ledger.note_request("a", at(5), at(0)).unwrap_err();
        assert_eq!(matches!(again, LedgerError::Behind { .. }), !is_undone, "{again}");
        // What changes nothing needs nobody.
        assert_eq!(ledger.drop_link("a").is_ok(), is_undone);
    }
}

#[test]
fn what_goes_along_counts_once_and_also_without_a_change() {
    struct Counting(Arc<Mutex<Vec<(usize, usize)>>>);
    impl Replica for Counting {
        fn commit(&mut self, changes: &Changes, along: &[Arc<dyn Companion>]) -> Result<i64, ReplicaError> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((changes.messages.len(), along.len()));
            Ok(1)
        }
    }
    let (folder, seen) = (tempfile::tempdir().unwrap(), Arc::default());
    let mut ledger = Ledger::open_replicated(folder.path(), Box::new(Counting(Arc::clone(&seen)))).unwrap();
    let along: [Arc<dyn Companion>; 1] = [Arc::new(Something)];
    ledger.along_with(&along, |ledger| ledger.note_request("a", at(5), at(0))).unwrap();
    ledger.along_with(&along, |_| Ok(())).unwrap();
    ledger.note_request("a", at(6), at(0)).unwrap();
    assert_eq!(*seen.lock().unwrap(), [(1, 1), (0, 1), (1, 0)]);
}

#[test]
fn a_ledger_alone_takes_nothing_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(folder.path()).unwrap();
    let along: [Arc<dyn Companion>; 1] = [Arc::new(Something)];
    let refused = ledger.along_with(&along, |ledger| ledger.note_request("a", at(5), at(0)));
    assert!(matches!(refused, Err(LedgerError::Alone)));
}

/// A topic of a program before this one: it is carried over, and nothing of it is left.
#[test]
fn an_upgrade_writes_every_row_anew() {
    const BEFORE: i64 = VERSION - 1;
    let (folders, topic) = ([(); 4].map(|()| tempfile::tempdir().unwrap()), Topic::default());
    let [old, upgraded, new, behind] = folders.each_ref().map(|folder| folder.path());
    open::create(&old.join(open::FILE_NAME), BEFORE).unwrap();
    let (connection, _) = open::as_it_is(&old.join(open::FILE_NAME)).unwrap();
    connection
        .execute_batch(
            "INSERT INTO source (name, rows) VALUES ('a', 7), ('b', 8); INSERT INTO request VALUES ('a', 5), ('a', 6);",
        )
        .unwrap();
    let rows = all_rows(&connection, &TableShape::all(&connection).unwrap()).unwrap();
    drop(connection);
    topic.0.lock().unwrap().extend(rows.into_iter().map(|row| (BEFORE, row)));
    copy(upgraded, &topic.messages(), 4);
    check_same(old, upgraded);
    copy(behind, &topic.messages(), 4);
    let mut ledger = ledger(upgraded, &topic);
    assert_eq!(topic.messages().len(), 8, "each row once more");
    ledger.note_request("a", at(7), at(0)).unwrap();
    drop(ledger);
    // Also where rows of the version before are gone already, and where a file of that version is.
    copy(new, &topic.remembered(), 9);
    check_same(upgraded, new);
    copy(behind, &topic.messages()[4..], 9);
    check_same(upgraded, behind);
}

#[test]
fn what_cannot_be_understood_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |version: i64, key: &str, value: &str| {
        let mut copy = LedgerCopy::open(folder.path()).unwrap();
        let message = CopiedMessage { version, key: key.as_bytes(), value: Some(value.as_bytes()) };
        copy.apply(&[message], 1, Utc::now()).unwrap_err().to_string()
    };
    assert!(refused(VERSION + 1, "[\"source\",1]", "{}").contains("upgrade this process"));
    for (key, value) in [("x", "{}"), ("[\"nothing\",1]", "{}"), ("[\"source\",1]", "{\"id\":1}"), ("[\"gap\",1]", "7")]
    {
        let said = refused(VERSION, key, value);
        assert!(said.starts_with("could not understand the ledger topic"), "{said}");
    }
}

#[test]
fn a_damaged_copy_is_made_anew() {
    let (folder, topic) = (tempfile::tempdir().unwrap(), Topic::default());
    let mut ledger = ledger(folder.path(), &topic);
    ledger.note_request("a", at(5), at(0)).unwrap();
    drop(ledger);
    std::fs::write(folder.path().join(open::FILE_NAME), "not a database, but long enough to be read as one").unwrap();
    assert_eq!(LedgerCopy::open(folder.path()).unwrap().position().unwrap(), None);
    copy(folder.path(), &topic.messages(), 1);
    assert_eq!(rows_at(folder.path()).len(), 1);
}
