//! The contents of a file, unpacked when it is compressed, and what they are known by.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind},
    os::unix::fs::FileExt as _,
};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use crate::{
    ledger::{FileHash, FileState},
    records::GZIP,
};

/// How much of the beginning a file is known by.
const HEAD_BYTES: u64 = 1024;

/// How much of what was read last a file is known by.
const TAIL_BYTES: u64 = 1024;

/// The contents of a file.
pub(super) struct Content {
    file: File,
    is_packed: bool,
}

impl Content {
    /// The contents of a file; `None` when it is compressed and not whole yet.
    pub(super) fn of(file: File) -> io::Result<Option<Self>> {
        let plain = Self { file, is_packed: false };
        if plain.bytes(0, GZIP.len() as u64)? != GZIP {
            return Ok(Some(plain));
        }
        // Unpacked beside: only then it is known to be whole, and every place in it can be reached.
        let mut unpacked = tempfile::tempfile()?;
        let packed = BufReader::new(plain.file()?);
        match io::copy(&mut MultiGzDecoder::new(packed), &mut unpacked) {
            Ok(_) => Ok(Some(Self { file: unpacked, is_packed: true })),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn is_packed(&self) -> bool {
        self.is_packed
    }

    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// The file, at its beginning.
    pub(super) fn file(&self) -> io::Result<File> {
        use std::io::Seek as _;
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }

    /// So many bytes from a place, or fewer where it ends.
    pub(super) fn bytes(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    /// What a file is known by of which so much is delivered.
    pub(super) fn hashes(&self, offset: u64) -> io::Result<(FileHash, FileHash)> {
        let tail = offset.min(TAIL_BYTES);
        Ok((self.hash(0, offset.min(HEAD_BYTES))?, self.hash(offset - tail, tail)?))
    }

    /// Whether this is a file that was read so far, or a copy of it.
    pub(super) fn continues(&self, known: &FileState) -> io::Result<bool> {
        let tail = known.offset.saturating_sub(known.tail.length);
        Ok(self.hash(0, known.head.length)? == known.head && self.hash(tail, known.tail.length)? == known.tail)
    }

    fn hash(&self, offset: u64, length: u64) -> io::Result<FileHash> {
        let bytes = self.bytes(offset, length)?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        Ok(FileHash { length: bytes.len() as u64, hash: *digest.first_chunk().unwrap_or(&[0; 16]) })
    }
}
