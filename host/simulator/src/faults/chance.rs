//! Choices that depend on nothing but what they are made of.

/// Returns a number in `0.0..1.0` that is always the same for the same parts.
pub(crate) fn share(seed: u64, parts: &[&[u8]]) -> f64 {
    // The highest 53 bits: as many as a double holds exactly.
    (number(seed, parts) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Returns a number that is always the same for the same parts.
pub(crate) fn number(seed: u64, parts: &[&[u8]]) -> u64 {
    // FNV-1a, then the finaliser of SplitMix64: the standard library's hash may change between
    // releases, and FNV alone leaves the highest bits of short texts alike.
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for part in parts {
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_the_same_for_the_same_parts_only() {
        assert_eq!(share(1, &[b"cut", b"7"]), share(1, &[b"cut", b"7"]));
        assert_ne!(share(1, &[b"cut", b"7"]), share(2, &[b"cut", b"7"]));
        assert_ne!(share(1, &[b"cut", b"7"]), share(1, &[b"cut7", b""]));
    }

    #[test]
    fn shares_are_spread_evenly() {
        for seed in 0..10 {
            let below = (0..1000_u64).filter(|number| share(seed, &[b"cut", &number.to_le_bytes()]) < 0.2).count();
            assert!((150..250).contains(&below), "{below}");
        }
    }
}
