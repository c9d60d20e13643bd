//! What is kept between requests for the status page, so that many of them cost little.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{question::StatusQuestion, report::PageReport, span::Span};
use crate::{
    app::{ledgers::Ledgers, settings::Config},
    ledger::LedgerError,
    pipeline::dead_letter::Overview,
};

/// So much of the dead letters is read for their reasons, in bytes.
const MAX_LETTER_BYTES: u64 = 8 * 1024 * 1024;

/// Maximum number of answers that are kept.
const MAX_REPORTS: usize = 32;

/// What is kept between requests.
#[derive(Default)]
pub(in crate::pages) struct PageMemory {
    ledgers: Option<Ledgers>,
    letters: HashMap<PathBuf, (Stamp, Overview)>,
    reports: HashMap<StatusQuestion, (Instant, Arc<PageReport>)>,
}

/// What the file of dead letters looks like from the outside.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl PageMemory {
    /// The answer to the same question a moment ago.
    pub(super) fn report(&self, question: &StatusQuestion) -> Option<Arc<PageReport>> {
        let (made, report) = self.reports.get(question)?;
        (made.elapsed() < lifetime(question.span)).then(|| Arc::clone(report))
    }

    /// Keeps an answer for a moment.
    pub(super) fn keep(&mut self, question: &StatusQuestion, report: &Arc<PageReport>) {
        self.reports.retain(|question, (made, _)| made.elapsed() < lifetime(question.span));
        if self.reports.len() < MAX_REPORTS {
            self.reports.insert(question.clone(), (Instant::now(), Arc::clone(report)));
        }
    }

    /// The ledgers.
    pub(super) fn ledgers(&mut self, config: &Config, held: &[i32]) -> Result<&Ledgers, LedgerError> {
        Ledgers::beside(&mut self.ledgers, config, held)
    }

    /// What waits in a file of dead letters; read again only when it has changed.
    pub(super) fn letters(&mut self, path: &Path) -> io::Result<Option<&Overview>> {
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let changed = (found.mtime(), found.mtime_nsec());
        let stamp = Stamp { inode: found.ino(), length: found.len(), changed };
        if self.letters.get(path).is_none_or(|(known, _)| *known != stamp)
            && let Some(overview) = Overview::read(path, MAX_LETTER_BYTES)?
        {
            self.letters.insert(path.to_owned(), (stamp, overview));
        }
        Ok(self.letters.get(path).map(|(_, overview)| overview))
    }
}

/// How long an answer is good: a longer time has more to read, and changes less.
fn lifetime(span: Span) -> Duration {
    match span {
        Span::Day => Duration::from_secs(1),
        Span::Week => Duration::from_secs(5),
        Span::Quarter => Duration::from_secs(60),
    }
}
