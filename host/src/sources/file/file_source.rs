//! Reads files of records: which there are, which of them are known, and what is new in them.
//!
//! Does not wait and keeps no ledger: `pipeline` decides when to look and notes what is delivered.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, Seek as _, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use exotrace_formats::{AtEnd, BatchLimits, DateOrder, Position, Reader, START_BYTES, Start, TooMuch};

use super::{
    candidate::{FileCandidate, FileLook},
    content::{Content, Prefix},
    error::{FileError, FileProblem},
    find::{FileSearch, OwnFiles, most_descriptors},
    open_file::OpenFile,
    settings::FileConfig,
};
use crate::ledger::{FilePlace, FileState};

/// How large batches are: each is noted in the ledger, which has to reach the disk.
const LIMITS: BatchLimits = BatchLimits { records: 1000, bytes: 4 * 1024 * 1024 };

/// When a file has not changed for so long, the last row of a table is whole although its line has no end.
const SETTLED: Duration = Duration::from_secs(60);

/// How many files are kept open, so that what is written to them is not lost when they are renamed; at most a quarter of
/// what the process may open.
const MOST_OPEN: usize = 64;

/// A file that has not changed for so long is not kept open.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// Files of records.
pub(super) struct FileSource {
    search: FileSearch,
    /// Where compressed files are unpacked.
    folder: PathBuf,
    /// Whether nothing is looked at later on.
    is_last_look: bool,
    date_order: Option<DateOrder>,
    /// All that is remembered, of all paths.
    known: Vec<FileState>,
    /// Files that were read to their end, as they were then.
    done: HashMap<FilePlace, FileLook>,
    /// Files that are still written to, and may be renamed.
    open: HashMap<FilePlace, Kept>,
    most_open: usize,
    /// Compressed files that cannot be unpacked, as they were then: doing it again says the same.
    refused: HashMap<FilePlace, (FileLook, Refused)>,
    /// Hashes of what was read of the files that are there.
    prefixes: HashMap<FilePlace, Prefix>,
}

/// A file that is kept open.
struct Kept {
    file: File,
    path: PathBuf,
    changed: i64,
}

/// Why a compressed file cannot be unpacked to its end.
#[derive(Clone)]
enum Refused {
    TooMuch(TooMuch),
    Damaged(String),
}

impl From<Refused> for FileProblem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooMuch(problem) => Self::TooMuch(problem),
            Refused::Damaged(problem) => Self::Damaged(problem),
        }
    }
}

/// How files are looked for and read.
#[derive(Clone)]
pub(super) struct Looking {
    /// Where compressed files are unpacked.
    pub folder: PathBuf,
    /// Files that the program itself writes, and folders with such files.
    pub own: OwnFiles,
    /// Whether nothing is looked at later on: what is whole of a page is taken.
    pub is_last_look: bool,
}

impl FileSource {
    /// Makes a source of what the ledger remembers; nothing is read yet.
    pub(super) fn new(config: &FileConfig, known: Vec<FileState>, looking: Looking) -> Self {
        let FileConfig { paths, date_order, follow_links, .. } = config;
        let Looking { folder, own, is_last_look } = looking;
        Self {
            search: FileSearch { patterns: paths.clone(), follow_links: *follow_links, own, names_empty: is_last_look },
            folder,
            is_last_look,
            date_order: *date_order,
            known,
            done: HashMap::new(),
            open: HashMap::new(),
            most_open: MOST_OPEN.min(most_descriptors() / 4).max(1),
            refused: HashMap::new(),
            prefixes: HashMap::new(),
        }
    }

    /// The files that may have something new, oldest first, and what could not be looked at.
    pub(super) fn look(&mut self) -> (Vec<FileCandidate>, Vec<FileError>) {
        let (mut found, errors) = self.search.all();
        let places: HashSet<_> = found.iter().map(|candidate| candidate.place).collect();
        let done = &self.done;
        self.open.retain(|place, kept| {
            let Ok(metadata) = kept.file.metadata() else { return false };
            let look = FileLook::of(&metadata);
            let is_new = done.get(place).is_none_or(|done| done.size != look.size);
            if !places.contains(place) && is_new {
                found.push(FileCandidate { path: kept.path.clone(), place: *place, look });
            }
            look.age() < KEPT
        });
        let open = &self.open;
        self.prefixes.retain(|place, _| places.contains(place) || open.contains_key(place));
        self.refused.retain(|place, _| places.contains(place));
        found.retain(|candidate| self.done.get(&candidate.place) != Some(&candidate.look));
        found.sort_by(|a, b| (a.look.changed, &a.path).cmp(&(b.look.changed, &b.path)));
        (found, errors)
    }

    /// Opens a file at the place up to which it is delivered; `None` when there is nothing new, or nothing whole yet.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is nothing that has records.
    pub(super) fn open(&mut self, candidate: &FileCandidate) -> Result<Option<OpenFile>, FileError> {
        self.try_open(candidate).map_err(|problem| FileError { path: candidate.path.clone(), problem })
    }

    fn try_open(&mut self, candidate: &FileCandidate) -> Result<Option<OpenFile>, FileProblem> {
        let noted = self.known.iter().find(|known| known.place == Some(candidate.place));
        if noted.is_some_and(|known| known.size == candidate.look.size && known.changed == candidate.look.changed) {
            self.done.insert(candidate.place, candidate.look);
            return Ok(None);
        }
        let refused = self.refused.get(&candidate.place).filter(|(look, _)| *look == candidate.look);
        if let Some((_, Refused::TooMuch(problem))) = refused {
            return Err((*problem).into());
        }
        let is_damaged = refused.is_some();
        let file = self.kept_or_opened(candidate)?;
        if FilePlace::of(&file.metadata()?) != candidate.place {
            // Another file has taken the path in the meantime; the next look finds both.
            return Ok(None);
        }
        if is_damaged && self.done.get(&candidate.place) == Some(&candidate.look) {
            return Ok(None);
        }
        self.keep(candidate, &file);
        let content = match Content::of(file, &self.folder) {
            Err(FileProblem::TooMuch(problem)) => {
                self.refused.insert(candidate.place, (candidate.look, Refused::TooMuch(problem)));
                return Err(problem.into());
            }
            content => content?.ok_or(FileProblem::Unfinished)?,
        };
        let (state, prefix) = self.state(candidate, &content)?;
        let is_anew = state.offset == 0 && self.known.iter().any(|known| known.place == Some(candidate.place));
        let nuls = content.leading_nuls()?;
        let bytes = content.bytes(nuls, START_BYTES as u64)?;
        if bytes.is_empty() {
            self.done.insert(candidate.place, candidate.look);
            return Ok(None);
        }
        let is_settled = content.is_packed() || candidate.look.age() > SETTLED;
        let start = if is_settled { Some(Start::of_whole(&bytes, nuls)?) } else { Start::of(&bytes, nuls)? };
        let Some(start) = start else { return Ok(None) };
        let at_end = match is_settled {
            _ if content.is_packed() => AtEnd::Take,
            true if !self.is_last_look || start.is_table() => AtEnd::Settled,
            _ if self.is_last_look => AtEnd::Last,
            _ => AtEnd::Wait,
        };
        let begin = match state.offset {
            0 => Position { date_order: self.date_order, ..start.position },
            offset => Position {
                offset,
                line: state.line,
                is_in_array: state.is_in_array,
                date_order: self.date_order.or(state.is_day_first.map(order)),
            },
        };
        let mut file = content.file()?;
        file.seek(SeekFrom::Start(begin.offset))?;
        let reader = Reader::new(start, file, begin, LIMITS);
        Ok(Some(OpenFile { state, content, reader, at_end, candidate: candidate.clone(), begin, prefix, is_anew }))
    }

    /// Opens a file, unless it was kept open.
    fn kept_or_opened(&mut self, candidate: &FileCandidate) -> io::Result<File> {
        let file = match self.open.get(&candidate.place) {
            Some(kept) => kept.file.try_clone(),
            None => self.search.open(&candidate.path),
        };
        match file {
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) && !self.open.is_empty() => {
                // Those that are kept are in the way of those that are to be read.
                self.open.clear();
                self.most_open = (self.most_open / 2).max(1);
                self.search.open(&candidate.path)
            }
            file => file,
        }
    }

    /// Remembers what the ledger has noted.
    pub(super) fn noted(&mut self, state: &FileState) {
        for known in &mut self.known {
            if known.place == state.place && known.id != state.id {
                known.place = None;
            }
        }
        match self.known.iter_mut().find(|known| known.id == state.id) {
            Some(known) => *known = state.clone(),
            None => self.known.push(state.clone()),
        }
    }

    /// A file was read to its end; it is not opened again before it changes.
    pub(super) fn finished(&mut self, candidate: &FileCandidate, open: &OpenFile) {
        self.done.insert(candidate.place, candidate.look);
        self.prefixes.insert(candidate.place, open.prefix.clone());
        if let Some(damage) = &open.content.damage {
            self.refused.insert(candidate.place, (candidate.look, Refused::Damaged(damage.clone())));
        }
    }

    /// What the ledger knows the files by that are there.
    pub(super) fn present(&self) -> Vec<i64> {
        let is_there = |known: &&FileState| known.place.is_some_and(|place| self.done.contains_key(&place));
        self.known.iter().filter(is_there).map(|known| known.id).collect()
    }

    /// What is read of a file: known by its place, or as a copy of another one by what it contains.
    fn state(&self, candidate: &FileCandidate, content: &Content) -> io::Result<(FileState, Prefix)> {
        let size = content.size()?;
        let path = candidate.path.display().to_string();
        let place = Some(candidate.place);
        let (same, others): (Vec<_>, Vec<_>) = self.known.iter().partition(|known| known.place == place);
        for known in same.into_iter().chain(others) {
            let seen = self.prefixes.get(&candidate.place).filter(|_| known.place == place);
            if known.offset > 0
                && known.offset <= size
                && let Some(prefix) = content.continues(known, seen)?
            {
                let id = if known.place == place { known.id } else { 0 };
                return Ok((FileState { id, place, path, size: 0, changed: 0, ..known.clone() }, prefix));
            }
        }
        Ok((FileState { place, path, ..FileState::default() }, Prefix::default()))
    }

    fn keep(&mut self, candidate: &FileCandidate, file: &File) {
        let changed = candidate.look.changed;
        if self.open.len() >= self.most_open && !self.open.contains_key(&candidate.place) {
            // The one that was not written to for the longest time is the least likely to be written to.
            let oldest = self.open.iter().min_by_key(|(_, kept)| kept.changed);
            match oldest.map(|(place, kept)| (*place, kept.changed)) {
                Some((place, other)) if other < changed => self.open.remove(&place),
                _ => return,
            };
        }
        if let Ok(file) = file.try_clone() {
            self.open.insert(candidate.place, Kept { file, path: candidate.path.clone(), changed });
        }
    }
}

fn order(is_day_first: bool) -> DateOrder {
    if is_day_first { DateOrder::DayFirst } else { DateOrder::MonthFirst }
}
