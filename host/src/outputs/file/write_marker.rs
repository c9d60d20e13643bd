//! A small file beside the output file that says how far it was written: told apart by it are what a crash has left,
//! which is cut off, and what a ledger from a backup does not know, which is kept.
//!
//! It lies beside the output and not in the state folder, so that it is not restored with the ledger. It is not forced
//! to the disk, so it costs next to nothing; after a power cut it may be behind, and then the ledger counts.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use crate::pipeline::WritePosition;

/// How long the text is: always the same, so that nothing has to be cut.
const TEXT_BYTES: usize = 128;

/// What was being done at a length of the output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteStep {
    /// More is written behind it.
    Writing,
    /// The ledger has it.
    Noted,
}

/// What the file beside says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MarkerContent {
    step: WriteStep,
    length: u64,
    /// Whether the machine has been running since.
    is_of_this_boot: bool,
}

/// The file beside an output file.
pub(super) struct WriteMarker {
    file: File,
    device: u64,
    inode: u64,
    boot: String,
}

impl WriteMarker {
    /// Opens it for the output file at `path`, which is at this position; gives what it says of that very file.
    pub(super) fn open(path: &Path, position: WritePosition) -> io::Result<(Self, Option<MarkerContent>)> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600).custom_flags(flags);
        let file = options.open(name(path))?;
        // Where it is not to be known, every boot is this one.
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        let beside = Self { file, device: position.device, inode: position.inode, boot };
        let said = beside.read()?;
        Ok((beside, said))
    }

    /// The same, or `None` where it cannot be made: some output files lie in folders of others.
    pub(super) fn open_if_allowed(
        path: &Path,
        position: WritePosition,
    ) -> io::Result<Option<(Self, Option<MarkerContent>)>> {
        use io::ErrorKind::{IsADirectory, PermissionDenied, ReadOnlyFilesystem};
        match Self::open(path, position) {
            Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | IsADirectory) => Ok(None),
            opened => opened.map(Some),
        }
    }

    fn read(&self) -> io::Result<Option<MarkerContent>> {
        let mut text = [0; TEXT_BYTES];
        let length = self.file.read_at(&mut text, 0)?;
        let text = String::from_utf8_lossy(text.get(..length).unwrap_or_default()).into_owned();
        let parts: Vec<_> = text.split_ascii_whitespace().collect();
        let &[step, length, device, inode, boot] = parts.as_slice() else { return Ok(None) };
        if (device.parse(), inode.parse()) != (Ok(self.device), Ok(self.inode)) {
            return Ok(None);
        }
        let step = if step == "writing" { WriteStep::Writing } else { WriteStep::Noted };
        Ok(length.parse().ok().map(|length| MarkerContent { step, length, is_of_this_boot: boot == self.boot }))
    }

    /// Says what is done at this length.
    pub(super) fn say(&self, step: WriteStep, length: u64) -> io::Result<()> {
        let step = match step {
            WriteStep::Writing => "writing",
            WriteStep::Noted => "noted",
        };
        let text = format!("{step} {length} {} {} {}", self.device, self.inode, self.boot);
        self.file.write_all_at(format!("{text:<width$}\n", width = TEXT_BYTES - 1).as_bytes(), 0)
    }
}

impl MarkerContent {
    /// Whether what stands behind `noted`, the length that the ledger has, is what a crash has left: then nobody was
    /// told that it is delivered, and it comes again.
    pub(super) fn is_left_by_a_crash(self, noted: u64) -> bool {
        match self.step {
            // The ledger is older than the file.
            _ if self.length > noted => false,
            // After a power cut this may be older than the ledger.
            _ if self.length < noted => true,
            WriteStep::Writing => true,
            // Somebody else wrote it, unless the power was cut before this could say that it was written.
            WriteStep::Noted => !self.is_of_this_boot,
        }
    }
}

/// `.trace.ndjson.exotrace` beside `trace.ndjson`.
pub(super) fn name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".exotrace");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_of_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.ndjson");
        let position = WritePosition { device: 1, inode: u64::MAX, ..WritePosition::default() };
        let (beside, said) = WriteMarker::open(&path, position).unwrap();
        assert_eq!(said, None);
        beside.say(WriteStep::Writing, u64::MAX).unwrap();
        beside.say(WriteStep::Noted, 7).unwrap();
        let said = |position| WriteMarker::open(&path, position).unwrap().1;
        assert_eq!(said(position), Some(MarkerContent { step: WriteStep::Noted, length: 7, is_of_this_boot: true }));
        assert_eq!(said(WritePosition { inode: 1, ..position }), None);
        assert_eq!(fs::metadata(name(&path)).unwrap().len(), TEXT_BYTES as u64);
        fs::write(name(&path), "nonsense").unwrap();
        assert_eq!(said(position), None);
    }

    #[test]
    fn only_what_a_crash_has_left_is_cut() {
        let check = |step, length, is_of_this_boot, expected| {
            let said = MarkerContent { step, length, is_of_this_boot };
            assert_eq!(said.is_left_by_a_crash(10), expected, "{said:?}");
        };
        for is_of_this_boot in [false, true] {
            check(WriteStep::Writing, 10, is_of_this_boot, true);
            check(WriteStep::Writing, 11, is_of_this_boot, false);
            check(WriteStep::Noted, 11, is_of_this_boot, false);
            check(WriteStep::Noted, 9, is_of_this_boot, true);
        }
        check(WriteStep::Noted, 10, true, false);
        check(WriteStep::Noted, 10, false, true);
    }
}
