//! Which part of a text was decoded in which way, and where in the file it was.

/// A stretch of text that was decoded in one way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Where it begins in the text.
    pub(super) at: usize,
    /// Where it begins in the file.
    pub(super) offset: u64,
    pub(super) kind: StretchKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StretchKind {
    Verbatim,
    Windows1252,
    Utf16,
}

impl StretchKind {
    /// How many bytes of the file a piece of text was.
    pub(super) fn length(self, text: &str) -> u64 {
        let length = match self {
            Self::Verbatim => text.len(),
            Self::Windows1252 => text.chars().count(),
            Self::Utf16 => 2 * text.encode_utf16().count(),
        };
        length as u64
    }
}
