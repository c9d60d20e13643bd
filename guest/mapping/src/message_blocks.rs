//! What SHA-1 and SHA-256 have in common: four texts side by side, cut into blocks and padded.
//!
//! Both read a text the same way (FIPS 180-4, sections 5.1.1, 5.2.1 and 6) and differ in what they do with a block.

use std::array;

use wide::u32x4;

use crate::bytes::copy;

/// How many texts are hashed together.
pub(crate) const LANES: usize = 4;

/// How long what is kept of a hash is, in bytes: all of SHA-1, and the beginning of SHA-256.
pub(crate) const DIGEST_BYTES: usize = 20;

/// How long the pieces are that a text is hashed in, in bytes.
pub(crate) const BLOCK_BYTES: usize = 64;

/// Where hashing begins: with the state that a text of whole blocks has led to, or with none before.
#[derive(Debug, Clone)]
pub(crate) struct Start<const WORDS: usize> {
    pub(crate) state: [u32; WORDS],
    /// How long the text before is, in bytes.
    pub(crate) before: usize,
}

/// The state after a text of whole blocks.
pub(crate) fn start_after<const WORDS: usize>(
    initial: [u32; WORDS],
    text: &[u8],
    compress: impl Fn(&[u32x4; WORDS], [u32x4; 16]) -> [u32x4; WORDS],
) -> Start<WORDS> {
    let (blocks, rest) = text.as_chunks();
    debug_assert!(rest.is_empty());
    let state =
        blocks.iter().fold(initial.map(u32x4::splat), |state, block| compress(&state, schedule([block; LANES])));
    Start { state: state.map(|word| word.to_array()[0]), before: text.len() }
}

/// The first words of a state that `compress` has led from block to block, for each of four texts.
#[inline(always)]
pub(crate) fn digests<const WORDS: usize>(
    start: &Start<WORDS>,
    texts: &[&[u8]; LANES],
    compress: impl Fn(&[u32x4; WORDS], [u32x4; 16]) -> [u32x4; WORDS],
) -> [[u8; DIGEST_BYTES]; LANES] {
    let mut tails = [[0; 2 * BLOCK_BYTES]; LANES];
    let mut counts = [0; LANES];
    for ((text, tail), count) in texts.iter().zip(&mut tails).zip(&mut counts) {
        *count = text.len() / BLOCK_BYTES + end(text, start.before, tail);
    }
    let mut state = start.state.map(u32x4::splat);
    for index in 0..counts.into_iter().max().unwrap_or_default() {
        let blocks = array::from_fn(|lane| block(texts[lane], &tails[lane], index));
        let next = compress(&state, schedule(blocks));
        // A shorter text is done sooner: its lane keeps what it has.
        let goes_on = u32x4::new(counts.map(|count| if index < count { u32::MAX } else { 0 }));
        state = array::from_fn(|word| goes_on.bitselect(next[word], state[word]));
    }
    let words = state.map(u32x4::to_array);
    array::from_fn(|lane| {
        let mut digest = [0; DIGEST_BYTES];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word[lane].to_be_bytes();
        }
        digest
    })
}

/// Moves the bits of every lane to the right; those that fall out come in again at the left.
#[inline(always)]
pub(crate) fn rotate_right<const BITS: u32>(word: u32x4) -> u32x4 {
    (word >> BITS) | (word << (32 - BITS))
}

/// Puts into `tail` what follows the whole blocks of a text: the rest of it, a bit, and its length, as section 5.1.1
/// has it. Returns how many blocks that takes.
fn end(text: &[u8], before: usize, tail: &mut [u8; 2 * BLOCK_BYTES]) -> usize {
    let rest = text.as_chunks::<BLOCK_BYTES>().1;
    let count = if rest.len() < BLOCK_BYTES - 8 { 1 } else { 2 };
    if let Some((start, [bit, ..])) = tail.split_at_mut_checked(rest.len()) {
        copy(rest, start);
        *bit = 0x80;
    }
    if let Some(length) = tail.get_mut(..count * BLOCK_BYTES).and_then(<[u8]>::last_chunk_mut) {
        *length = ((before + text.len()) as u64 * 8).to_be_bytes();
    }
    count
}

/// A block of a text or of its tail. There is none after the last one, and any will do: its lane is done.
#[inline]
fn block<'a>(text: &'a [u8], tail: &'a [u8; 2 * BLOCK_BYTES], index: usize) -> &'a [u8; BLOCK_BYTES] {
    let whole = text.as_chunks::<BLOCK_BYTES>().0;
    whole.get(index).unwrap_or_else(|| &tail.as_chunks::<BLOCK_BYTES>().0[(index - whole.len()).min(1)])
}

/// The first sixteen words of the message schedule, one vector for each.
#[inline]
fn schedule(blocks: [&[u8; BLOCK_BYTES]; LANES]) -> [u32x4; 16] {
    let quarter = |quarter: usize| {
        let rows = blocks.map(|block| {
            u32x4::new(array::from_fn(|word| {
                let at = quarter * 16 + word * 4;
                u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
            }))
        });
        u32x4::transpose(rows).map(swap_bytes)
    };
    let [a, b, c, d] = quarter(0);
    let [e, f, g, h] = quarter(1);
    let [i, j, k, l] = quarter(2);
    let [m, n, o, p] = quarter(3);
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

#[inline]
fn swap_bytes(words: u32x4) -> u32x4 {
    let odd = u32x4::splat(0x00ff_00ff);
    let swapped = ((words >> 8_u32) & odd) | ((words & odd) << 8_u32);
    (swapped << 16_u32) | (swapped >> 16_u32)
}
