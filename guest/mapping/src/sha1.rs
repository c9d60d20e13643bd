//! SHA-1 of four texts side by side.
//!
//! One hash after another is the largest single part of mapping a record, and WebAssembly has no instruction for it.
//! Its vectors have four lanes, and no step of SHA-1 looks across: four hashes take hardly longer than one. The crate
//! `sha1` takes 3.5 times as long in WebAssembly (V8, four texts of 200 bytes). Natively it is faster than this where the
//! processor has instructions for SHA-1, as `make bench` shows.

use std::array;

use wide::u32x4;

use crate::bytes::copy;

/// How many texts are hashed together.
pub(crate) const LANES: usize = 4;

const BLOCK_BYTES: usize = 64;

/// FIPS 180-4, section 5.3.1.
const INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// The hashes of four texts.
pub(crate) fn digests(texts: &[&[u8]; LANES]) -> [[u8; 20]; LANES] {
    let mut tails = [[0; 2 * BLOCK_BYTES]; LANES];
    let mut counts = [0; LANES];
    for ((text, tail), count) in texts.iter().zip(&mut tails).zip(&mut counts) {
        *count = text.len() / BLOCK_BYTES + end(text, tail);
    }
    let mut state = INITIAL.map(u32x4::splat);
    for index in 0..counts.into_iter().max().unwrap_or_default() {
        let blocks = array::from_fn(|lane| block(texts[lane], &tails[lane], index));
        let next = compress(&state, schedule(blocks));
        // A shorter text is done sooner: its lane keeps what it has.
        let goes_on = u32x4::new(counts.map(|count| if index < count { u32::MAX } else { 0 }));
        state = array::from_fn(|word| goes_on.bitselect(next[word], state[word]));
    }
    let words = state.map(u32x4::to_array);
    array::from_fn(|lane| {
        let mut digest = [0; 20];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word[lane].to_be_bytes();
        }
        digest
    })
}

/// Puts into `tail` what follows the whole blocks of a text: the rest of it, a bit, and its length, as section 5.1.1
/// has it. Returns how many blocks that takes.
fn end(text: &[u8], tail: &mut [u8; 2 * BLOCK_BYTES]) -> usize {
    let rest = text.as_chunks::<BLOCK_BYTES>().1;
    let count = if rest.len() < BLOCK_BYTES - 8 { 1 } else { 2 };
    if let Some((start, [bit, ..])) = tail.split_at_mut_checked(rest.len()) {
        copy(rest, start);
        *bit = 0x80;
    }
    if let Some(length) = tail.get_mut(..count * BLOCK_BYTES).and_then(<[u8]>::last_chunk_mut) {
        *length = (text.len() as u64 * 8).to_be_bytes();
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

/// FIPS 180-4, section 6.1.2.
#[inline]
fn compress(state: &[u32x4; 5], mut words: [u32x4; 16]) -> [u32x4; 5] {
    let mut now = *state;
    rounds::<0>(&mut now, &mut words, 0x5a82_7999, |b, c, d| d ^ (b & (c ^ d)));
    rounds::<20>(&mut now, &mut words, 0x6ed9_eba1, |b, c, d| b ^ c ^ d);
    rounds::<40>(&mut now, &mut words, 0x8f1b_bcdc, |b, c, d| (b & c) | (d & (b | c)));
    rounds::<60>(&mut now, &mut words, 0xca62_c1d6, |b, c, d| b ^ c ^ d);
    array::from_fn(|word| state[word] + now[word])
}

#[inline(always)]
fn rounds<const FIRST: usize>(
    state: &mut [u32x4; 5],
    words: &mut [u32x4; 16],
    constant: u32,
    mix: impl Fn(u32x4, u32x4, u32x4) -> u32x4,
) {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    let mut round = |step: usize| {
        let round = FIRST + step;
        let place = round % 16;
        if round >= 16 {
            let word = words[(round + 13) % 16] ^ words[(round + 8) % 16] ^ words[(round + 2) % 16] ^ words[place];
            words[place] = rotate::<1>(word);
        }
        let next = rotate::<5>(a) + mix(b, c, d) + e + u32x4::splat(constant) + words[place];
        (a, b, c, d, e) = (next, a, rotate::<30>(b), c, d);
    };
    // Written out: only then are the words' places known when this is compiled.
    let mut five = |first: usize| {
        round(first);
        round(first + 1);
        round(first + 2);
        round(first + 3);
        round(first + 4);
    };
    five(0);
    five(5);
    five(10);
    five(15);
    *state = [a, b, c, d, e];
}

#[inline]
fn rotate<const BITS: u32>(word: u32x4) -> u32x4 {
    (word << BITS) | (word >> (32 - BITS))
}

#[cfg(test)]
mod tests {
    use sha1::{Digest as _, Sha1};

    use super::*;

    #[test]
    fn every_length_in_every_lane_hashes_as_the_library_does() {
        let bytes: Vec<u8> = (0..300).map(|number| (number * 7 % 251) as u8).collect();
        for length in 0..300 {
            let lengths = [length, 299 - length, length / 2, 64 * (length % 4)];
            let texts = lengths.map(|length| &bytes[..length]);
            assert_eq!(digests(&texts), texts.map(|text| <[u8; 20]>::from(Sha1::digest(text))), "{lengths:?}");
        }
    }
}
