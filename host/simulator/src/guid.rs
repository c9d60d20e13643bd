//! GUIDs as text.

use rand::Rng;

/// Returns a random version 4 GUID.
pub(crate) fn random(rng: &mut impl Rng) -> String {
    let [first, second, third, fourth]: [u32; 4] = rng.random();
    format!(
        "{first:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{fourth:08x}",
        second >> 16,
        second & 0xfff,
        // The two highest bits say which variant it is.
        (third >> 16) & 0x3fff | 0x8000,
        third & 0xffff,
    )
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_guid_has_36_characters_and_its_version() {
        let guid = random(&mut ChaCha8Rng::seed_from_u64(1));
        let lengths: Vec<usize> = guid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{guid}");
        assert_eq!(guid.chars().nth(14), Some('4'), "{guid}");
    }
}
