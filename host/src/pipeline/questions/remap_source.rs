//! Kept records of a range as a source of the loop, each record once.

use std::{io, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::{
    ledger::{Ledger, LedgerError, Mark, PastCounts, RemapDone, SeenRows, Window},
    mapper::Origin,
    pipeline::{
        archive::{ArchivePosition, ArchiveReader, ArchivedBatch},
        error::RunError,
        record_batch::{Checkpoint, RecordBatch},
        source::Source,
        source_error::{Remedy, SourceError},
        source_identity::SourceIdentity,
        source_run::SourceRun,
    },
    support::{
        lines::lines,
        record_key::{self, RecordKey},
    },
};

/// What the archive is called where it has to be called something.
const LABEL: &str = "the archive";

/// How far a remap has come, and which one it is: another mapping or output begins again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RemapPosition {
    /// The digest of the mapping.
    pub(super) mapping: String,
    pub(super) output: Option<String>,
    pub(super) at: ArchivePosition,
}

/// Kept records of a range, as the loop reads them.
pub(super) struct RemapSource {
    identity: Arc<SourceIdentity>,
    /// Everything up to here was mapped before, and is only read to know it.
    begin: RemapPosition,
    range: Window,
    /// Elsewhere while something asks the disk.
    kept: Option<KeptRecords>,
    /// What was read since the last batch.
    counts: PastCounts,
}

/// What is kept, and what of it was seen.
pub(super) struct KeptRecords {
    pub(super) reader: ArchiveReader,
    pub(super) seen: SeenRows,
}

/// The records of a kept batch that are wanted.
struct WantedRecords {
    records: String,
    keys: Vec<RecordKey>,
    /// How many others were seen before.
    repeated: u64,
    origin: Origin,
    position: ArchivePosition,
    fraction: f64,
}

#[async_trait]
impl Source for RemapSource {
    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    async fn next(&mut self, _: &SourceRun) -> Result<Option<RecordBatch>, RunError> {
        loop {
            let Some(wanted) = self.read().await? else { return Ok(None) };
            if wanted.position <= self.begin.at {
                continue;
            }
            let new = wanted.keys.len() as u64;
            self.counts += PastCounts { pages: 1, new, known: wanted.repeated, changed: 0 };
            if !wanted.keys.is_empty() {
                return self.batch(wanted).map(Some);
            }
        }
    }

    fn report_health(&self, _: &SourceRun) {}
}

impl RemapSource {
    /// Reads records of a range behind a position.
    pub(super) fn new(identity: Arc<SourceIdentity>, begin: RemapPosition, range: Window, kept: KeptRecords) -> Self {
        Self { identity, begin, range, kept: Some(kept), counts: PastCounts::default() }
    }

    /// What was read behind the last batch.
    pub(super) fn rest(&self) -> PastCounts {
        self.counts
    }

    /// How many parts of what was kept are damaged.
    pub(super) fn damaged(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.reader.damaged)
    }

    /// Reads the next batch, where waiting for a disk does no harm.
    async fn read(&mut self) -> Result<Option<WantedRecords>, RunError> {
        // It is there unless this was given up in the middle, with which the remap ends.
        let Some(mut kept) = self.kept.take() else { return Err(RunError::Abandoned { name: LABEL.to_owned() }) };
        let range = self.range;
        let (kept, read) = spawn_blocking(move || {
            let read = kept.next(range);
            (kept, read)
        })
        .await?;
        self.kept = Some(kept);
        read
    }

    fn batch(&mut self, wanted: WantedRecords) -> Result<RecordBatch, RunError> {
        let WantedRecords { records, keys, origin, position, fraction, .. } = wanted;
        let position = RemapPosition { at: position, ..self.begin.clone() };
        let done = RemapDone {
            position: serde_json::to_string(&position).map_err(|error| failed(error.into()))?,
            fraction,
            keys: keys.clone(),
            counts: std::mem::take(&mut self.counts),
        };
        Ok(RecordBatch {
            source: Arc::clone(&self.identity),
            records,
            keys: keys.into(),
            origin,
            output: self.begin.output.clone(),
            dead_letters: Vec::new(),
            position: None,
            checkpoint: Arc::new(RemapCheckpoint(done)),
        })
    }
}

impl KeptRecords {
    /// Gets ready to read what is in a folder, from a time on.
    pub(super) fn open(folder: &Path, from: DateTime<Utc>, state: &Path) -> Result<Self, RunError> {
        Ok(Self { reader: ArchiveReader::new(folder, from).map_err(failed)?, seen: SeenRows::new(state)? })
    }

    fn next(&mut self, range: Window) -> Result<Option<WantedRecords>, RunError> {
        let Some(batch) = self.reader.next().map_err(failed)? else { return Ok(None) };
        let ArchivedBatch { records, origin, hour, position } = batch;
        let read_at = origin.read_at.unwrap_or(hour);
        let (mut keys, mut are_wanted) = (Vec::new(), Vec::new());
        for line in lines(&records) {
            let (key, received) = RecordKey::with_received(line.record());
            let received = received.and_then(record_key::instant).unwrap_or(read_at);
            let is_wanted = (range.start..=range.end).contains(&received);
            are_wanted.push(is_wanted);
            if is_wanted {
                keys.push(key);
            }
        }
        let count = keys.len();
        let mut are_new = self.seen.note(&keys)?.into_iter();
        let mut new_keys = keys.into_iter();
        let mut keys = Vec::new();
        for is_wanted in are_wanted.iter_mut().filter(|is_wanted| **is_wanted) {
            *is_wanted = are_new.next().unwrap_or_default();
            keys.extend(new_keys.next().filter(|_| *is_wanted));
        }
        let repeated = (count - keys.len()) as u64;
        let records = some_of(records, &are_wanted, origin.file.is_some());
        let fraction = self.reader.fraction();
        Ok(Some(WantedRecords { records, keys, repeated, origin, position, fraction }))
    }
}

/// The wanted ones of these records; with line feeds for the others where places in a file are told by those in the text.
fn some_of(records: String, are_wanted: &[bool], has_places: bool) -> String {
    if are_wanted.iter().all(|is_wanted| *is_wanted) {
        return records;
    }
    let (mut some, mut end) = (String::new(), 0);
    for (line, is_wanted) in lines(&records).zip(are_wanted) {
        if !is_wanted {
            continue;
        }
        if has_places {
            some.extend(std::iter::repeat_n('\n', line.offset - end));
        }
        some.push_str(line.record());
        some.push('\n');
        end = line.offset + line.record().len() + 1;
    }
    some
}

fn failed(error: io::Error) -> RunError {
    RunError::Source { name: LABEL.to_owned(), source: SourceError::new(error, Remedy::None) }
}

/// How far a remap is done with a batch.
struct RemapCheckpoint(RemapDone);

impl Checkpoint for RemapCheckpoint {
    fn note(&self, ledger: &mut Ledger, reading: &str, marks: &[Mark]) -> Result<(), LedgerError> {
        ledger.commit_remapped(reading, &self.0, marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_are_left_out_move_no_others() {
        let records = "{\"a\":1}\n\n{\"b\":22}\r\n{\"c\":3}\n{\"d\":4}".to_owned();
        let places = |text: &str| lines(text).map(|line| (line.offset, line.record().to_owned())).collect::<Vec<_>>();
        let all = places(&records);
        for wanted in 0..16_u8 {
            let are_wanted: Vec<_> = (0..4).map(|place| wanted >> place & 1 == 1).collect();
            let expected: Vec<_> =
                all.iter().zip(&are_wanted).filter(|(_, wanted)| **wanted).map(|(it, _)| it.clone()).collect();
            assert_eq!(places(&some_of(records.clone(), &are_wanted, true)), expected, "{wanted}");
            let texts = |places: Vec<(usize, String)>| places.into_iter().map(|(_, text)| text).collect::<Vec<_>>();
            assert_eq!(texts(places(&some_of(records.clone(), &are_wanted, false))), texts(expected));
        }
    }
}
