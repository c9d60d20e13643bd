//! What a file is, by how it begins.

use super::{
    Position, RecordsError,
    table::Table,
    text::{Encoding, Window},
};

/// So much of a file says what it is.
pub const START_BYTES: usize = 64 * 1024;

/// How many characters are looked at to tell text from other things.
const LOOK_CHARACTERS: usize = 1024;

/// So many control characters say nothing about a file.
const MOST_ODD: usize = 16;

/// What other things than text begin with.
const BINARIES: [&str; 3] = ["PK\u{3}\u{4}", "\u{2030}PNG", "\u{7f}ELF"];

/// What a file is, and where its records begin.
pub struct Start {
    pub(super) encoding: Encoding,
    /// None for JSON.
    pub(super) table: Option<Table>,
    /// Where the records begin.
    pub position: Position,
}

impl Start {
    /// What a file that is still being written is, from its first [`START_BYTES`]; `None` when that cannot be said yet.
    ///
    /// # Errors
    ///
    /// When it is nothing that has records.
    pub fn of(bytes: &[u8]) -> Result<Option<Self>, RecordsError> {
        let (encoding, mark) = Encoding::of(bytes);
        let mut window = window(encoding, mark, bytes);
        let text = window.rest();
        let body = text.trim_start();
        let header = if body.starts_with("#TYPE") { body.split_once('\n').map_or("", |(_, rest)| rest) } else { body };
        let is_told = body.starts_with(['{', '[']) || header.contains('\n') || bytes.len() >= START_BYTES;
        if !is_told {
            return Ok(None);
        }
        Self::told(encoding, mark, &mut window).map(Some)
    }

    /// What a file is of which nothing more comes than this, or that begins with [`START_BYTES`] of it.
    ///
    /// # Errors
    ///
    /// When it is nothing that has records.
    pub fn of_whole(bytes: &[u8]) -> Result<Self, RecordsError> {
        let (encoding, mark) = Encoding::of(bytes);
        let mut window = window(encoding, mark, bytes);
        if bytes.len() < START_BYTES {
            window.end();
        }
        Self::told(encoding, mark, &mut window)
    }

    fn told(encoding: Encoding, mark: usize, window: &mut Window) -> Result<Self, RecordsError> {
        let text = window.rest();
        let is_odd = |it: char| it.is_control() && !"\t\r\n\u{c}\u{1b}".contains(it);
        // One mail with a bell in its subject must not hide the whole export.
        let odd = text.chars().take(LOOK_CHARACTERS).filter(|it| it.is_ascii() && is_odd(*it)).count();
        if odd > MOST_ODD && odd * 10 > text.chars().take(LOOK_CHARACTERS).count()
            || BINARIES.iter().any(|it| text.starts_with(it))
        {
            return Err(RecordsError::Binary);
        }
        let mut position = Position { offset: mark as u64, line: 1, ..Position::default() };
        let Some((table, length)) = Table::begin(text)? else { return Ok(Self { encoding, table: None, position }) };
        position.line += text.get(..length).unwrap_or_default().matches('\n').count() as u64;
        window.advance(length);
        position.offset = window.position();
        Ok(Self { encoding, table: Some(table), position })
    }
}

fn window(encoding: Encoding, mark: usize, bytes: &[u8]) -> Window {
    let mut window = Window::new(encoding, mark as u64);
    window.add(bytes.get(mark..).unwrap_or_default());
    window
}
