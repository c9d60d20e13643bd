//! Reads what was kept of a source, batch by batch, in the order in which it was written.

use std::{collections::VecDeque, fs::File, io, path::PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tracing::error;

use super::{
    archive_hour::{ArchiveHour, files},
    frame::{FoundPart, HEAD, look},
};
use crate::mapper::Origin;

/// A place in an archive: everything before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::pipeline) struct ArchivePosition {
    hour: DateTime<Utc>,
    number: u32,
    offset: u64,
}

impl ArchivePosition {
    /// Where everything begins.
    pub(in crate::pipeline) const START: Self = Self { hour: DateTime::UNIX_EPOCH, number: 0, offset: 0 };
}

/// A batch as it was kept.
#[derive(Debug)]
pub(in crate::pipeline) struct ArchivedBatch {
    pub(in crate::pipeline) records: String,
    pub(in crate::pipeline) origin: Origin,
    /// When the hour began in which it was written.
    pub(in crate::pipeline) hour: DateTime<Utc>,
    /// The place behind it.
    pub(in crate::pipeline) position: ArchivePosition,
}

/// Reads what was kept of a source.
pub(in crate::pipeline) struct ArchiveReader {
    /// The files that are still to be read, each with its length when this was made.
    files: VecDeque<(ArchiveHour, PathBuf, u64)>,
    open: Option<OpenHour>,
    /// How many bytes there are, and how many are in files that are read.
    total: u64,
    read: u64,
    /// How many batches, or rests of files, are not what was written.
    pub(in crate::pipeline) damaged: u64,
}

/// The file that is being read.
struct OpenHour {
    hour: ArchiveHour,
    path: PathBuf,
    file: File,
    offset: u64,
    length: u64,
}

impl ArchiveReader {
    /// Gets ready to read what was written from the hour of `from` on, up to now.
    pub(in crate::pipeline) fn new(folder: &std::path::Path, from: DateTime<Utc>) -> io::Result<Self> {
        let first = ArchiveHour::of(from).begins;
        let mut wanted = VecDeque::new();
        for (hour, path) in files(folder)?.into_iter().filter(|(hour, _)| hour.begins >= first) {
            let length = match path.metadata() {
                // It was just deleted.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                about => about?.len(),
            };
            wanted.push_back((hour, path, length));
        }
        let total = wanted.iter().map(|(_, _, length)| length).sum();
        Ok(Self { files: wanted, open: None, total, read: 0, damaged: 0 })
    }

    /// The hours of which something was kept of a source, the oldest first.
    pub(in crate::pipeline) fn hours(folder: &std::path::Path) -> io::Result<Vec<DateTime<Utc>>> {
        let mut hours: Vec<_> = files(folder)?.into_iter().map(|(hour, _)| hour.begins).collect();
        hours.dedup();
        Ok(hours)
    }

    /// Whether there is nothing to read.
    pub(in crate::pipeline) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How much is read, from 0 to 1.
    pub(in crate::pipeline) fn fraction(&self) -> f64 {
        let open = self.open.as_ref().map_or(0, |open| open.offset);
        (self.read + open) as f64 / self.total.max(1) as f64
    }

    /// The next batch; `None` at the end. What is damaged is said and passed over.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub(in crate::pipeline) fn next(&mut self) -> io::Result<Option<ArchivedBatch>> {
        loop {
            let Some(open) = &mut self.open else {
                let Some((hour, path, length)) = self.files.pop_front() else { return Ok(None) };
                let file = match File::open(&path) {
                    // It was old enough to be deleted meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    file => file?,
                };
                self.open = Some(OpenHour { hour, path, file, offset: HEAD.len() as u64, length });
                continue;
            };
            match look(&open.file, open.offset, open.length)? {
                FoundPart::Frame(place) => {
                    open.offset = place.end;
                    match place.read(&open.file) {
                        Ok(records) => {
                            let position = open.position();
                            let (origin, hour) = (place.origin(), open.hour.begins);
                            return Ok(Some(ArchivedBatch { records, origin, hour, position }));
                        }
                        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                            tell(open, &error.to_string());
                            self.damaged += 1;
                        }
                        Err(error) => return Err(error),
                    }
                }
                // What a crash has left came again, and what is being written comes with the next remap.
                FoundPart::End | FoundPart::Part => self.finish(),
                FoundPart::Other => {
                    tell(open, "something else than a batch; the rest of the file is left out");
                    self.damaged += 1;
                    self.finish();
                }
            }
        }
    }

    fn finish(&mut self) {
        self.read += self.open.take().map_or(0, |open| open.length);
    }
}

impl OpenHour {
    fn position(&self) -> ArchivePosition {
        ArchivePosition { hour: self.hour.begins, number: self.hour.number, offset: self.offset }
    }
}

fn tell(open: &OpenHour, problem: &str) {
    error!(path = %open.path.display(), offset = open.offset, problem, "archive file is damaged");
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::pipeline::archive::frame::encode;

    fn frame(text: &str) -> Vec<u8> {
        encode(text, &Origin::default()).unwrap()
    }

    fn write(folder: &Path, name: &str, frames: &[&[u8]]) {
        fs::write(folder.join(name), [&HEAD[..], &frames.concat()].concat()).unwrap();
    }

    fn texts(reader: &mut ArchiveReader) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(batch) = reader.next().unwrap() {
            texts.push(batch.records);
        }
        texts
    }

    #[test]
    fn batches_come_in_the_order_in_which_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two, three) = (frame("1"), frame("2"), frame("3"));
        write(folder.path(), "2026-03-04T05.ndjson.zst", &[&one, &two]);
        write(folder.path(), "2026-03-04T05-1.ndjson.zst", &[&three]);
        write(folder.path(), "2026-03-04T06.ndjson.zst", &[&one, &two[..two.len() - 1]]);
        let at = |text: &str| text.parse().unwrap();
        let mut reader = ArchiveReader::new(folder.path(), at("2026-03-04T05:59:00Z")).unwrap();
        let mut positions = vec![ArchivePosition::START];
        let mut fractions = vec![0.0];
        while let Some(batch) = reader.next().unwrap() {
            positions.push(batch.position);
            fractions.push(reader.fraction());
        }
        assert_eq!(positions.len(), 5);
        assert!(positions.is_sorted_by(|one, other| one < other), "{positions:?}");
        assert!(fractions.is_sorted() && reader.fraction() >= 1.0 && reader.damaged == 0, "{fractions:?}");
        let mut reader = ArchiveReader::new(folder.path(), at("2026-03-04T06:00:00Z")).unwrap();
        assert_eq!(texts(&mut reader), ["1\n"]);
        assert!(ArchiveReader::new(folder.path(), at("2026-03-04T07:00:00Z")).unwrap().is_empty());
        let hours = ArchiveReader::hours(folder.path()).unwrap();
        assert_eq!(hours, [at("2026-03-04T05:00:00Z"), at("2026-03-04T06:00:00Z")]);
        assert!(ArchiveReader::new(&folder.path().join("none"), at("2026-03-04T05:00:00Z")).unwrap().is_empty());
    }

    #[test]
    fn what_is_damaged_is_counted_and_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let (one, mut two, three) = (frame("1"), frame("2"), frame("3"));
        *two.last_mut().unwrap() ^= 1;
        write(folder.path(), "2026-03-04T05.ndjson.zst", &[&one, &two, &three, b"something else", &one]);
        write(folder.path(), "2026-03-04T06.ndjson.zst", &[&one]);
        let mut reader = ArchiveReader::new(folder.path(), DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(texts(&mut reader), ["1\n", "3\n", "1\n"]);
        assert_eq!(reader.damaged, 2);
    }
}
