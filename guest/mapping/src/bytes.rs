//! Bytes put together from many short pieces.
//!
//! By hand, because `Vec::extend_from_slice` takes 1.8 times as long in WebAssembly (V8, pieces of 4 to 42 bytes), where
//! copying is a call.

/// Bytes under construction.
#[derive(Debug, Default)]
pub(crate) struct Bytes {
    /// The bytes, and room for more of them.
    bytes: Vec<u8>,
    /// Where the bytes end.
    end: usize,
}

/// How much room is made at a time, in bytes: little enough that its zeros are still in the cache when they are replaced.
const ROOM_BYTES: usize = 16 * 1024;

impl Bytes {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// Takes everything after `length` away again.
    #[inline]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        self.extend_array(&[byte]);
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        copy(bytes, self.room(bytes.len()));
    }

    /// Adds as many bytes as are known when this is compiled, so that no call is left of it.
    #[inline]
    pub(crate) fn extend_array<const N: usize>(&mut self, bytes: &[u8; N]) {
        if let Some(room) = self.room(N).as_mut_array() {
            *room = *bytes;
        }
    }

    /// The next `count` bytes, to be written at once.
    #[inline]
    pub(crate) fn room(&mut self, count: usize) -> &mut [u8] {
        let start = self.end;
        self.end += count;
        if self.end > self.bytes.len() {
            self.make_room();
        }
        &mut self.bytes[start..self.end]
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        self.bytes.resize(self.end + ROOM_BYTES, 0);
    }

    /// Writes `bytes` over those that are at a place.
    pub(crate) fn replace(&mut self, place: usize, bytes: &[u8]) {
        copy(bytes, &mut self.bytes[place..place + bytes.len()]);
    }

    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.end]
    }
}

/// What is longer is worth a call of WebAssembly's `memory.copy`, in bytes.
const LONG_BYTES: usize = 4096;

/// Copies all of `from`. Both are equally long, and mostly short: their two ends are copied, which meet or overlap.
/// That is less work than a loop, and than WebAssembly's `memory.copy`, which is a call.
#[inline(always)]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len();
    if length < 16 {
        match length {
            8.. => copy_ends::<8>(from, to),
            4.. => copy_ends::<4>(from, to),
            2.. => copy_ends::<2>(from, to),
            _ => copy_ends::<1>(from, to),
        }
    } else if length <= 32 {
        copy_ends::<16>(from, to);
    } else if length <= 64 {
        copy_ends::<32>(from, to);
    } else {
        copy_long(from, to);
    }
}

/// Apart: it is copied in many places, and the code of all of them together has to fit into the processor's caches.
/// In few rounds: at each of them the engine looks at its clock.
#[inline(never)]
fn copy_long(from: &[u8], to: &mut [u8]) {
    let length = from.len();
    if length <= 128 {
        copy_ends::<64>(from, to);
    } else if length <= LONG_BYTES {
        for (from, to) in from.as_chunks::<128>().0.iter().zip(to.as_chunks_mut::<128>().0) {
            *to = *from;
        }
        if let (Some(from), Some(to)) = (from.last_chunk::<128>(), to.last_chunk_mut::<128>()) {
            *to = *from;
        }
    } else {
        to.copy_from_slice(from);
    }
}

#[inline(always)]
fn copy_ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) {
        *to = *from;
    }
}

/// Whether both are the same. As with [`copy`], the two ends are compared: WebAssembly compares bytes one by one.
#[inline(always)]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match a.len() {
            0..2 => a.first() == b.first(),
            2..4 => equal_ends::<2>(a, b),
            4..8 => equal_ends::<4>(a, b),
            8..16 => equal_ends::<8>(a, b),
            16..=32 => equal_ends::<16>(a, b),
            _ => {
                let blocks = a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0);
                blocks.fold(true, |same, (a, b)| same & (a == b)) && equal_ends::<16>(a, b)
            }
        }
}

#[inline(always)]
fn equal_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk::<N>() && a.last_chunk::<N>() == b.last_chunk::<N>()
}

/// Whether an ASCII capital is in a text. In blocks, of which the last one overlaps: WebAssembly looks at its clock in
/// every round of a loop.
#[inline(never)]
pub(crate) fn has_capital(text: &[u8]) -> bool {
    let is_in = |block: &[u8; 16]| block.iter().fold(false, |is_in, byte| is_in | byte.is_ascii_uppercase());
    match text.last_chunk() {
        Some(last) => text.as_chunks().0.iter().fold(is_in(last), |found, block| found | is_in(block)),
        None => {
            let mut padded = [0; 16];
            copy(text, padded.get_mut(..text.len()).unwrap_or_default());
            is_in(&padded)
        }
    }
}

/// Puts a text into lower case where it is ASCII, in blocks as [`has_capital`] does.
#[inline(never)]
pub(crate) fn make_lower(text: &mut [u8]) {
    if text.len() < 16 {
        text.make_ascii_lowercase();
        return;
    }
    text.as_chunks_mut::<16>().0.iter_mut().for_each(|block| block.make_ascii_lowercase());
    if let Some(last) = text.last_chunk_mut::<16>() {
        last.make_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_found_and_put_into_lower_case_wherever_they_are() {
        for length in 0..50 {
            let lower = "@[`{z-".repeat(9).into_bytes()[..length].to_vec();
            assert!(!has_capital(&lower));
            for at in 0..length {
                let mut text = lower.clone();
                text[at] = b'Z';
                assert!(has_capital(&text));
                make_lower(&mut text);
                let mut expected = lower.clone();
                expected[at] = b'z';
                assert_eq!(text, expected);
            }
        }
    }

    #[test]
    fn pieces_of_every_length_are_copied_whole() {
        let bytes: Vec<u8> = (0..LONG_BYTES + 300).map(|number| (number % 251) as u8).collect();
        for length in 0..bytes.len() {
            let mut out = Bytes::default();
            out.push(7);
            out.extend(&bytes[..length]);
            out.push(8);
            assert_eq!(out.as_ref()[1..=length], bytes[..length]);
            assert_eq!((out.as_ref()[0], out.as_ref()[length + 1], out.len()), (7, 8, length + 2));
        }
    }

    #[test]
    fn bytes_of_every_length_are_compared_whole() {
        let bytes: Vec<u8> = (0..60).collect();
        for length in 0..50 {
            let same = bytes[..length].to_vec();
            assert!(equal(&bytes[..length], &same));
            assert!(!equal(&bytes[..length], &bytes[..length + 1]));
            for at in 0..length {
                let mut other = bytes[..length].to_vec();
                other[at] = 99;
                assert!(!equal(&bytes[..length], &other));
            }
        }
    }
}
