//! The files of an archive: one an hour, named by it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, DurationRound as _, NaiveDateTime, TimeDelta, Utc};

/// What names end with.
const ENDING: &str = ".ndjson.zst";

/// One file of a source: the hour in which it was written, in UTC. The second of an hour is begun when the first is not
/// what was left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ArchiveHour {
    pub(super) begins: DateTime<Utc>,
    pub(super) number: u32,
}

impl ArchiveHour {
    /// The first file of the hour of a time.
    pub(super) fn of(time: DateTime<Utc>) -> Self {
        Self { begins: time.duration_trunc(TimeDelta::hours(1)).unwrap_or(time), number: 0 }
    }

    /// The name of the file: `2026-03-04T05.ndjson.zst`.
    pub(super) fn file_name(self) -> String {
        let hour = self.begins.format("%Y-%m-%dT%H");
        match self.number {
            0 => format!("{hour}{ENDING}"),
            number => format!("{hour}-{number}{ENDING}"),
        }
    }

    /// The hour that a file is named by; `None` when it is none of an archive.
    fn named(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(ENDING)?;
        // The date has hyphens as well.
        let (hour, number) = match stem.split_at_checked(13)? {
            (hour, "") => (hour, 0),
            (hour, rest) => (hour, rest.strip_prefix('-')?.parse().ok()?),
        };
        let begins = NaiveDateTime::parse_from_str(&format!("{hour}:00"), "%Y-%m-%dT%H:%M").ok()?.and_utc();
        let this = Self { begins, number };
        (this.file_name() == name).then_some(this)
    }

    /// Whether all that is in it was written longer ago than it is to be kept.
    pub(super) fn is_old(self, keep_for: Duration, now: DateTime<Utc>) -> bool {
        let age = now.signed_duration_since(self.begins + TimeDelta::hours(1));
        age.to_std().is_ok_and(|age| age > keep_for)
    }
}

/// The files of a source, the oldest first; none when there is no such folder.
pub(super) fn files(folder: &Path) -> io::Result<Vec<(ArchiveHour, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let hour = entry.file_name().to_str().and_then(ArchiveHour::named);
        if let Some(hour) = hour.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            files.push((hour, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name() {
        let at: DateTime<Utc> = "2026-03-04T05:59:59.999Z".parse().unwrap();
        let first = ArchiveHour::of(at);
        let second = ArchiveHour { number: 12, ..first };
        assert_eq!(first.file_name(), "2026-03-04T05.ndjson.zst");
        assert_eq!(second.file_name(), "2026-03-04T05-12.ndjson.zst");
        for hour in [first, second] {
            assert_eq!(ArchiveHour::named(&hour.file_name()), Some(hour));
        }
        for other in [
            "2026-03-04T05.ndjson",
            "2026-03-04T05-0.ndjson.zst",
            "2026-03-04T05-01.ndjson.zst",
            "2026-03-04T25.ndjson.zst",
            "2026-03-04.ndjson.zst",
            "ä2026-03-04T0.ndjson.zst",
            ".ndjson.zst",
            "",
        ] {
            assert_eq!(ArchiveHour::named(other), None, "{other}");
        }
        assert!(second > first && ArchiveHour::of(at + TimeDelta::milliseconds(1)) > second);
    }

    #[test]
    fn a_file_is_old_when_the_last_that_is_in_it_is() {
        let hour = ArchiveHour::of("2026-03-04T05:00:00Z".parse().unwrap());
        let keep_for = Duration::from_secs(7200);
        assert!(!hour.is_old(keep_for, hour.begins + TimeDelta::hours(3)));
        assert!(hour.is_old(keep_for, hour.begins + TimeDelta::hours(3) + TimeDelta::seconds(1)));
        assert!(!hour.is_old(keep_for, hour.begins - TimeDelta::hours(9)), "a clock that was set back");
    }

    #[test]
    fn only_files_of_an_archive_are_listed_in_order() {
        let folder = tempfile::tempdir().unwrap();
        assert!(files(&folder.path().join("none")).unwrap().is_empty());
        let hour = ArchiveHour::of("2026-03-04T05:00:00Z".parse().unwrap());
        let later = ArchiveHour { number: 1, ..hour };
        for name in [&later.file_name(), &hour.file_name(), "notes.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("2026-03-04T06.ndjson.zst")).unwrap();
        let found = files(folder.path()).unwrap();
        assert_eq!(found.iter().map(|(hour, _)| *hour).collect::<Vec<_>>(), [hour, later]);
    }
}
