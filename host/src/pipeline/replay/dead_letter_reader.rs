//! Reads a file of letters, those together that have one origin.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use crate::{
    pipeline::dead_letter::{self, DeadLetter, Sealer},
    support::lines::is_blank,
};

/// How many letters are mapped and delivered together.
const BATCH_LETTERS: usize = 1000;

/// How many bytes of letters are mapped and delivered together, unless a single one is longer.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// No letter is longer, in bytes: a record has 64 MiB at most, and a byte of it six in JSON.
const MAX_LINE_BYTES: u64 = 512 * 1024 * 1024;

/// Maximum number of lines named that are not dead letters.
const MOST_NAMED: usize = 20;

/// The last place that a file can have, in bytes: what `log.offset` can hold.
const MAX_OFFSET: u64 = i64::MAX.cast_unsigned();

/// By how much of its beginning a file is known again, at most.
const MAX_HEAD_BYTES: u64 = 64 * 1024;

/// A file of letters.
pub(super) struct DeadLetterReader {
    path: PathBuf,
    lines: BufReader<File>,
    /// How many lines and bytes are read.
    line: usize,
    offset: u64,
    /// What opens letters that are sealed.
    sealer: Option<Arc<Sealer>>,
    /// Was read, and does not go with those before; and where it begins.
    next: Option<(DeadLetter, u64)>,
    /// What the file is known by.
    pub(super) identity: [u8; 32],
    /// Where lines go that are not dead letters, if the file is deleted when it is done.
    others: Option<(PathBuf, Option<File>)>,
    /// DeadLetterReader read.
    pub(super) count: u64,
    /// Lines that are not dead letters.
    pub(super) unreadable: u64,
    /// The first of them, counted from 1, and why they are none.
    pub(super) examples: Vec<(usize, String)>,
}

impl DeadLetterReader {
    /// Opens a file; `others` is where lines go that are not dead letters, and the file is deleted at the end then.
    pub(super) fn open(path: &Path, others: Option<PathBuf>) -> io::Result<Self> {
        let mut lines = BufReader::new(File::open(path)?);
        let mut head = Vec::new();
        lines.by_ref().take(MAX_HEAD_BYTES).read_until(b'\n', &mut head)?;
        lines.seek(SeekFrom::Start(0))?;
        let about = lines.get_ref().metadata()?;
        let mut hash = Sha256::new();
        // The first line says when it was written.
        hash.update(format!("{} {} ", about.dev(), about.ino()));
        hash.update(head);
        Ok(Self {
            path: path.to_owned(),
            lines,
            line: 0,
            offset: 0,
            sealer: None,
            next: None,
            identity: hash.finalize().into(),
            others: others.map(|path| (path, None)),
            count: 0,
            unreadable: 0,
            examples: Vec::new(),
        })
    }

    /// The same file, with what opens letters that are sealed.
    pub(super) fn opened_by(self, sealer: Option<Arc<Sealer>>) -> Self {
        Self { sealer, ..self }
    }

    /// The letter with its record, if that is sealed and can be opened.
    fn opened(&self, letter: DeadLetter) -> DeadLetter {
        let record = letter.sealed.as_ref().and_then(|sealed| self.sealer.as_ref()?.open(sealed));
        match record {
            Some(record) => DeadLetter { record, sealed: None, ..letter },
            None => letter,
        }
    }

    /// Passes over what is done.
    pub(super) fn go_on_at(&mut self, offset: u64) -> io::Result<()> {
        while self.offset < offset {
            let length = self.lines.skip_until(b'\n')?;
            if length == 0 {
                return Ok(());
            }
            self.line += 1;
            self.offset += length as u64;
        }
        Ok(())
    }

    /// The next letters that go together, and where those behind begin; no letters at the end.
    pub(super) fn next_batch(&mut self) -> io::Result<(Vec<DeadLetter>, u64)> {
        let mut batch: Vec<DeadLetter> = Vec::new();
        let mut bytes = 0;
        loop {
            let next = match self.next.take() {
                Some(next) => Some(next),
                None => self.read()?,
            };
            let Some((letter, begin)) = next else { return Ok((batch, self.offset)) };
            bytes += letter.record.len();
            let is_full = batch.len() >= BATCH_LETTERS || bytes > BATCH_BYTES;
            if batch.first().is_some_and(|first| is_full || !go_together(first, &letter)) {
                self.next = Some((letter, begin));
                return Ok((batch, begin));
            }
            batch.push(letter);
        }
    }

    /// The next line that is a letter, and where it begins.
    fn read(&mut self) -> io::Result<Option<(DeadLetter, u64)>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let begin = self.offset;
            let length = self.lines.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.offset += length as u64;
            if length as u64 == MAX_LINE_BYTES && !line.ends_with(b"\n") {
                self.offset += self.lines.skip_until(b'\n')? as u64;
                self.give_up(&line, "longer than any dead letter")?;
                continue;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(&line) {
                Ok(DeadLetter { offset: Some(offset), .. }) if offset > MAX_OFFSET => {
                    self.give_up(&line, "`offset` is behind the end of any file")?;
                }
                Ok(letter) => {
                    self.count += 1;
                    return Ok(Some((self.opened(letter), begin)));
                }
                Err(error) => self.give_up(&line, &dead_letter::problem(&error))?,
            }
        }
    }

    fn give_up(&mut self, line: &[u8], why: &str) -> io::Result<()> {
        self.unreadable += 1;
        if self.examples.len() < MOST_NAMED {
            self.examples.push((self.line, why.to_owned()));
        }
        let Some((path, file)) = &mut self.others else { return Ok(()) };
        let file = match file {
            Some(file) => file,
            None => file.insert(OpenOptions::new().create(true).append(true).mode(0o600).open(path)?),
        };
        file.write_all(line)?;
        if line.ends_with(b"\n") { Ok(()) } else { file.write_all(b"\n") }
    }

    /// Deletes the file if it is to go when it is done: all that it had is delivered, in the dead letter again, or where
    /// this says.
    pub(super) fn end(&mut self) -> io::Result<Option<PathBuf>> {
        let Some((path, file)) = self.others.take() else { return Ok(None) };
        let has_others = file.is_some();
        if let Some(file) = file {
            file.sync_all()?;
        }
        fs::remove_file(&self.path)?;
        Ok(has_others.then_some(path))
    }
}

/// Whether letters can be in one batch, which has one origin.
fn go_together(first: &DeadLetter, other: &DeadLetter) -> bool {
    let can = |letter: &DeadLetter| letter.path.is_none() && !is_blank(&letter.record);
    can(first)
        && can(other)
        && (&first.source, &first.output, first.read_at) == (&other.source, &other.output, other.read_at)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::pipeline::dead_letter::{DeadLetterFile, Stage};

    fn letter(source: &str, record: &str) -> DeadLetter {
        DeadLetter {
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
            sealed: None,
        }
    }

    /// How many letters each batch has.
    fn sizes(letters: &mut DeadLetterReader) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let size @ 1.. = letters.next_batch().unwrap().0.len() {
            sizes.push(size);
        }
        sizes
    }

    #[test]
    fn letters_of_one_origin_go_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        let of_file = DeadLetter { path: Some("a".to_owned()), offset: Some(0), ..letter("b", "{}") };
        let mut all = vec![letter("a", "{}"), letter("a", "{}"), letter("b", "{}"), of_file.clone(), of_file];
        all.extend([letter("a", " "), letter("a", "{}")]);
        all.extend(vec![letter("c", "{}"); BATCH_LETTERS + 1]);
        all.extend(vec![letter("d", &"x".repeat(BATCH_BYTES / 2)); 3]);
        DeadLetterFile::new(path.clone()).append(&all).unwrap();
        let mut letters = DeadLetterReader::open(&path, None).unwrap();
        assert_eq!(sizes(&mut letters), [2, 1, 1, 1, 1, 1, BATCH_LETTERS, 1, 2, 1]);
        assert_eq!((letters.count, letters.unreadable), (all.len() as u64, 0));
    }

    #[test]
    fn lines_that_are_no_letters_are_counted_and_some_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters");
        fs::write(&path, "{\"time\":\n".repeat(30) + "\n").unwrap();
        DeadLetterFile::new(path.clone()).append(&[letter("a", "{}")]).unwrap();
        let mut letters = DeadLetterReader::open(&path, None).unwrap();
        assert_eq!(sizes(&mut letters), [1]);
        assert_eq!((letters.unreadable, letters.examples.len(), letters.examples[0].0), (30, MOST_NAMED, 1));
    }

    #[test]
    fn a_file_is_gone_on_with_behind_what_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let (path, others) = (folder.path().join("letters"), folder.path().join("others"));
        let mut dead_letter = DeadLetterFile::new(path.clone());
        dead_letter.append(&[letter("a", "1"), letter("a", "2"), letter("b", "3")]).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "torn").unwrap();
        dead_letter.append(&[letter("b", "4")]).unwrap();
        let open = || DeadLetterReader::open(&path, Some(others.clone())).unwrap();
        let mut letters = open();
        let (batch, done) = letters.next_batch().unwrap();
        assert_eq!(batch.len(), 2);
        let mut letters = open();
        letters.go_on_at(done).unwrap();
        let (batch, done) = letters.next_batch().unwrap();
        assert_eq!(batch.iter().map(|letter| letter.record.as_str()).collect::<Vec<_>>(), ["3", "4"]);
        assert_eq!((done, letters.examples[0].0), (fs::metadata(&path).unwrap().len(), 4));
        assert_eq!(letters.end().unwrap(), Some(others.clone()));
        assert!(!path.exists());
        assert_eq!(fs::read_to_string(others).unwrap(), "torn\n");
    }
}
