//! SHA-1 of four texts side by side.
//!
//! One hash after another is the largest single part of mapping a record, and WebAssembly has no instruction for it.
//! Its vectors have four lanes, and no step of SHA-1 looks across: four hashes take hardly longer than one. The crate
//! `sha1` takes 3.5 times as long in WebAssembly (V8, four texts of 200 bytes). Natively it is faster than this where the
//! processor has instructions for SHA-1, as `make bench` shows.

use std::array;

use wide::u32x4;

use crate::message_blocks::{self, DIGEST_BYTES, LANES, Start, rotate_right};

/// FIPS 180-4, section 5.3.1.
const INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// The hashes of four texts.
#[inline(never)] // As in `sha256`.
pub(crate) fn digests(texts: &[&[u8]; LANES]) -> [[u8; DIGEST_BYTES]; LANES] {
    message_blocks::digests(&Start { state: INITIAL, before: 0 }, texts, compress)
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
            words[place] = rotate_right::<31>(word);
        }
        let next = rotate_right::<27>(a) + mix(b, c, d) + e + u32x4::splat(constant) + words[place];
        (a, b, c, d, e) = (next, a, rotate_right::<2>(b), c, d);
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
