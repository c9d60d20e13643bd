//! One batch in a file of an archive: its records as a frame of zstd, and before them what is to be known of the batch,
//! which everything else that reads zstd passes over.

use std::{borrow::Cow, fs::File, io, os::unix::fs::FileExt as _};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::mapper::{FilePosition, Origin};

/// What a file begins with: a frame of nothing, so that everybody sees that it is zstd.
pub(super) const HEAD: [u8; 9] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00];

/// What is passed over begins so.
const SKIPPABLE: [u8; 4] = 0x184d_2a5e_u32.to_le_bytes();

/// How many bytes say how long that is, and the same with the four before.
const LENGTH_BYTES: usize = 4;
const START_BYTES: usize = SKIPPABLE.len() + LENGTH_BYTES;

/// What every zstd does unless told otherwise.
const LEVEL: i32 = 3;

/// The longest that is said of a batch, in bytes: the path of a file is the longest of it.
const MOST_ABOUT_BYTES: usize = 64 * 1024;

/// The longest records of a batch, in bytes: more than any source puts together.
const MOST_RECORD_BYTES: u64 = 1 << 30;

/// What is to be known of a batch besides its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FrameAbout {
    /// How long its frame is, in bytes.
    length: u64,
    /// How long its records are, in bytes.
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

/// A frame in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FramePlace {
    about: FrameAbout,
    /// Where the records begin.
    records: u64,
    /// Where the next one begins.
    pub(super) end: u64,
}

/// What stands at a place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FoundPart {
    Frame(FramePlace),
    /// Nothing more.
    End,
    /// A frame that is not all there.
    Part,
    /// Something else.
    Other,
}

/// The bytes of a batch, whose last record ends its line, so that those of the next batch begin another one.
pub(super) fn encode(records: &str, origin: &Origin) -> io::Result<Vec<u8>> {
    let records = if records.ends_with('\n') { Cow::Borrowed(records) } else { Cow::Owned(format!("{records}\n")) };
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    let frame = compressor.compress(records.as_bytes())?;
    let about = FrameAbout {
        length: frame.len() as u64,
        bytes: records.len() as u64,
        read_at: origin.read_at,
        path: origin.file.as_ref().map(|file| file.path.clone()),
        offset: origin.file.as_ref().map(|file| file.offset),
    };
    let about = serde_json::to_vec(&about)?;
    let length = u32::try_from(about.len()).ok().filter(|_| about.len() <= MOST_ABOUT_BYTES);
    let length = length.ok_or_else(|| io::Error::other("the path of the file is too long"))?;
    Ok([&SKIPPABLE[..], &length.to_le_bytes(), &about, &frame].concat())
}

/// Looks at what stands at `offset` of a file that is so long.
pub(super) fn look(file: &File, offset: u64, length: u64) -> io::Result<FoundPart> {
    let left = length.saturating_sub(offset);
    if left == 0 {
        return Ok(FoundPart::End);
    }
    if left < START_BYTES as u64 {
        return Ok(FoundPart::Part);
    }
    let mut start = [0; START_BYTES];
    file.read_exact_at(&mut start, offset)?;
    let Some((magic, size)) = start.split_first_chunk::<{ SKIPPABLE.len() }>() else { return Ok(FoundPart::Other) };
    let size = size.first_chunk().map_or(0, |size| u32::from_le_bytes(*size)) as usize;
    if *magic != SKIPPABLE || size > MOST_ABOUT_BYTES {
        return Ok(FoundPart::Other);
    }
    let records = offset + (START_BYTES + size) as u64;
    if records > length {
        return Ok(FoundPart::Part);
    }
    let mut about = vec![0; size];
    file.read_exact_at(&mut about, offset + START_BYTES as u64)?;
    let Ok(about) = serde_json::from_slice::<FrameAbout>(&about) else { return Ok(FoundPart::Other) };
    match records.checked_add(about.length) {
        Some(end) if end <= length => Ok(FoundPart::Frame(FramePlace { about, records, end })),
        _ => Ok(FoundPart::Part),
    }
}

impl FramePlace {
    /// The records of the batch.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; [`io::ErrorKind::InvalidData`] when they are not what was written.
    pub(super) fn read(&self, file: &File) -> io::Result<String> {
        let broken = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
        let bytes = usize::try_from(self.about.bytes).ok().filter(|_| self.about.bytes <= MOST_RECORD_BYTES);
        let bytes = bytes.ok_or_else(|| broken("longer than a batch can be"))?;
        let length = usize::try_from(self.about.length).map_err(|_| broken("longer than a batch can be"))?;
        let mut frame = vec![0; length];
        file.read_exact_at(&mut frame, self.records)?;
        let records = zstd::bulk::decompress(&frame, bytes).map_err(|error| broken(&error.to_string()))?;
        if records.len() != bytes {
            return Err(broken("shorter than it was"));
        }
        String::from_utf8(records).map_err(|_| broken("not a text in UTF-8"))
    }

    /// Where the records were read.
    pub(super) fn origin(&self) -> Origin {
        let FrameAbout { read_at, path, offset, .. } = &self.about;
        let file = path.clone().map(|path| FilePosition { path, offset: offset.unwrap_or_default() });
        Origin { read_at: *read_at, file }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn origin() -> Origin {
        let file = Some(FilePosition { path: "in/ä \"1\".json".to_owned(), offset: 7 });
        Origin { read_at: DateTime::from_timestamp_millis(1_772_000_000_123), file }
    }

    #[track_caller]
    fn frame_at(file: &File, offset: u64, length: u64) -> FramePlace {
        match look(file, offset, length).unwrap() {
            FoundPart::Frame(place) => place,
            found => panic!("{found:?}"),
        }
    }

    #[test]
    fn a_batch_is_read_as_it_was_written() {
        let records = "{\"a\":\"ä\"}\n\n{\"a\":2}\n";
        let bytes = [encode(records, &origin()).unwrap(), encode("{}", &Origin::default()).unwrap()].concat();
        let (file, length) = (file(&bytes), bytes.len() as u64);
        let first = frame_at(&file, 0, length);
        assert_eq!(first.read(&file).unwrap(), records);
        let (read, written) = (first.origin(), origin());
        assert_eq!(read.read_at, written.read_at);
        assert_eq!(read.file.map(|file| (file.path, file.offset)), written.file.map(|file| (file.path, file.offset)));
        let second = frame_at(&file, first.end, length);
        assert_eq!(second.read(&file).unwrap(), "{}\n");
        assert!(second.origin().read_at.is_none() && second.origin().file.is_none());
        assert_eq!(look(&file, second.end, length).unwrap(), FoundPart::End);
    }

    #[test]
    fn a_frame_that_is_cut_at_any_byte_is_a_part() {
        let bytes = encode("{\"a\":1}\n", &origin()).unwrap();
        let file = file(&bytes);
        for length in 1..bytes.len() as u64 {
            assert_eq!(look(&file, 0, length).unwrap(), FoundPart::Part, "{length}");
        }
    }

    #[test]
    fn what_has_changed_is_noticed() {
        let bytes = encode("{\"a\":1,\"b\":\"some text\"}\n", &origin()).unwrap();
        let whole = frame_at(&file(&bytes), 0, bytes.len() as u64);
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x55;
            let changed = file(&changed);
            match look(&changed, 0, bytes.len() as u64).unwrap() {
                // What says where it was read has no checksum of its own.
                FoundPart::Frame(found) if found == whole => {
                    let error = found.read(&changed).expect_err("a changed byte");
                    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                }
                FoundPart::Frame(_) | FoundPart::Part | FoundPart::Other => {}
                FoundPart::End => panic!("{place}"),
            }
        }
    }

    /// `zstdcat` shows the records alone.
    #[test]
    fn everybody_can_read_it() {
        let batches = [encode("{}", &origin()).unwrap(), encode("[]\n", &Origin::default()).unwrap()];
        let bytes = [&HEAD[..], &batches[0], &batches[1]].concat();
        assert_eq!(zstd::decode_all(&bytes[..]).unwrap(), b"{}\n[]\n");
    }
}
