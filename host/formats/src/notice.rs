//! What people should know about a file.

use std::borrow::Cow;

use super::bad_date::BadDate;

/// Something about a file that people should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// In which line, or shortly after it; counted from 1.
    pub line: u64,
    /// What.
    pub problem: Problem,
}

/// What is the matter with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It is not UTF-8, so it is read as Windows-1252.
    NotUtf8,
    /// It has another number of fields than the table has columns; it goes on as it is.
    Odd,
    /// It is longer than any record can be; it is left out.
    TooLong,
    /// No message was received then; it is left out.
    Date(BadDate),
    /// Day and month of its date cannot be told apart; it is left out.
    AmbiguousDate,
    /// The file ends within a value that begins there, or within an array; what was whole is given.
    Torn,
    /// The file goes on in another encoding.
    OtherEncoding,
    /// This many NUL bytes were left out of the file up to there.
    Nuls(u64),
    /// This many bytes after the compressed contents were left out.
    Padding(u64),
}

impl Problem {
    /// Whether something is left out.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::TooLong | Self::Torn | Self::Date(_) | Self::AmbiguousDate)
    }

    /// The same for people.
    pub fn explain(self) -> Cow<'static, str> {
        match self {
            Self::NotUtf8 => "not UTF-8; read as Windows-1252".into(),
            Self::Odd => "row does not fit the header of its table; it goes on as it is".into(),
            Self::TooLong => "longer than 64 MiB; left out".into(),
            Self::Date(date) => format!("{date}; left out").into(),
            Self::AmbiguousDate => "day and month of its date cannot be told apart; left out".into(),
            Self::Torn => "the file is not whole: it ends within the array or the value that begins here".into(),
            Self::OtherEncoding => "the encoding changes; read on in the other one".into(),
            Self::Nuls(count) => format!("{count} NUL bytes of the file were left out").into(),
            Self::Padding(count) => format!("{count} bytes behind the compressed contents were left out").into(),
        }
    }
}
