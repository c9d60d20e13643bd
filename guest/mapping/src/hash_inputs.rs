//! Collects what is hashed: several texts, so that they can be hashed side by side.

use crate::{
    bytes::{Bytes, copy, make_lower},
    message_blocks::{DIGEST_BYTES, LANES},
};

/// A hash, or the beginning of one.
pub(crate) type Digest = [u8; DIGEST_BYTES];

/// Inputs of hashes, one after the other.
#[derive(Debug, Default)]
pub(crate) struct HashInputs {
    /// Of all inputs, the one that is not ended included.
    pub(crate) bytes: Bytes,
    /// Where each input ends.
    ends: Vec<usize>,
}

impl HashInputs {
    /// Whether nothing was added since the last input ended.
    pub(crate) fn is_new(&self) -> bool {
        self.bytes.len() == self.ends.last().copied().unwrap_or_default()
    }

    /// Adds a text after its length, so that no two lists of texts are the same input.
    pub(crate) fn add_part(&mut self, part: &[u8]) {
        self.add_length(part.len());
        self.bytes.extend(part);
    }

    /// Adds a text as [`Self::add_part`] does, in lower case where it is ASCII.
    pub(crate) fn add_lower_part(&mut self, part: &str) {
        self.add_length(part.len());
        let place = self.bytes.room(part.len());
        copy(part.as_bytes(), place);
        make_lower(place);
    }

    /// Seven bits a byte, the lowest first; all but the last one have the eighth bit set (LEB128).
    fn add_length(&mut self, mut length: usize) {
        while length > 0x7f {
            self.bytes.push(0x80 | (length & 0x7f) as u8);
            length >>= 7;
        }
        self.bytes.push(length as u8);
    }

    /// Ends an input.
    pub(crate) fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Takes the hashes of all inputs that were ended, in order.
    pub(crate) fn take(&mut self, hash: impl Fn(&[&[u8]; LANES]) -> [Digest; LANES]) -> Vec<Digest> {
        let mut digests = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for ends in self.ends.chunks(LANES) {
            let mut texts = [[].as_slice(); LANES];
            for (text, end) in texts.iter_mut().zip(ends) {
                *text = self.bytes.as_ref().get(start..*end).unwrap_or_default();
                start = *end;
            }
            digests.extend(hash(&texts).iter().take(ends.len()));
        }
        self.bytes.truncate(0);
        self.ends.clear();
        digests
    }
}
