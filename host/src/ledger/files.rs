//! What is read of every file.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _, time::Duration};

use chrono::Utc;
use rusqlite::{Row, params};

use super::{
    Ledger, LedgerError,
    file_hash::FileHash,
    marks::{Mark, put_marks},
    source_id,
};

/// For how long a file is remembered after it has disappeared.
const REMEMBERED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What is read of one file, and by what the file is known again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FileState {
    /// What the ledger knows it by; 0 as long as it does not.
    pub id: i64,
    /// Where it lies; none when another file has taken its place.
    pub place: Option<FilePlace>,
    /// Its path when it was seen last.
    pub path: String,
    /// How much of its contents is delivered, in bytes.
    pub offset: u64,
    /// In which line that is.
    pub line: u64,
    /// Whether that is within a JSON array.
    pub is_in_array: bool,
    /// Whether its dates have the day first, if that is known.
    pub is_day_first: Option<bool>,
    /// A hash of its first bytes, as far as they are delivered, and of how many.
    pub head: FileHash,
    /// A hash of the last bytes that are delivered, and of how many.
    pub tail: FileHash,
    /// Its length and when it was changed, when it was read to its end; 0 when it was not.
    pub size: u64,
    /// In nanoseconds since 1970-01-01T00:00:00Z.
    pub changed: i64,
}

/// Device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FilePlace {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
}

impl FilePlace {
    /// Where the file lies that has this metadata.
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl Ledger {
    /// All files that are remembered, the ones that were seen last first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn files(&self) -> Result<Vec<FileState>, LedgerError> {
        let query = "SELECT id, device, inode, path, offset, line, in_array, day_first, head_length, head, \
                     tail_length, tail, size, changed FROM file ORDER BY seen DESC, id DESC";
        let mut statement = self.connection.prepare(query)?;
        let files = statement.query_map([], state)?;
        Ok(files.collect::<Result<_, _>>()?)
    }

    /// Notes what is read of a file, of which this many records were just delivered; gives what the ledger knows the file
    /// by. Any other file that was in its place is remembered without one.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing is noted.
    pub(crate) fn commit_file(
        &mut self,
        source: &str,
        file: &FileState,
        records: u64,
        marks: &[Mark],
    ) -> Result<i64, LedgerError> {
        let transaction = self.write()?;
        let now = Utc::now().timestamp_millis();
        let place = file.place.map(|place| (place.device.cast_signed(), place.inode.cast_signed()));
        if let Some((device, inode)) = place {
            let forget = "UPDATE file SET device = NULL, inode = NULL WHERE device = ?1 AND inode = ?2 AND id <> ?3";
            transaction.execute(forget, params![device, inode, file.id])?;
        }
        let id = (file.id != 0).then_some(file.id);
        let insert = "INSERT OR REPLACE INTO file (id, device, inode, path, offset, line, in_array, day_first, \
                      head_length, head, tail_length, tail, size, changed, seen) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) RETURNING id";
        let values = params![
            id,
            place.map(|(device, _)| device),
            place.map(|(_, inode)| inode),
            file.path,
            file.offset.cast_signed(),
            file.line.cast_signed(),
            file.is_in_array,
            file.is_day_first,
            file.head.length.cast_signed(),
            file.head.hash,
            file.tail.length.cast_signed(),
            file.tail.hash,
            file.size.cast_signed(),
            file.changed,
            now,
        ];
        let id = transaction.query_row(insert, values, |row| row.get(0))?;
        let source = source_id(&transaction, source)?;
        let count =
            "UPDATE source SET rows = rows + ?2, polled_at = ?3, failed_at = NULL, failure = NULL WHERE id = ?1";
        transaction.execute(count, params![source, records.cast_signed(), now])?;
        // Every output has the batch that some of them had.
        transaction.execute("DELETE FROM accepted WHERE source = ?1", [source])?;
        put_marks(&transaction, marks)?;
        transaction.commit()?;
        Ok(id)
    }

    /// Notes that these files are still there, and forgets those that were not seen for a long time.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_seen(&mut self, files: &[i64]) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        let now = Utc::now();
        for id in files {
            transaction.execute("UPDATE file SET seen = ?2 WHERE id = ?1", params![id, now.timestamp_millis()])?;
        }
        let oldest = (now - REMEMBERED).timestamp_millis();
        transaction.execute("DELETE FROM file WHERE seen < ?1", [oldest])?;
        transaction.commit()?;
        Ok(())
    }
}

fn state(row: &Row<'_>) -> rusqlite::Result<FileState> {
    let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
    let place = match (row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?) {
        (Some(device), Some(inode)) => Some(FilePlace { device: device.cast_unsigned(), inode: inode.cast_unsigned() }),
        _ => None,
    };
    Ok(FileState {
        id: row.get(0)?,
        place,
        path: row.get(3)?,
        offset: number(4)?,
        line: number(5)?,
        is_in_array: row.get(6)?,
        is_day_first: row.get(7)?,
        head: FileHash { length: number(8)?, hash: row.get(9)? },
        tail: FileHash { length: number(10)?, hash: row.get(11)? },
        size: number(12)?,
        changed: row.get(13)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let place = Some(FilePlace { device: 1, inode: u64::MAX });
        let hash = FileHash { length: 3, hash: [7; 16] };
        let mut file = FileState { place, path: "a".to_owned(), offset: 9, line: 2, ..FileState::default() };
        let mut ledger = Ledger::open(folder.path()).unwrap();
        file.id = ledger.commit_file("files", &file, 2, &[]).unwrap();
        (file.offset, file.head, file.tail, file.is_day_first, file.is_in_array) = (10, hash, hash, Some(true), true);
        assert_eq!(ledger.commit_file("files", &file, 1, &[]).unwrap(), file.id);
        drop(ledger);
        let mut ledger = Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.files().unwrap(), [file.clone()]);
        assert_eq!(ledger.status("files").unwrap().unwrap().rows, 3);

        // Another file in the same place takes it away, and no more.
        let mut other = FileState { id: 0, offset: 1, ..file.clone() };
        other.id = ledger.commit_file("files", &other, 0, &[]).unwrap();
        ledger.note_seen(&[other.id]).unwrap();
        let mut files = ledger.files().unwrap();
        files.sort_by_key(|file| file.id);
        assert_eq!(files, [FileState { place: None, ..file }, other]);
    }
}
