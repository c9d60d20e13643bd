//! Maps and delivers letters, those together that have one origin.

use chrono::Utc;
use sha2::{Digest as _, Sha256};

use crate::{
    ledger::{Content, Key, REPLAY, Replay},
    mapper::{FilePosition, Origin},
    pipeline::{RunError, Summary, dead_letter::Letter, delivery::Batch, shared::Shared},
    support::lines::{is_blank, on_one_line},
};

use super::SourceMapper;

/// Maps and delivers letters that go together, and notes how far their file is done.
pub(super) async fn feed(
    shared: &Shared,
    mappers: &[SourceMapper],
    letters: Vec<Letter>,
    done: Replay,
) -> Result<Summary, RunError> {
    let Some(first) = letters.first() else { return Ok(Summary::default()) };
    let by_name = mappers.iter().find(|source| source.label == first.source);
    // Letters of versions before have what the ledger knows the source by.
    let mapper = by_name.or_else(|| mappers.iter().find(|source| source.name == first.source));
    let is_output = |name: &String| shared.targets.iter().any(|target| target.name == *name);
    let records: Vec<_> = letters.iter().map(|letter| on_one_line(&letter.record)).collect();
    let problem = match (mapper, &first.output) {
        (None, _) => Some("its source is not in the settings any more"),
        (_, Some(output)) if !is_output(output) => Some("its output is not in the settings any more"),
        _ if records.iter().any(|record| is_blank(record)) => Some("the record is empty"),
        _ => None,
    };
    if let (None, Some(SourceMapper { label, name, mapper })) = (problem, mapper) {
        let (path, offset) = (first.path.clone(), first.offset);
        let rows: Vec<_> = letters.iter().map(row).collect();
        let batch = Batch {
            source: name.clone(),
            label: label.clone(),
            rows: rows.clone(),
            records: records.join("\n"),
            origin: Origin {
                read_at: first.read_at,
                file: path.map(|path| FilePosition { path, offset: offset.unwrap_or_default() }),
            },
            only: first.output.clone(),
            kept_under: REPLAY.to_owned(),
        };
        let delivery = shared.deliver(mapper, batch).await?;
        let (summary, marks) = (delivery.summary, delivery.marks.clone());
        shared.ledger(move |ledger| ledger.commit_replayed(done, &rows, &marks)).await?;
        delivery.noted();
        return Ok(summary);
    }
    let mut again = Vec::new();
    for letter in letters {
        let reason = problem.map_or_else(|| letter.reason.clone(), str::to_owned);
        again.push(Letter { time: Utc::now(), reason, ..letter });
    }
    let rejected = again.len() as u64;
    shared.bury(again).await?;
    shared.ledger(move |ledger| ledger.commit_replayed(done, &[], &[])).await?;
    Ok(Summary { rejected, ..Summary::default() })
}

/// What a letter is known by while some outputs have its document and others lack it.
fn row(letter: &Letter) -> (Key, Content) {
    let mut hash = Sha256::new();
    hash.update(format!("{:?} {:?} {:?} {:?} ", letter.time, letter.source, letter.path, letter.offset));
    hash.update(&letter.record);
    let digest: [u8; 32] = hash.finalize().into();
    let (mut key, mut content) = (Key::default(), Content::default());
    key.copy_from_slice(&digest[..16]);
    content.copy_from_slice(&digest[16..24]);
    (key, content)
}
