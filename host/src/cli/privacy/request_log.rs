//! Who asked for a pseudonym, when and why: noted before the answer is given.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rustix::{fs::OFlags, process::getuid};
use serde::Serialize;

use crate::support::{
    folder,
    plain_file::{self, Links},
    users::user_name,
};

/// What the file is called, in the state folder.
pub(super) const FILE: &str = "privacy-log.ndjson";

/// What the kernel says of who signed in where nobody did.
const NOBODY: u32 = u32::MAX;

/// One request.
#[derive(Serialize)]
pub(super) struct PrivacyRequest<'r, A> {
    /// When.
    pub(super) time: DateTime<Utc>,
    /// Who.
    #[serde(flatten)]
    pub(super) who: Who,
    /// Of which tenants, and which pseudonyms; the address itself is not noted.
    pub(super) answers: &'r [A],
    /// Why.
    pub(super) reason: &'r str,
}

/// Who asked: the user of the process, and who signed in before `sudo` or `su`.
#[derive(Serialize)]
pub(super) struct Who {
    uid: u32,
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_user: Option<String>,
}

impl Who {
    /// Who runs this process.
    pub(super) fn asks() -> Self {
        let uid = getuid().as_raw();
        let login = plain_file::bytes(Path::new("/proc/self/loginuid"), Links::Followed, 32).ok();
        let login = login.and_then(|bytes| String::from_utf8(bytes).ok()?.trim().parse().ok());
        let login_uid = login.filter(|uid| *uid != NOBODY);
        Self { uid, user: user_name(uid), login_uid, login_user: login_uid.and_then(user_name) }
    }
}

/// Adds a request; when this returns, it is on the disk.
pub(super) fn note(state_dir: &Path, request: &PrivacyRequest<'_, impl Serialize>) -> io::Result<PathBuf> {
    let path = state_dir.join(FILE);
    let existed = path.exists();
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(&path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    // In one call, so that lines of two commands stay apart.
    file.write_all(&line)?;
    file.sync_all()?;
    if !existed {
        folder::sync_of(&path)?;
    }
    Ok(path)
}
