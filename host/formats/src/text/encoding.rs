//! How the characters of a file are written.

/// How much of a file is looked at to find out its encoding.
const LOOK_BYTES: usize = 1024;

/// How the characters of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8; a line that is not is taken for Windows-1252.
    Utf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// The encoding of what begins like this, and the length of its byte order mark.
    pub(crate) fn of(start: &[u8]) -> (Self, usize) {
        if start.starts_with(b"\xef\xbb\xbf") {
            return (Self::Utf8, 3);
        }
        if let Some(encoding) = Self::of_mark(start) {
            return (encoding, 2);
        }
        // Without a mark: most characters are ASCII, so every other byte is NUL.
        let look = start.get(..LOOK_BYTES).unwrap_or(start);
        let nuls = |first: usize| look.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, pairs) = (nuls(0), nuls(1), look.len() / 2);
        match (even, odd) {
            (0, odd) if odd * 2 > pairs => (Self::Utf16Le, 0),
            (even, 0) if even * 2 > pairs => (Self::Utf16Be, 0),
            _ => (Self::Utf8, 0),
        }
    }

    /// The encoding that a byte order mark of two bytes says.
    pub(super) fn of_mark(start: &[u8]) -> Option<Self> {
        match start {
            [0xff, 0xfe, ..] => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            _ => None,
        }
    }
}
