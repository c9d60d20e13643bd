//! Where the encoding changes within a file: PowerShell appends UTF-16 to UTF-8, and other programs UTF-8 to UTF-16.

use super::{encoding::Encoding, input::Input};

/// Number of bytes by which the encoding of a text is guessed.
const LOOK_BYTES: usize = 16;

/// What is at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// Another encoding begins here.
    Here(usize, Encoding),
    /// NUL bytes, up to here.
    Nul(usize),
    /// That hangs on bytes that are not there yet: everything from here on.
    Unknown(usize),
}

/// What a NUL byte in text of UTF-8 is; `last` is the character before the bytes.
pub(super) fn at_nul(bytes: &[u8], nul: usize, last: u8, input: Input) -> Guess {
    let rest = |at: usize| bytes.get(at..).unwrap_or_default();
    let before = nul.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(last);
    let is_little = nul > 0 && looks_utf16(rest(nul.saturating_sub(1)), true);
    let Some(run) = rest(nul).iter().position(|byte| *byte != 0) else {
        // They may be halves of characters, or be written over.
        return match input {
            Input::GoesOn => Guess::Unknown(nul.saturating_sub(1)),
            _ if is_little => Guess::Here(nul - 1, Encoding::Utf16Le),
            Input::Pauses | Input::Rests => Guess::Unknown(nul),
            Input::Ended => Guess::Nul(bytes.len()),
        };
    };
    let behind = nul + run;
    let mark = nul.checked_sub(2).filter(|at| rest(*at).starts_with(b"\xfe\xff") && is_utf16_behind_mark(rest(*at)));
    if let Some(mark) = mark {
        return Guess::Here(mark, Encoding::Utf16Be);
    }
    // A single one is half of a character, more likely than not, and so is one that soon follows.
    let is_unclear = run == 1 || rest(behind).len() < 3 || rest(behind).contains(&0);
    let must_wait = input == Input::GoesOn || input == Input::Pauses && is_unclear;
    if must_wait && rest(behind).len() < LOOK_BYTES {
        return Guess::Unknown(nul.saturating_sub(1));
    }
    let is_big = run == 1 && before == b'\n' && looks_utf16(rest(nul), false);
    let is_end = matches!(input, Input::Rests | Input::Ended);
    let is_better = |big: usize, little: usize| others(rest(big), false, is_end) < others(rest(little), true, is_end);
    if is_big && nul == 0 {
        let is_shifted = looks_utf16(rest(1), true) && others(rest(1), true, is_end) < others(rest(0), false, is_end);
        return if is_shifted { Guess::Here(1, Encoding::Utf16Le) } else { Guess::Here(0, Encoding::Utf16Be) };
    }
    if is_big && (!is_little || is_better(nul, nul.saturating_sub(1))) {
        return Guess::Here(nul, Encoding::Utf16Be);
    }
    // A character such as U+3000 has its NUL byte first.
    if run == 1 && before == b'\n' && looks_utf16(rest(nul), true) {
        return Guess::Here(nul, Encoding::Utf16Le);
    }
    if run == 1 && is_little {
        // A line may begin with characters that have no NUL byte.
        let line = bytes.get(..nul - 1).unwrap_or_default();
        let line = line.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let head = bytes.get(line..nul - 1).unwrap_or_default();
        let is_head = head.len().is_multiple_of(2) && !head.is_empty() && str::from_utf8(head).is_err();
        return Guess::Here(if is_head { line } else { nul - 1 }, Encoding::Utf16Le);
    }
    if matches!(before, b'\n' | b'}' | b']' | 0) || run > 1 {
        let (little, big) = (looks_utf16(rest(behind), true), looks_utf16(rest(behind - 1), false));
        if little && !(big && is_better(behind - 1, behind)) {
            return Guess::Here(behind, Encoding::Utf16Le);
        }
        if big {
            return Guess::Here(behind - 1, Encoding::Utf16Be);
        }
    }
    Guess::Nul(behind)
}

/// What begins where text of UTF-16 has a character that is not ASCII, at the beginning of a line or behind a value;
/// nothing when it is more of the same.
pub(super) fn within_utf16(bytes: &[u8], is_little: bool, is_line: bool, input: Input) -> Option<Guess> {
    let other = if is_little { Encoding::Utf16Be } else { Encoding::Utf16Le };
    if bytes.len() < 4 * LOOK_BYTES && input == Input::GoesOn {
        return Some(Guess::Unknown(0));
    }
    if Encoding::of_mark(bytes) == Some(other) && is_utf16_behind_mark(bytes) || looks_utf16(bytes, !is_little) {
        return Some(Guess::Here(0, other));
    }
    // The end of a line, and then UTF-16 once more.
    let behind = bytes.trim_ascii_start();
    if behind.len() < bytes.len() && [true, false].iter().any(|is_little| looks_utf16(behind, *is_little)) {
        return Some(Guess::Here(0, Encoding::Utf8));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let begins = if is_line { is_text(text) } else { matches!(text.first(), Some(b'{' | b'[')) && is_text(text) };
    begins.then_some(Guess::Here(0, Encoding::Utf8))
}

/// Whether text of one byte a character begins here: JSON by its first characters, a row of a table by many, because
/// there are words whose characters look like ASCII two by two.
fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    let length = if matches!(bytes.first(), Some(b'{' | b'[' | b'"')) { LOOK_BYTES } else { 4 * LOOK_BYTES };
    let look = bytes.get(..length).unwrap_or(bytes);
    let is_plain = |bytes: &[u8]| {
        let valid = str::from_utf8(bytes).map_or_else(|error| error.valid_up_to() + 3 >= bytes.len(), |_| true);
        valid && bytes.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..))
    };
    if is_plain(look) {
        return true;
    }
    // A short line, and something else behind it.
    let line = look.iter().position(|byte| *byte == b'\n').and_then(|end| look.get(..end));
    line.is_some_and(|line| line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}") && is_plain(line))
}

/// Whether text of UTF-16 begins here: at least half of its characters are ASCII.
pub(super) fn looks_utf16(bytes: &[u8], is_little: bool) -> bool {
    let (pairs, _) = bytes.get(..LOOK_BYTES).unwrap_or(bytes).as_chunks::<2>();
    let (mut count, mut ascii) = (0, 0);
    for pair in pairs {
        let unit = if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) };
        if unit == 0 {
            break;
        }
        count += 1;
        ascii += usize::from((9..0x7f).contains(&unit));
    }
    ascii >= 2 && ascii * 2 >= count
}

/// How many characters of the text that follows are not ASCII, or not whole: more when it is read the wrong way round.
fn others(bytes: &[u8], is_little: bool, is_end: bool) -> usize {
    let (pairs, half) = bytes.get(..64 * 1024).unwrap_or(bytes).as_chunks::<2>();
    let units = pairs.iter().map(|pair| if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    let mut count = if is_end { half.len() } else { 0 };
    for it in char::decode_utf16(units) {
        count += match it {
            Ok('\u{1}'..='\u{7f}') => 0,
            Ok(_) => 1,
            Err(_) => 4,
        };
    }
    count
}

/// Whether text of UTF-16 follows a mark.
pub(super) fn is_utf16_behind_mark(bytes: &[u8]) -> bool {
    let text = bytes.get(2..).unwrap_or_default();
    text.is_empty() || looks_utf16(text, Encoding::of_mark(bytes) == Some(Encoding::Utf16Le))
}
