//! The file of an archive that is written.
//!
//! What a crash has left of a frame is cut off when the file is opened: its batch is not in the ledger, and comes again.
//! Nothing else is ever cut: a file with anything else in it is left as it is, and another one begun.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use tracing::{error, warn};

use super::{
    archive_hour::ArchiveHour,
    frame::{FoundPart, HEAD, look},
};
use crate::support::folder;

/// Maximum number of damaged files of an hour.
const MOST_FILES: u32 = 1000;

/// How much is read at once to see whether there is nothing but zeros, in bytes.
const PIECE: usize = 64 * 1024;

/// The file of an archive that is written.
pub(super) struct HourFile {
    pub(super) hour: ArchiveHour,
    path: PathBuf,
    file: File,
    length: u64,
}

impl HourFile {
    /// Opens the file of an hour, or begins it.
    pub(super) fn open(folder: &Path, mut hour: ArchiveHour) -> io::Result<Self> {
        while hour.number < MOST_FILES {
            let path = folder.join(hour.file_name());
            if let Some((file, length)) = open_whole(&path)? {
                return Ok(Self { hour, path, file, length });
            }
            error!(path = %path.display(), "archive file is damaged; kept as it is, and another one begun");
            hour.number += 1;
        }
        Err(io::Error::other("all files of this hour are damaged"))
    }

    /// Whether it is still what stands at its path.
    pub(super) fn is_in_place(&self) -> bool {
        let place = |about: std::fs::Metadata| (about.dev(), about.ino());
        let ours = self.file.metadata().map(place);
        self.path.symlink_metadata().map(place).is_ok_and(|found| ours.is_ok_and(|ours| ours == found))
    }

    /// Adds a batch; when it returns, that is on the disk. After an error the file has to be opened again.
    pub(super) fn append(&mut self, frame: &[u8]) -> io::Result<u64> {
        let head: &[u8] = if self.length == 0 { &HEAD } else { &[] };
        let bytes = [head, frame].concat();
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            if let Err(error) = self.file.set_len(self.length) {
                // It is done when the file is opened again.
                warn!(path = %self.path.display(), error = %error, "could not truncate a partial write");
            }
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(bytes.len() as u64)
    }
}

/// Opens a file, and cuts off what a crash has left; `None` when something else is in it.
fn open_whole(path: &Path) -> io::Result<Option<(File, u64)>> {
    let existed = path.symlink_metadata().is_ok();
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).read(true).mode(0o600).custom_flags(flags).open(path)?;
    if !existed {
        folder::sync_of(path)?;
    }
    let length = file.metadata()?.len();
    let Some(whole) = whole_length(&file, length)? else { return Ok(None) };
    if whole < length {
        warn!(path = %path.display(), bytes = length - whole, "truncating a partial write");
        file.set_len(whole)?;
        file.sync_data()?;
    }
    Ok(Some((file, whole)))
}

/// How much of a file that is so long are whole frames; `None` when something stands behind them that no crash leaves.
fn whole_length(file: &File, length: u64) -> io::Result<Option<u64>> {
    let mut head = [0; HEAD.len()];
    let has = head.len().min(usize::try_from(length).unwrap_or(usize::MAX));
    file.read_exact_at(&mut head[..has], 0)?;
    if head[..has] != HEAD[..has] {
        return Ok(if is_zero(file, 0, length)? { Some(0) } else { None });
    }
    if has < HEAD.len() {
        return Ok(Some(0));
    }
    let (mut offset, mut last) = (HEAD.len() as u64, None);
    loop {
        match look(file, offset, length)? {
            FoundPart::Frame(place) => {
                let next = place.end;
                last = Some((offset, place));
                offset = next;
            }
            FoundPart::End | FoundPart::Part => break,
            FoundPart::Other if is_zero(file, offset, length)? => break,
            FoundPart::Other => return Ok(None),
        }
    }
    // The machine may have gone down before all of the last one was on the disk.
    Ok(Some(match last {
        Some((begins, place)) => match place.read(file) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => begins,
            read => read.map(|_| offset)?,
        },
        None => offset,
    }))
}

/// Whether a file has nothing but zeros from `offset` on, as after a machine went down.
fn is_zero(file: &File, mut offset: u64, length: u64) -> io::Result<bool> {
    let mut piece = vec![0; PIECE];
    while offset < length {
        let wanted = usize::try_from(length - offset).unwrap_or(PIECE).min(PIECE);
        file.read_exact_at(&mut piece[..wanted], offset)?;
        if piece[..wanted].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        offset += wanted as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::{mapper::Origin, pipeline::archive::frame::encode};

    const HOUR: &str = "2026-03-04T05:00:00Z";

    fn open(folder: &Path) -> HourFile {
        HourFile::open(folder, ArchiveHour::of(HOUR.parse().unwrap())).unwrap()
    }

    fn frame(text: &str) -> Vec<u8> {
        encode(text, &Origin::default()).unwrap()
    }

    /// The bytes of a file with these batches.
    fn bytes(texts: &[&str]) -> Vec<u8> {
        let frames: Vec<_> = texts.iter().flat_map(|text| frame(text)).collect();
        [&HEAD[..], &frames].concat()
    }

    #[test]
    fn batches_follow_one_another_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = open(folder.path());
        file.append(&frame("{}\n")).unwrap();
        file.append(&frame("[]\n")).unwrap();
        let mut file = open(folder.path());
        assert!(file.is_in_place());
        file.append(&frame("1\n")).unwrap();
        let path = folder.path().join(file.hour.file_name());
        assert_eq!(fs::read(&path).unwrap(), bytes(&["{}\n", "[]\n", "1\n"]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::rename(&path, folder.path().join("away")).unwrap();
        assert!(!file.is_in_place());
    }

    #[test]
    fn what_a_crash_has_left_is_cut_off_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ArchiveHour::of(HOUR.parse().unwrap()).file_name());
        let (whole, more) = (bytes(&["{}\n"]), bytes(&["{}\n", "{\"a\":1}\n"]));
        for length in 0..more.len() {
            fs::write(&path, &more[..length]).unwrap();
            let file = open(folder.path());
            let expected = [whole.len(), HEAD.len(), 0].into_iter().find(|whole| *whole <= length).unwrap();
            assert_eq!((file.hour.number, file.length), (0, expected as u64), "{length}");
            assert_eq!(fs::metadata(&path).unwrap().len(), file.length);
        }
    }

    #[test]
    fn what_did_not_get_to_the_disk_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ArchiveHour::of(HOUR.parse().unwrap()).file_name());
        let (whole, more) = (bytes(&["{}\n"]), bytes(&["{}\n", "{\"a\":1}\n"]));
        for (begin, zeros) in [(whole.len(), 0), (more.len() - 5, 0), (more.len() - 5, 5000), (more.len(), 5000)] {
            let mut content = more.clone();
            content[begin..].fill(0);
            content.resize(more.len() + zeros, 0);
            fs::write(&path, &content).unwrap();
            let expected = if begin == more.len() { more.len() } else { whole.len() };
            assert_eq!(open(folder.path()).length, expected as u64, "{begin} {zeros}");
        }
        fs::write(&path, vec![0; 5000]).unwrap();
        assert_eq!(open(folder.path()).length, 0);
    }

    #[test]
    fn a_file_that_is_damaged_is_kept_and_another_one_begun() {
        let folder = tempfile::tempdir().unwrap();
        let hour = ArchiveHour::of(HOUR.parse().unwrap());
        let path = folder.path().join(hour.file_name());
        let mut damaged = bytes(&["{}\n", "[]\n"]);
        damaged[HEAD.len()] ^= 1;
        for content in [damaged, b"something else".to_vec()] {
            fs::write(&path, &content).unwrap();
            let mut file = open(folder.path());
            file.append(&frame("1\n")).unwrap();
            assert_eq!(file.hour.number, 1);
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        let second = folder.path().join(ArchiveHour { number: 1, ..hour }.file_name());
        assert_eq!(fs::read(second).unwrap(), bytes(&["1\n", "1\n"]));
    }

    #[test]
    fn a_last_frame_that_is_not_what_was_written_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ArchiveHour::of(HOUR.parse().unwrap()).file_name());
        let mut content = bytes(&["{}\n", "{\"a\":1}\n"]);
        *content.last_mut().unwrap() ^= 1;
        fs::write(&path, &content).unwrap();
        assert_eq!(open(folder.path()).length, bytes(&["{}\n"]).len() as u64);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) =
            (folder.path().join(ArchiveHour::of(HOUR.parse().unwrap()).file_name()), folder.path().join("target"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(HourFile::open(folder.path(), ArchiveHour::of(HOUR.parse().unwrap())).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }
}
