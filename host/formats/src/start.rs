//! What a file is, by how it begins.

use super::{
    error::RecordsError,
    likeness,
    position::Position,
    table::{Table, preamble},
    text::{Encoding, TextWindow},
};
use crate::lines::is_blank_character;

/// So much of a file says what it is.
pub const START_BYTES: usize = 64 * 1024;

/// How many characters are looked at to tell text from other things.
const LOOK_CHARACTERS: usize = 1024;

/// Number of control characters that say nothing about a file.
const MOST_ODD: usize = 16;

/// What a file is, and where its records begin.
pub struct Start {
    pub(super) encoding: Encoding,
    /// None for JSON.
    pub(super) table: Option<Table>,
    /// Where the records begin.
    pub position: Position,
    /// How many NUL bytes are before.
    pub(super) nuls: u64,
}

impl Start {
    /// What a file that is still being written is, from its first [`START_BYTES`] behind this many NUL bytes; `None` when
    /// that cannot be said yet.
    ///
    /// # Errors
    ///
    /// When it is nothing that has records.
    pub fn of(bytes: &[u8], nuls: u64) -> Result<Option<Self>, RecordsError> {
        let (encoding, mark) = Encoding::of(bytes);
        let mut window = window(encoding, mark, bytes);
        window.pause();
        let text = window.rest();
        let body = text.trim_start_matches(is_blank_character);
        let header = body.get(preamble(body).0..).unwrap_or_default();
        let is_told = body.starts_with(['{', '[']) || header.contains('\n') || bytes.len() >= START_BYTES;
        if !is_told && likeness::of_bytes(bytes).is_none() {
            return Ok(None);
        }
        Self::told(encoding, mark, &mut window, bytes, nuls).map(Some)
    }

    /// What a file is of which nothing more comes than this, or that begins with [`START_BYTES`] of it.
    ///
    /// # Errors
    ///
    /// When it is nothing that has records.
    pub fn of_whole(bytes: &[u8], nuls: u64) -> Result<Self, RecordsError> {
        let (encoding, mark) = Encoding::of(bytes);
        let mut window = window(encoding, mark, bytes);
        if bytes.len() < START_BYTES {
            window.end();
        }
        Self::told(encoding, mark, &mut window, bytes, nuls)
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        self.table.is_some()
    }

    fn told(
        encoding: Encoding,
        mark: usize,
        window: &mut TextWindow,
        bytes: &[u8],
        nuls: u64,
    ) -> Result<Self, RecordsError> {
        let like = |likeness| Err(RecordsError::Unlike(likeness));
        if let Some(likeness) = likeness::of_bytes(bytes) {
            return like(likeness);
        }
        let text = window.rest();
        if is_binary(text) {
            return like(likeness::BINARY);
        }
        let mut position = Position { offset: nuls + mark as u64, line: 1, ..Position::default() };
        let Some((table, length)) = Table::begin(text)? else {
            let body = text.trim_start_matches(is_blank_character);
            let is_json = |line: &str| {
                let line = line.trim_start_matches(|it: char| is_blank_character(it) || it == ',' || it == ']');
                line.starts_with(['{', '['])
            };
            if !body.is_empty() && !body.lines().any(is_json) {
                return like(likeness::of_text(body));
            }
            return Ok(Self { encoding, table: None, position, nuls });
        };
        position.line += text.get(..length).unwrap_or_default().matches('\n').count() as u64;
        window.advance(length);
        position.offset = nuls + window.position();
        Ok(Self { encoding, table: Some(table), position, nuls })
    }
}

/// How many NUL bytes are passed over at the beginning of a file: whole blocks of them, since a few may be halves of
/// characters, which is found out later.
pub fn leading_nuls(bytes: &[u8]) -> usize {
    const BLOCK_BYTES: usize = 512;
    bytes.chunks_exact(BLOCK_BYTES).take_while(|block| block.iter().all(|byte| *byte == 0)).count() * BLOCK_BYTES
}

/// One mail with a bell in its subject must not hide the whole export: only many such characters make it no text. A run
/// of NUL bytes is one of them, unless it stands between values.
fn is_binary(text: &str) -> bool {
    let (mut count, mut odd, mut last) = (0, 0, ' ');
    for it in text.chars().filter(|it| *it != '\0').take(LOOK_CHARACTERS) {
        count += 1;
        odd += usize::from(it.is_control() && !"\t\r\n\u{c}\u{1b}".contains(it));
    }
    for it in text.chars().take(LOOK_CHARACTERS) {
        odd += usize::from(it == '\0' && !"\0}],\n".contains(last));
        last = it;
    }
    odd > MOST_ODD && odd * 10 > count
}

fn window(encoding: Encoding, mark: usize, bytes: &[u8]) -> TextWindow {
    let mut window = TextWindow::new(encoding, mark as u64);
    window.add(bytes.get(mark..).unwrap_or_default());
    window
}
