//! Maps and delivers letters, those together that have one origin.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::Utc;

use crate::{
    dead_letter::Letter,
    ledger::{Content, Key},
    mapper::{FilePosition, Mapper, Origin},
    pipeline::{RunError, Summary, delivery::Batch, shared::Shared},
};

/// Maps and delivers letters that go together.
pub(super) async fn feed(
    shared: &Shared,
    mappers: &[(String, Mapper)],
    letters: Vec<Letter>,
) -> Result<Summary, RunError> {
    let Some(first) = letters.first() else { return Ok(Summary::default()) };
    let mapper = mappers.iter().find(|(name, _)| *name == first.source).map(|(_, mapper)| mapper);
    let is_output = |name: &String| shared.targets.iter().any(|target| target.name == *name);
    // JSON over several lines: between its parts a blank does as well.
    let records: Vec<_> = letters.iter().map(|letter| letter.record.replace(['\r', '\n'], " ")).collect();
    let problem = match (mapper, &first.output) {
        (None, _) => Some("its source is not in the settings any more"),
        (_, Some(output)) if !is_output(output) => Some("its output is not in the settings any more"),
        _ if records.iter().any(|record| record.trim().is_empty()) => Some("the record is empty"),
        _ => None,
    };
    if let (None, Some(mapper)) = (problem, mapper) {
        let (path, offset) = (first.path.clone(), first.offset);
        let (source, rows) = (first.source.clone(), records.iter().map(|record| row(record)).collect::<Vec<_>>());
        let batch = Batch {
            source: source.clone(),
            rows: rows.clone(),
            records: records.join("\n"),
            origin: Origin {
                read_at: first.read_at,
                file: path.map(|path| FilePosition { path, offset: offset.unwrap_or_default() }),
            },
            only: first.output.clone(),
        };
        let delivery = shared.deliver(mapper, batch).await?;
        let (summary, marks) = (delivery.summary, delivery.marks.clone());
        shared.ledger(move |ledger| ledger.commit_replayed(&source, &rows, &marks)).await?;
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
    Ok(Summary { rejected, ..Summary::default() })
}

/// What a replayed record is known by while some outputs have it and others lack it.
fn row(record: &str) -> (Key, Content) {
    let hash = |salt: &str| {
        let mut hasher = DefaultHasher::new();
        (salt, record).hash(&mut hasher);
        hasher.finish().to_be_bytes()
    };
    let mut key = Key::default();
    key[..8].copy_from_slice(&hash("replay"));
    (key, hash("content"))
}
