//! The last bytes of an output file, by which it is known again.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use sha2::{Digest as _, Sha256};

use crate::pipeline::Tail;

/// Number of bytes that are compared, a kilobyte: more than one document in most cases.
const BYTES: usize = 1024;

/// The last bytes of what was written.
#[derive(Debug, Default)]
pub(super) struct LastBytes(Vec<u8>);

impl LastBytes {
    /// Those before `length` in a file.
    pub(super) fn of(file: &File, length: u64) -> io::Result<Self> {
        let count = usize::try_from(length).unwrap_or(BYTES).min(BYTES);
        let mut bytes = vec![0; count];
        file.read_exact_at(&mut bytes, length - count as u64)?;
        Ok(Self(bytes))
    }

    /// More was written.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let last = bytes.get(bytes.len().saturating_sub(BYTES)..).unwrap_or_default();
        self.0.drain(..self.0.len().saturating_sub(BYTES - last.len()));
        self.0.extend(last);
    }

    /// What they are known by.
    pub(super) fn tail(&self) -> Tail {
        let digest: [u8; 32] = Sha256::digest(&self.0).into();
        let hash = *digest.first_chunk().expect("half of the digest");
        Tail { length: self.0.len() as u64, hash }
    }
}

/// Whether the bytes before `length` in a file are these. An empty one says nothing, as in a ledger of before.
pub(super) fn is_before(tail: Tail, file: &File, length: u64) -> io::Result<bool> {
    let count = usize::try_from(tail.length).unwrap_or(BYTES).min(BYTES);
    let Some(start) = length.checked_sub(count as u64) else { return Ok(false) };
    let mut bytes = vec![0; count];
    match file.read_exact_at(&mut bytes, start) {
        Ok(()) => Ok(count == 0 || LastBytes(bytes).tail() == tail),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_the_same_however_they_were_written() {
        let mut file = tempfile::tempfile().unwrap();
        let mut last = LastBytes::default();
        for count in [1, 700, 0, 500, 1023, 1024, 1025, 5000, 3] {
            let bytes: Vec<u8> = (0..count).map(|n: u32| n.to_le_bytes()[0] ^ 7).collect();
            io::Write::write_all(&mut file, &bytes).unwrap();
            last.add(&bytes);
            let length = file.metadata().unwrap().len();
            assert_eq!(LastBytes::of(&file, length).unwrap().tail(), last.tail(), "at {length}");
            assert!(is_before(last.tail(), &file, length).unwrap());
            assert!(!is_before(last.tail(), &file, length + 1).unwrap());
        }
        assert!(is_before(Tail::default(), &file, 5).unwrap());
    }
}
