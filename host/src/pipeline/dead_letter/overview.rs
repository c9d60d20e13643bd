//! What a file of letters has, by reason: nothing of the records is in it.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use indicatif::HumanCount;
use serde::Serialize;

use super::{DeadLetter, Stage, masked};
use crate::support::shown;

/// Maximum number of distinct reasons; dead letters with others are counted together.
const MAX_REASONS: usize = 50;

/// Maximum number of ids named for each.
const MAX_IDS: usize = 3;

/// What a file of letters has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Overview {
    /// Which file.
    pub file: PathBuf,
    /// How many letters.
    pub letters: u64,
    /// How many lines that are not dead letters.
    pub unreadable: u64,
    /// The first of them, counted from 1, and why it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_unreadable: Option<(u64, String)>,
    /// Whether all of the file was read.
    pub is_complete: bool,
    /// Why they are there, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// The sources of all of them.
    #[serde(skip)]
    pub sources: BTreeSet<String>,
}

/// Letters that are there for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// How many.
    pub letters: u64,
    /// Where they were given up.
    pub stage: Stage,
    /// The output that refused them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The source of the first.
    pub source: String,
    /// The mapping of the first.
    pub mapping: String,
    /// Why, without anything of the records.
    pub reason: String,
    /// When the first and the last was given up.
    pub first: DateTime<Utc>,
    /// When the last was given up.
    pub last: DateTime<Utc>,
    /// Ids of some of the documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
}

impl Overview {
    /// Reads the letters in the first bytes of a file; `None` when there is no file.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn read(file: &Path, max_bytes: u64) -> io::Result<Option<Self>> {
        let open = match File::open(file) {
            Ok(open) => open,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = open.metadata()?.len();
        let mut overview = Self::new(file);
        overview.is_complete = length <= max_bytes;
        let mut lines = BufReader::new(open.take(max_bytes));
        let (mut line, mut number) = (Vec::new(), 0);
        while lines.read_until(b'\n', &mut line)? > 0 {
            number += 1;
            let is_cut = !overview.is_complete && !line.ends_with(b"\n");
            if !line.trim_ascii().is_empty() && !is_cut {
                match serde_json::from_slice(&line) {
                    Ok(letter) => overview.add(&letter),
                    Err(error) => overview.add_unreadable(number, &error),
                }
            }
            line.clear();
        }
        overview.sort();
        Ok(Some(overview))
    }

    /// What these letters have, which go to a file.
    pub(crate) fn of(file: &Path, letters: &[DeadLetter]) -> Self {
        let mut overview = Self::new(file);
        letters.iter().for_each(|letter| overview.add(letter));
        overview.sort();
        overview
    }

    fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            letters: 0,
            unreadable: 0,
            first_unreadable: None,
            is_complete: true,
            reasons: Vec::new(),
            sources: BTreeSet::new(),
        }
    }

    fn add(&mut self, letter: &DeadLetter) {
        self.letters += 1;
        if !self.sources.contains(&letter.source) {
            self.sources.insert(letter.source.clone());
        }
        let mut reason = masked(&letter.reason, &letter.record);
        let is_it = |known: &Reason, reason: &str| {
            (known.stage, &known.output, known.reason.as_str()) == (letter.stage, &letter.output, reason)
        };
        let mut found = self.reasons.iter().position(|known| is_it(known, &reason));
        if found.is_none() && self.reasons.len() >= MAX_REASONS {
            "other reasons".clone_into(&mut reason);
            found = self.reasons.iter().position(|known| is_it(known, &reason));
        }
        let place = found.unwrap_or(self.reasons.len());
        if found.is_none() {
            self.reasons.push(Reason {
                letters: 0,
                stage: letter.stage,
                output: letter.output.clone(),
                source: letter.source.clone(),
                mapping: letter.mapping.clone(),
                reason,
                first: letter.time,
                last: letter.time,
                ids: Vec::new(),
            });
        }
        let known = &mut self.reasons[place];
        known.letters += 1;
        (known.first, known.last) = (known.first.min(letter.time), known.last.max(letter.time));
        if let Some(id) = letter.id.as_ref().filter(|_| known.ids.len() < MAX_IDS) {
            known.ids.push(id.clone());
        }
    }

    fn add_unreadable(&mut self, line: u64, error: &serde_json::Error) {
        self.unreadable += 1;
        self.first_unreadable.get_or_insert_with(|| (line, problem(error)));
    }

    fn sort(&mut self) {
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.letters));
    }
}

impl Reason {
    /// Where they were given up, for people.
    pub(crate) fn place(&self) -> String {
        match (self.stage, &self.output) {
            (Stage::Source, _) => format!("source `{}`", shown::line(&self.source)),
            (Stage::Mapping, _) => "mapping".to_owned(),
            (Stage::Output, Some(name)) => format!("output `{}`", shown::line(name)),
            (Stage::Output, None) => "output".to_owned(),
        }
    }

    /// How many, and why.
    pub(crate) fn counted(&self) -> String {
        format!("{} x {}", HumanCount(self.letters), self.reason)
    }
}

/// What is wrong with a line that is not a dead letter; which line is said beside it.
pub(crate) fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line ") {
        Some((problem, _)) => format!("{problem} at column {}", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn letter(reason: &str, record: &str, second: i64) -> DeadLetter {
        DeadLetter {
            time: DateTime::from_timestamp(second, 0).unwrap(),
            source: "contoso".to_owned(),
            stage: Stage::Output,
            output: Some("siem".to_owned()),
            mapping: "2.2.0".to_owned(),
            reason: reason.to_owned(),
            id: Some(format!("id-{second}")),
            read_at: None,
            path: None,
            offset: None,
            record: record.to_owned(),
            sealed: None,
        }
    }

    #[test]
    fn letters_are_counted_by_reason_without_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dead.ndjson");
        let mut text = String::new();
        for second in 1..=5 {
            let record = format!("{{\"Subject\":\"secret plan {second}\"}}");
            let reason = format!("failed to parse field [a.b] in document with id 'x{second}': secret plan {second}");
            text += &(serde_json::to_string(&letter(&reason, &record, second)).unwrap() + "\n");
        }
        text += "nonsense\n\n";
        text += &(serde_json::to_string(&letter("too long", "{}", 9)).unwrap() + "\n");
        fs::write(&file, &text).unwrap();
        let overview = Overview::read(&file, u64::MAX).unwrap().unwrap();
        assert_eq!((overview.letters, overview.unreadable, overview.is_complete), (6, 1, true));
        assert_eq!(overview.first_unreadable, Some((6, "expected ident at column 2".to_owned())));
        let [first, second] = &overview.reasons[..] else { panic!("{overview:?}") };
        assert_eq!((first.letters, second.letters, second.reason.as_str()), (5, 1, "too long"));
        assert_eq!(first.reason, "failed to parse field [a.b] in document with id '…': …");
        assert_eq!((first.first.timestamp(), first.last.timestamp(), first.ids.len()), (1, 5, 3));
        let told = serde_json::to_string(&overview).unwrap();
        assert!(!told.contains("secret"), "{told}");
        // A part of the file is said to be one.
        let part = Overview::read(&file, text.len() as u64 / 2).unwrap().unwrap();
        assert!(!part.is_complete && part.letters < 6 && part.unreadable == 0, "{part:?}");
        assert_eq!(Overview::read(&folder.path().join("none"), 1).unwrap(), None);
    }

    #[test]
    fn reasons_are_bounded() {
        let words: Vec<_> = (0..26_u8).map(|it| char::from(b'a' + it)).collect();
        let reasons = words.iter().flat_map(|one| words.iter().map(move |other| format!("reason {one}{other}")));
        let letters: Vec<_> = reasons.map(|reason| letter(&reason, "{}", 0)).collect();
        let overview = Overview::of(Path::new("dead"), &letters);
        assert_eq!((overview.letters, overview.reasons.len()), (676, MAX_REASONS + 1));
        assert_eq!((overview.reasons[0].reason.as_str(), overview.reasons[0].letters), ("other reasons", 626));
    }
}
