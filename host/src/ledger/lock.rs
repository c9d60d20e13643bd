//! Keeps other processes out of a state folder: a lock on a file, and the name of the owner in the ledger.
//!
//! The lock is looked at before every transaction, since the file may be deleted, and then another process would have
//! a lock on another file. The owner is looked at within every transaction, since there are folders on which locks do
//! not work: a process that has been replaced there writes nothing more.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process,
};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};
use rustix::fs::OFlags;
use tracing::warn;

use super::LedgerError;

/// The file within the state folder.
const FILE_NAME: &str = "lock";

/// A lock that is deleted each time it is made is somebody's work.
const ATTEMPTS: usize = 10;

/// Keeps other processes out of a state folder for as long as it is there.
pub(super) struct Lock {
    state_dir: PathBuf,
    file: File,
    owner: Owner,
}

impl Lock {
    /// Takes the lock, unless another process has it.
    pub(super) fn take(state_dir: &Path) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::Folder { path: state_dir.to_owned(), source };
        let path = state_dir.join(FILE_NAME);
        for _ in 0..ATTEMPTS {
            let mut file = open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(in_use(state_dir, number_in(&mut file))),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // Deleted between the two: another process may have locked another file by now.
            if is_at(&file, &path).map_err(failed)? {
                write(&mut file).map_err(failed)?;
                let owner = Owner::this().map_err(failed)?;
                return Ok(Self { state_dir: state_dir.to_owned(), file, owner });
            }
        }
        Err(failed(io::Error::other("`lock` is deleted again and again")))
    }

    /// Sees that the lock is still what keeps others out. One that was deleted is taken again, unless another process
    /// was quicker.
    pub(super) fn keep(&mut self) -> Result<(), LedgerError> {
        let path = self.state_dir.join(FILE_NAME);
        // What cannot be looked at now is looked at the next time: the owner is checked all the same.
        if is_at(&self.file, &path).unwrap_or(true) {
            return Ok(());
        }
        *self = Self::take(&self.state_dir)?;
        warn!(lock = %path.display(), "lock file was deleted or replaced; locked again");
        Ok(())
    }

    /// Notes that this process may write, unless the one that may is still running.
    pub(super) fn note_owner(&self, connection: &Connection) -> Result<(), LedgerError> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        if let Some(other) = owner_in(&transaction)?
            && let Some(other) = Owner::parse(&other)
            && other.is_other_and_running(&self.owner)
        {
            return Err(in_use(&self.state_dir, Some(other.process)));
        }
        let note = "INSERT OR REPLACE INTO about (name, value) VALUES ('owner', ?1)";
        transaction.execute(note, [self.owner.text()])?;
        Ok(transaction.commit()?)
    }

    /// Sees that this process still may write; within the transaction in which it does.
    pub(super) fn check_owner(&self, connection: &Connection) -> Result<(), LedgerError> {
        let found = owner_in(connection)?;
        if found.as_deref() == Some(&*self.owner.text()) {
            return Ok(());
        }
        let process = found.as_deref().and_then(Owner::parse).map(|owner| owner.process);
        Err(LedgerError::Taken { path: self.state_dir.clone(), process })
    }
}

fn in_use(state_dir: &Path, process: Option<u32>) -> LedgerError {
    LedgerError::InUse { path: state_dir.to_owned(), process }
}

fn owner_in(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut query = connection.prepare_cached("SELECT value FROM about WHERE name = 'owner'")?;
    query.query_row([], |row| row.get(0)).optional()
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        // Who cannot open it cannot hold it.
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "`lock` is not a regular file"));
    }
    Ok(file)
}

/// Whether the file still bears this name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Says who has the lock, for people.
fn write(file: &mut File) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    // On a full disk it keeps others out all the same.
    drop(writeln!(file, "{}", process::id()));
    Ok(())
}

/// The process that has the lock, if it says so.
fn number_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// A process, told apart from any other one of the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    process: u32,
    /// When it was started, and since when the machine runs; empty where that is not to be known.
    started: String,
    /// Tells two of the same process apart from each other, and those of other machines.
    random: u64,
}

impl Owner {
    fn this() -> io::Result<Self> {
        let process = process::id();
        Ok(Self { process, started: started(process).unwrap_or_default(), random: rand::random() })
    }

    fn text(&self) -> String {
        format!("{} {} {:016x}", self.process, self.started, self.random)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (process, started, random) = (parts.next()?, parts.next()?, parts.next()?);
        let random = u64::from_str_radix(random, 16).ok()?;
        Some(Self { process: process.parse().ok()?, started: started.to_owned(), random })
    }

    /// Whether it is another process than `this` and still there. An unknown owner does not refuse: the lock
    /// is held by `this`.
    fn is_other_and_running(&self, this: &Self) -> bool {
        self.process != this.process
            && !self.started.is_empty()
            && started(self.process).as_ref() == Some(&self.started)
    }
}

/// When a process was started, in ticks since the machine was, and which start of the machine that is.
fn started(process: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let about = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, may have anything in it; the time is the 20th field behind it.
    let (_, fields) = about.rsplit_once(')')?;
    let ticks = fields.split_ascii_whitespace().nth(19)?;
    Some(format!("{}:{ticks}", boot.trim()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::ledger::{Ledger, LedgerError};

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_second_one_hears_who_has_it() {
        let folder = folder();
        let first = Lock::take(folder.path()).unwrap();
        let error = Lock::take(folder.path()).err().unwrap();
        assert!(matches!(error, LedgerError::InUse { process: Some(it), .. } if it == process::id()), "{error}");
        assert_eq!(fs::metadata(folder.path().join("lock")).unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_deleted_lock_is_taken_again_or_was_taken_by_another() {
        let folder = folder();
        let mut first = Lock::take(folder.path()).unwrap();
        fs::remove_file(folder.path().join("lock")).unwrap();
        first.keep().unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(LedgerError::InUse { .. })));
        fs::remove_file(folder.path().join("lock")).unwrap();
        let _second = Lock::take(folder.path()).unwrap();
        assert!(matches!(first.keep(), Err(LedgerError::InUse { .. })));
    }

    #[test]
    fn a_link_is_no_lock() {
        let folder = folder();
        let target = folder.path().join("target");
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join("lock")).unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(LedgerError::Folder { .. })));
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    }

    /// Where locks do not work, as on some network folders, each would get one.
    #[test]
    fn who_was_replaced_writes_nothing_more() {
        let folder = folder();
        let mut first = Ledger::open(folder.path()).unwrap();
        first.end_replay(&[0; 32]).unwrap();
        fs::remove_file(folder.path().join("lock")).unwrap();
        let mut second = Ledger::open(folder.path()).unwrap();
        // As if the lock were still in place for both.
        fs::hard_link(folder.path().join("lock"), folder.path().join("other")).unwrap();
        second.end_replay(&[0; 32]).unwrap();
        assert!(matches!(first.end_replay(&[0; 32]), Err(LedgerError::InUse { .. })));
        let taken = first.lock.as_ref().unwrap().check_owner(&first.connection);
        assert!(matches!(taken, Err(LedgerError::Taken { process: Some(it), .. }) if it == process::id()));
    }

    #[test]
    fn an_owner_that_runs_is_known_from_one_that_is_gone() {
        let this = Owner::this().unwrap();
        assert_eq!(Owner::parse(&this.text()), Some(this.clone()));
        // The first process of the machine is always there, but its number was another process's before.
        let first = Owner { process: 1, started: started(1).unwrap_or_default(), random: 1 };
        assert!(first.is_other_and_running(&this) || first.started.is_empty() || this.process == 1);
        assert!(!Owner { started: "0:0".to_owned(), ..first }.is_other_and_running(&this));
        assert!(!Owner { random: 7, ..this.clone() }.is_other_and_running(&this), "another run of the same process");
    }
}
