//! Looks at many bytes at once.

use wide::u8x16;

/// How many bytes are looked at together.
pub(super) const BLOCK_BYTES: usize = 16;

/// How many bytes have to be there for a block to be escaped: it, and those that are copied along with its last ones.
pub(super) const WINDOW_BYTES: usize = 2 * BLOCK_BYTES;

/// Escapes `text` into `room` block by block, up to a control character, which takes more than a backslash, or until
/// less than a window is left. Returns how many bytes were taken, and how many they have become.
///
/// A block is copied whole. At each quote and backslash in it, a backslash and all that follows are copied over what
/// was there: that takes fewer steps than copying the pieces between them.
pub(super) fn escape(text: &[u8], room: &mut [u8]) -> (usize, usize) {
    let (mut taken, mut length) = (0, 0);
    while let Some(window) = text.get(taken..).and_then(<[u8]>::first_chunk::<WINDOW_BYTES>)
        && let Some(room) = room.get_mut(length..).and_then(<[u8]>::first_chunk_mut::<{ 3 * BLOCK_BYTES }>)
        && let Some(block) = window.first_chunk()
    {
        let lanes = u8x16::new(*block);
        if controls(lanes).any() {
            break;
        }
        copy_block(window, room);
        let mut added = 0;
        let mut quotes = escaped(lanes).to_bitmask();
        while quotes != 0 {
            let at = quotes.trailing_zeros() as usize;
            room[at + added] = b'\\';
            added += 1;
            copy_block(&window[at..], &mut room[at + added..]);
            quotes &= quotes - 1;
        }
        taken += BLOCK_BYTES;
        length += BLOCK_BYTES + added;
    }
    (taken, length)
}

#[inline]
fn copy_block(from: &[u8], to: &mut [u8]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<BLOCK_BYTES>(), to.first_chunk_mut()) {
        *to = *from;
    }
}

/// Where in two blocks the first byte is that cannot stand in a JSON string as it is: a quote, backslash or control
/// character.
#[inline(always)]
pub(super) fn first_special(blocks: &[u8; 2 * BLOCK_BYTES]) -> Option<usize> {
    let specials = match blocks.as_chunks::<BLOCK_BYTES>().0 {
        [first, second] => specials(*first) | (specials(*second) << BLOCK_BYTES),
        _ => 0,
    };
    (specials != 0).then_some(specials.trailing_zeros() as usize)
}

#[inline(always)]
fn specials(block: [u8; BLOCK_BYTES]) -> u32 {
    let block = u8x16::new(block);
    (escaped(block) | controls(block)).to_bitmask()
}

fn escaped(block: u8x16) -> u8x16 {
    block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\'))
}

fn controls(block: u8x16) -> u8x16 {
    block.min(u8x16::splat(0x1f)).simd_eq(block)
}
