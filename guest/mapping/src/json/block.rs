//! Looks at many bytes at once.

use wide::u8x16;

/// How many bytes are looked at together.
pub(super) const BLOCK_BYTES: usize = 16;

/// Which bytes of a block cannot stand in a JSON string as they are.
pub(super) struct Specials {
    /// Quotes and backslashes: the lowest bit for the first byte.
    pub(super) escaped: u32,
    /// Whether there is a control character.
    pub(super) has_control: bool,
}

impl Specials {
    #[inline]
    pub(super) fn of(block: [u8; BLOCK_BYTES]) -> Self {
        let block = u8x16::new(block);
        Self { escaped: escaped(block).to_bitmask(), has_control: controls(block).any() }
    }
}

/// Where the first byte is that cannot stand in a JSON string as it is: a quote, backslash or control character.
#[inline]
pub(super) fn first_special(block: [u8; BLOCK_BYTES]) -> Option<usize> {
    let block = u8x16::new(block);
    let specials = (escaped(block) | controls(block)).to_bitmask();
    (specials != 0).then_some(specials.trailing_zeros() as usize)
}

fn escaped(block: u8x16) -> u8x16 {
    block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\'))
}

fn controls(block: u8x16) -> u8x16 {
    block.min(u8x16::splat(0x1f)).simd_eq(block)
}
