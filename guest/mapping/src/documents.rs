//! The documents of a batch, a line each.

use std::mem;

use crate::bytes::copy;

/// How much room a document gets to begin with, in bytes, beside four times the length of its record: the record itself,
/// once more in fields of its own, and, with its quotes escaped, in `event.original`.
const ROOM_BYTES: usize = 4096;

/// How many times as long as its record a document is at most, as a rule: one with the record in `event.original`.
const GROWTH: usize = 6;

/// Records up to this length have their documents' room from the beginning, in bytes: a longer one would need it twice.
const MOST_AT_ONCE: usize = 256 * 1024;

/// Documents under construction.
#[derive(Debug)]
pub(crate) struct Documents {
    bytes: Vec<u8>,
    /// Where each document is written, before it is put to the others: so the room is filled with zeros once, and stays in
    /// the processor's cache.
    room: Vec<u8>,
}

impl Documents {
    /// Without any, for those of these records.
    pub(crate) fn of(records: &str) -> Self {
        Self { bytes: Vec::with_capacity(records.len().min(MOST_AT_ONCE) * GROWTH), room: Vec::new() }
    }

    /// How long they are together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Has `write` write the document of a line into more and more room, until it says how long the document is; returns
    /// what it says.
    #[inline(always)]
    pub(crate) fn add<T>(&mut self, line: &str, write: impl Fn(&mut [u8]) -> Option<(usize, T)>) -> (usize, T) {
        let mut wanted = ROOM_BYTES + 4 * line.len();
        loop {
            if self.room.len() < wanted {
                self.room.resize(wanted, 0);
            }
            if let Some((length, result)) = write(&mut self.room)
                && let Some(document) = self.room.get_mut(..=length)
            {
                document[length] = b'\n';
                if self.bytes.is_empty() && length > MOST_AT_ONCE {
                    // A long one is not there twice.
                    self.room.truncate(length + 1);
                    self.bytes = mem::take(&mut self.room);
                } else {
                    self.bytes.extend_from_slice(document);
                }
                return (length, result);
            }
            wanted = 2 * self.room.len();
        }
    }

    /// Writes `bytes` over those that are at a place.
    #[inline]
    pub(crate) fn replace(&mut self, place: usize, bytes: &[u8]) {
        copy(bytes, &mut self.bytes[place..place + bytes.len()]);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
