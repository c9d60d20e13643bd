//! The file that is written.
//!
//! What a crash has left behind the position that the ledger has is cut off when it is opened: it was not delivered, and
//! comes again. Nothing else is ever cut.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use chrono::{DateTime, Utc};
use tracing::warn;

use super::{
    last_bytes::{LastBytes, is_before},
    write_marker::{WriteMarker, WriteStep},
};
use crate::{pipeline::WritePosition, support::folder};

/// The usual permissions of an output file: its group reads it, as with other logs.
const MODE: u32 = 0o640;

/// The file that is written.
pub(super) struct CurrentFile {
    file: File,
    pub(super) position: WritePosition,
    /// None for what is not a regular file.
    last: Option<LastBytes>,
    /// None as well where no file can be made beside it.
    marker: Option<WriteMarker>,
}

/// What becomes of a file that is opened.
pub(super) enum OpenOutcome {
    /// It goes on.
    Expected(CurrentFile),
    /// It is not what was left: it is kept as it is, and another one begun.
    Other,
}

impl CurrentFile {
    /// Opens the file at `path`, which the ledger knows as far as `known`; a new one gets these permissions.
    pub(super) fn open(
        path: &Path,
        mode: Option<u32>,
        known: Option<WritePosition>,
        now: DateTime<Utc>,
    ) -> io::Result<OpenOutcome> {
        let existed = path.exists();
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).read(true).mode(mode.unwrap_or(MODE)).open(path)?;
        if !existed {
            if let Some(mode) = mode {
                // Regardless of the umask.
                file.set_permissions(Permissions::from_mode(mode))?;
            }
            folder::sync_of(path)?;
        }
        let position = position(&file)?;
        if !file.metadata()?.is_file() {
            return Ok(OpenOutcome::Expected(Self { file, position, last: None, marker: None }));
        }
        let marker = WriteMarker::open_if_allowed(path, position)?;
        let is_left = |known: &WritePosition| match &marker {
            Some((_, Some(content))) => content.is_left_by_a_crash(known.length),
            // Nobody has said anything: the ledger is of a version that had nothing to say it with.
            Some((_, None)) => known.length > 0 && known.tail.length == 0,
            // Nor can a file be finished in such a folder.
            None => true,
        };
        let Some(mut position) = settle(&mut file, position, known, is_left, now, path)? else {
            return Ok(OpenOutcome::Other);
        };
        let last = LastBytes::of(&file, position.length)?;
        position.tail = last.tail();
        let marker = marker.map(|(marker, _)| marker);
        let file = Self { file, position, last: Some(last), marker };
        file.say_noted()?;
        Ok(OpenOutcome::Expected(file))
    }

    /// Whether it is still what stands at a path.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let WritePosition { device, inode, .. } = self.position;
        path.metadata().is_ok_and(|about| (about.dev(), about.ino()) == (device, inode))
    }

    /// Writes all of the bytes; what was written in part when that fails has to be taken back.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(marker) = &self.marker {
            marker.say(WriteStep::Writing, self.position.length)?;
        }
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.position.length += bytes.len() as u64;
        if let Some(last) = &mut self.last {
            last.add(bytes);
            self.position.tail = last.tail();
        }
        Ok(())
    }

    /// Takes back what was written in part.
    pub(super) fn take_back(&self) -> io::Result<()> {
        self.file.set_len(self.position.length)
    }

    /// Says beside the file that the ledger has all of it.
    pub(super) fn say_noted(&self) -> io::Result<()> {
        self.marker.as_ref().map_or(Ok(()), |marker| marker.say(WriteStep::Noted, self.position.length))
    }
}

/// Cuts off what a crash has left, and ends a last line that others have left open. `None` when the file is not what was
/// left of it, so that nothing may be cut: `is_left` says whether what stands behind a position is of a crash.
fn settle(
    file: &mut File,
    mut position: WritePosition,
    known: Option<WritePosition>,
    is_left: impl FnOnce(&WritePosition) -> bool,
    now: DateTime<Utc>,
    path: &Path,
) -> io::Result<Option<WritePosition>> {
    let is_same = |known: &WritePosition| (known.device, known.inode) == (position.device, position.inode);
    let Some(known) = known.filter(is_same) else {
        position.began = now.timestamp_millis();
        end_line(file, &mut position)?;
        return Ok(Some(position));
    };
    position.began = known.began;
    if position.length < known.length {
        warn!(path = %path.display(), bytes = known.length - position.length, "output file has become shorter");
    } else if !is_before(known.tail, file, known.length)? {
        end_line(file, &mut position)?;
        return Ok(None);
    } else if position.length > known.length {
        if !is_left(&known) {
            end_line(file, &mut position)?;
            return Ok(None);
        }
        warn!(path = %path.display(), bytes = position.length - known.length, "truncating a partial write");
        file.set_len(known.length)?;
        file.sync_data()?;
        position.length = known.length;
    }
    end_line(file, &mut position)?;
    Ok(Some(position))
}

/// Where a file is and how long; the time at which it was begun is not known.
fn position(file: &File) -> io::Result<WritePosition> {
    let about = file.metadata()?;
    Ok(WritePosition { device: about.dev(), inode: about.ino(), length: about.len(), ..WritePosition::default() })
}

/// A document must not be glued to the rest of a line.
fn end_line(file: &mut File, position: &mut WritePosition) -> io::Result<()> {
    if position.length == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(position.length - 1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
        file.sync_data()?;
        position.length += 1;
    }
    Ok(())
}
