//! A file with something to read.

use std::{fs::File, io, path::Path};

use exotrace_formats::{AtEnd, Batch, DateOrder, Notice, Position, Problem, Reader};

use super::{
    candidate::FileCandidate,
    content::{Content, Prefix},
    error::{FileError, FileProblem},
};
use crate::ledger::FileState;

/// A file with something to read.
pub(super) struct OpenFile {
    /// What is read of it.
    pub(super) state: FileState,
    pub(super) content: Content,
    pub(super) reader: Reader<File>,
    pub(super) at_end: AtEnd,
    pub(super) candidate: FileCandidate,
    /// Where this reading began.
    pub(super) begin: Position,
    pub(super) prefix: Prefix,
    /// Whether another file, or the same one with other contents, was in its place.
    pub(super) is_anew: bool,
}

impl OpenFile {
    /// The next batch, and what is read of the file when it is delivered; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the file cannot be read on. What came before was given.
    pub(super) fn read(&mut self) -> Result<Option<(Batch, FileState)>, FileError> {
        let failed = |path: &Path, problem| FileError { path: path.to_owned(), problem };
        let batch = self.reader.next(self.at_end).map_err(|error| failed(&self.candidate.path, error.into()))?;
        let Some(batch) = batch else { return Ok(None) };
        let state = self.after(batch.after).map_err(|error| failed(&self.candidate.path, error.into()))?;
        Ok(Some((batch, state)))
    }

    /// What is read of the file, at its end.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub(super) fn end(&mut self) -> Result<FileState, FileError> {
        let path = self.candidate.path.clone();
        let mut state =
            self.after(self.reader.position()).map_err(|error| FileError { path, problem: error.into() })?;
        if !self.reader.is_waiting() {
            (state.size, state.changed) = (self.candidate.look.size, self.candidate.look.changed);
        }
        Ok(state)
    }

    /// Whether something is left that is not whole.
    pub(super) fn is_waiting(&self) -> bool {
        self.reader.is_waiting()
    }

    /// Whether what is left waits for a date that gives the order of day and month away.
    pub(super) fn is_undecided(&self) -> bool {
        self.reader.is_undecided()
    }

    /// In which line it is.
    pub(super) fn line(&self) -> u64 {
        self.reader.position().line
    }

    /// What was noticed since this was asked last.
    pub(super) fn notices(&mut self) -> Vec<Notice> {
        let mut notices = self.reader.notices();
        let left_out = std::mem::take(&mut self.content.left_out);
        if left_out > 0 {
            notices.push(Notice { line: 0, problem: Problem::Padding(left_out) });
        }
        notices
    }

    /// Why not all of a compressed file could be unpacked.
    pub(super) fn damage(&self) -> Option<FileError> {
        let damage = self.content.damage.clone()?;
        Some(FileError { path: self.candidate.path.clone(), problem: FileProblem::Damaged(damage) })
    }

    fn after(&mut self, position: Position) -> io::Result<FileState> {
        // Before the first record, all that was passed over is a header or blank.
        let offset = if position.offset == self.begin.offset && self.state.offset == 0 { 0 } else { position.offset };
        let (head, tail) = self.content.hashes(offset, &mut self.prefix)?;
        Ok(FileState {
            offset,
            line: position.line,
            is_in_array: position.is_in_array,
            is_day_first: position.date_order.map(|order| order == DateOrder::DayFirst),
            head,
            tail,
            size: 0,
            changed: 0,
            ..self.state.clone()
        })
    }
}
