//! SHA-256 of four texts side by side, for the same reason as [`sha1`](crate::sha1).

use std::array;

use wide::u32x4;

use crate::message_blocks::{self, DIGEST_BYTES, LANES, Start, rotate_right};

/// FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// FIPS 180-4, section 4.2.2.
const CONSTANTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Hashes texts that all begin the same.
#[derive(Debug, Clone)]
pub(crate) struct Sha256 {
    start: Start<8>,
}

impl Sha256 {
    /// For texts that begin with `text`, which is a whole number of blocks long and hashed here once.
    pub(crate) fn after(text: &[u8]) -> Self {
        Self { start: message_blocks::start_after(INITIAL, text, compress) }
    }

    /// The first 20 bytes of the hashes of four texts, each after the one that all begin with.
    #[inline(never)] // It is long, and the function that all of mapping is inlined into is long enough.
    pub(crate) fn digests(&self, texts: &[&[u8]; LANES]) -> [[u8; DIGEST_BYTES]; LANES] {
        message_blocks::digests(&self.start, texts, compress)
    }
}

/// FIPS 180-4, section 6.2.2.
#[inline]
fn compress(state: &[u32x4; 8], mut words: [u32x4; 16]) -> [u32x4; 8] {
    let mut now = *state;
    sixteen::<0>(&mut now, &mut words);
    sixteen::<16>(&mut now, &mut words);
    sixteen::<32>(&mut now, &mut words);
    sixteen::<48>(&mut now, &mut words);
    array::from_fn(|word| state[word] + now[word])
}

#[inline(always)]
fn sixteen<const FIRST: usize>(state: &mut [u32x4; 8], words: &mut [u32x4; 16]) {
    // Written out: only then are the words' places known when this is compiled.
    four::<FIRST, 0>(state, words);
    four::<FIRST, 4>(state, words);
    four::<FIRST, 8>(state, words);
    four::<FIRST, 12>(state, words);
}

#[inline(always)]
fn four<const FIRST: usize, const STEP: usize>(state: &mut [u32x4; 8], words: &mut [u32x4; 16]) {
    round(state, words, FIRST, STEP);
    round(state, words, FIRST, STEP + 1);
    round(state, words, FIRST, STEP + 2);
    round(state, words, FIRST, STEP + 3);
}

#[inline(always)]
fn round(state: &mut [u32x4; 8], words: &mut [u32x4; 16], first: usize, step: usize) {
    if first > 0 {
        words[step] = words[step]
            + small_sigma::<7, 18, 3>(words[(step + 1) % 16])
            + words[(step + 9) % 16]
            + small_sigma::<17, 19, 10>(words[(step + 14) % 16]);
    }
    let [a, b, c, d, e, f, g, h] = *state;
    let choice = g ^ (e & (f ^ g));
    let sum = h + big_sigma::<6, 11, 25>(e) + choice + u32x4::splat(CONSTANTS[first + step]) + words[step];
    let majority = b ^ ((a ^ b) & (b ^ c));
    *state = [sum + big_sigma::<2, 13, 22>(a) + majority, a, b, c, d + sum, e, f, g];
}

#[inline(always)]
fn big_sigma<const A: u32, const B: u32, const C: u32>(word: u32x4) -> u32x4 {
    rotate_right::<A>(word) ^ rotate_right::<B>(word) ^ rotate_right::<C>(word)
}

#[inline(always)]
fn small_sigma<const A: u32, const B: u32, const SHIFT: u32>(word: u32x4) -> u32x4 {
    rotate_right::<A>(word) ^ rotate_right::<B>(word) ^ (word >> SHIFT)
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;
    use crate::message_blocks::BLOCK_BYTES;

    #[test]
    fn every_length_in_every_lane_hashes_as_the_library_does() {
        let bytes: Vec<u8> = (0..300).map(|number| (number * 7 % 251) as u8).collect();
        for blocks in 0..3 {
            let before = &bytes[..blocks * BLOCK_BYTES];
            let sha256 = Sha256::after(before);
            for length in 0..300 {
                let lengths = [length, 299 - length, length / 2, 64 * (length % 4)];
                let texts = lengths.map(|length| &bytes[..length]);
                let expected = texts.map(|text| *sha2::Sha256::digest([before, text].concat()).first_chunk().unwrap());
                assert_eq!(sha256.digests(&texts), expected, "{lengths:?}");
            }
        }
    }
}
