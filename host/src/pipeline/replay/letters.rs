//! Reads a file of letters, those together that have one origin.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use crate::dead_letter::Letter;

/// How many letters are mapped and delivered together.
const BATCH_LETTERS: usize = 1000;

/// How many bytes of letters are mapped and delivered together, unless a single one is longer.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// No letter is longer, in bytes: a record has 64 MiB at most, and a byte of it six in JSON.
const MAX_LINE_BYTES: u64 = 512 * 1024 * 1024;

/// So many lines that are no letters are named.
const MOST_NAMED: usize = 20;

/// A file of letters.
pub(super) struct Letters {
    lines: BufReader<File>,
    line: usize,
    /// Was read, and does not go with those before.
    next: Option<Letter>,
    /// Letters read.
    pub(super) count: u64,
    /// Lines that are no letters.
    pub(super) unreadable: u64,
    /// The first of them, counted from 1, and why they are none.
    pub(super) examples: Vec<(usize, String)>,
}

impl Letters {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let lines = BufReader::new(File::open(path)?);
        Ok(Self { lines, line: 0, next: None, count: 0, unreadable: 0, examples: Vec::new() })
    }

    /// The next letters that go together; none at the end.
    pub(super) fn next_batch(&mut self) -> io::Result<Vec<Letter>> {
        let mut batch: Vec<Letter> = Vec::new();
        let mut bytes = 0;
        loop {
            let letter = match self.next.take() {
                Some(letter) => letter,
                None => match self.read()? {
                    Some(letter) => letter,
                    None => return Ok(batch),
                },
            };
            bytes += letter.record.len();
            let is_full = batch.len() >= BATCH_LETTERS || bytes > BATCH_BYTES;
            if batch.first().is_some_and(|first| is_full || !go_together(first, &letter)) {
                self.next = Some(letter);
                return Ok(batch);
            }
            batch.push(letter);
        }
    }

    /// The next line that is a letter.
    fn read(&mut self) -> io::Result<Option<Letter>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if self.lines.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if line.len() as u64 == MAX_LINE_BYTES && !line.ends_with(b"\n") {
                self.lines.skip_until(b'\n')?;
                self.give_up("longer than any letter");
                continue;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(&line) {
                Ok(letter) => {
                    self.count += 1;
                    return Ok(Some(letter));
                }
                Err(error) => self.give_up(&error.to_string()),
            }
        }
    }

    fn give_up(&mut self, why: &str) {
        self.unreadable += 1;
        if self.examples.len() < MOST_NAMED {
            self.examples.push((self.line, why.to_owned()));
        }
    }
}

/// Whether letters can be in one batch, which has one origin.
fn go_together(first: &Letter, other: &Letter) -> bool {
    let can = |letter: &Letter| letter.path.is_none() && !letter.record.trim().is_empty();
    can(first)
        && can(other)
        && (&first.source, &first.output, first.read_at) == (&other.source, &other.output, other.read_at)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use chrono::DateTime;

    use super::*;
    use crate::dead_letter::{DeadLetter, Stage};

    fn letter(source: &str, record: &str) -> Letter {
        Letter {
            time: DateTime::UNIX_EPOCH,
            source: source.to_owned(),
            stage: Stage::Mapping,
            output: None,
            mapping: "2.2.0".to_owned(),
            reason: "trap".to_owned(),
            id: None,
            read_at: None,
            path: None,
            offset: None,
            record: record.to_owned(),
        }
    }

    /// How many letters each batch has.
    fn sizes(letters: &mut Letters) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let size @ 1.. = letters.next_batch().unwrap().len() {
            sizes.push(size);
        }
        sizes
    }

    #[test]
    fn letters_of_one_origin_go_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        let of_file = Letter { path: Some("a".to_owned()), offset: Some(0), ..letter("b", "{}") };
        let mut all = vec![letter("a", "{}"), letter("a", "{}"), letter("b", "{}"), of_file.clone(), of_file];
        all.extend([letter("a", " "), letter("a", "{}")]);
        all.extend(vec![letter("c", "{}"); BATCH_LETTERS + 1]);
        all.extend(vec![letter("d", &"x".repeat(BATCH_BYTES / 2)); 3]);
        DeadLetter::new(path.clone()).append(&all).unwrap();
        let mut letters = Letters::open(&path).unwrap();
        assert_eq!(sizes(&mut letters), [2, 1, 1, 1, 1, 1, BATCH_LETTERS, 1, 2, 1]);
        assert_eq!((letters.count, letters.unreadable), (all.len() as u64, 0));
    }

    #[test]
    fn lines_that_are_no_letters_are_counted_and_some_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        fs::write(&path, "{\"time\":\n".repeat(30) + "\n").unwrap();
        DeadLetter::new(path.clone()).append(&[letter("a", "{}")]).unwrap();
        let mut letters = Letters::open(&path).unwrap();
        assert_eq!(sizes(&mut letters), [1]);
        assert_eq!((letters.unreadable, letters.examples.len(), letters.examples[0].0), (30, MOST_NAMED, 1));
    }
}
