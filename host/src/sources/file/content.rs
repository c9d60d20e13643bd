//! The contents of a file, unpacked when it is compressed, and what they are known by.

use std::{
    fs::File,
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

// BLAKE2b on four lanes at once: everything that is read goes through it.
use blake2b_simd::blake2bp::{Params, State};
use exotrace_formats::{Unpacked, leading_nuls};
use sha2::{Digest as _, Sha256};

use super::error::FileProblem;
use crate::ledger::{FileHash, FileState};

/// How much of the beginning a file is known by that has not more than this, and a file that was read by an earlier
/// version.
const HEAD_BYTES: u64 = 1024;

/// How much of what was read last a file is known by.
const TAIL_BYTES: u64 = 1024;

/// How much is read at once where all of a file is read.
const PIECE_BYTES: u64 = 256 * 1024;

/// A file that is longer than this, and has grown since it was read, is compared by the last of what was read alone: it
/// would else be read from its beginning whenever a line is added.
const GROWN_BYTES: u64 = 64 * 1024 * 1024;

/// The contents of a file.
pub(super) struct Content {
    file: File,
    is_packed: bool,
    /// How many bytes behind the compressed contents were left out.
    pub(super) left_out: u64,
    /// Why not all of it could be unpacked; what came before could.
    pub(super) damage: Option<String>,
}

/// A hash of the beginning of a file, which can go on.
#[derive(Debug, Clone)]
pub(super) struct Prefix {
    hash: State,
    length: u64,
}

impl Default for Prefix {
    fn default() -> Self {
        Self { hash: Params::new().hash_length(16).to_state(), length: 0 }
    }
}

impl Prefix {
    /// Goes on, or begins again, up to that length.
    fn reach(&mut self, content: &Content, length: u64) -> io::Result<()> {
        if length < self.length {
            *self = Self::default();
        }
        while self.length < length {
            let bytes = content.bytes(self.length, PIECE_BYTES.min(length - self.length))?;
            if bytes.is_empty() {
                break;
            }
            self.hash.update(&bytes);
            self.length += bytes.len() as u64;
        }
        Ok(())
    }

    fn hash(&self) -> FileHash {
        FileHash { length: self.length, hash: *self.hash.finalize().as_bytes().first_chunk().unwrap_or(&[0; 16]) }
    }
}

impl Content {
    /// The contents of a file; `None` when it is compressed and not whole yet. What is unpacked lies in `folder`, without
    /// a name, for as long as it is read.
    pub(super) fn of(file: File, folder: &Path) -> Result<Option<Self>, FileProblem> {
        let plain = Self { file, is_packed: false, left_out: 0, damage: None };
        let mut packed = Unpacked::new(plain.file()?)?;
        if !packed.is_packed() {
            return Ok(Some(plain));
        }
        // Unpacked beside: only then it is known to be whole, and every place in it can be reached.
        let mut unpacked = tempfile::tempfile_in(folder)?;
        let mut piece = vec![0; 256 * 1024];
        let (mut length, mut damage) = (0, None);
        loop {
            match packed.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => {
                    length += read as u64;
                    packed.check(length)?;
                    unpacked.write_all(piece.get(..read).unwrap_or_default())?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => {
                    damage = Some(error.to_string());
                    break;
                }
            }
        }
        Ok(Some(Self { file: unpacked, is_packed: true, left_out: packed.left_out(), damage }))
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

    /// How many NUL bytes it begins with, in whole blocks.
    pub(super) fn leading_nuls(&self) -> io::Result<u64> {
        let mut nuls = 0;
        loop {
            let bytes = self.bytes(nuls, PIECE_BYTES)?;
            let passed = leading_nuls(&bytes);
            nuls += passed as u64;
            if passed < bytes.len() || bytes.is_empty() {
                return Ok(nuls);
            }
        }
    }

    /// Reads this many bytes from a position, or fewer at the end.
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

    /// What a file is known by of which so much is delivered: all of that, and the last of it.
    pub(super) fn hashes(&self, offset: u64, prefix: &mut Prefix) -> io::Result<(FileHash, FileHash)> {
        let tail = offset.min(TAIL_BYTES);
        prefix.reach(self, offset)?;
        let head = if offset > HEAD_BYTES { prefix.hash() } else { self.hash(0, offset)? };
        Ok((head, self.hash(offset - tail, tail)?))
    }

    /// Whether this is a file that was read so far, or a copy of it: then the hash of that is given. `seen` is the hash
    /// of the same file from when it was read last.
    pub(super) fn continues(&self, known: &FileState, seen: Option<&Prefix>) -> io::Result<Option<Prefix>> {
        let tail = known.offset.saturating_sub(known.tail.length);
        if self.hash(tail, known.tail.length)? != known.tail {
            return Ok(None);
        }
        if known.head.length <= HEAD_BYTES {
            return Ok((self.hash(0, known.head.length)? == known.head).then(Prefix::default));
        }
        let has_grown = self.size()? > known.offset;
        if let Some(seen) = seen.filter(|seen| has_grown && seen.length == known.offset && seen.length > GROWN_BYTES) {
            return Ok(Some(seen.clone()));
        }
        let mut prefix = Prefix::default();
        prefix.reach(self, known.head.length)?;
        Ok((prefix.hash() == known.head).then_some(prefix))
    }

    fn hash(&self, offset: u64, length: u64) -> io::Result<FileHash> {
        let bytes = self.bytes(offset, length)?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        Ok(FileHash { length: bytes.len() as u64, hash: *digest.first_chunk().unwrap_or(&[0; 16]) })
    }
}
