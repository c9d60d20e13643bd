//! Asks the running process.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use super::{ControlError, ControlReply, MAX_REPLY_BYTES, Request, SOCKET};

/// Compiling a component takes seconds, on a busy machine many: several times what it may take of a processor.
const PATIENCE: Duration = Duration::from_secs(600);

/// How it is doing, a process says at once.
const SOON: Duration = Duration::from_secs(10);

/// Asks the process that has this `state_dir`.
///
/// # Errors
///
/// When there is none, or it does not answer.
pub(crate) fn ask(state_dir: &Path, request: &Request) -> Result<ControlReply, ControlError> {
    let path = state_dir.join(SOCKET);
    let mut stream = UnixStream::connect(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ControlError::NobodyThere(std::path::absolute(state_dir).unwrap_or_else(|_| state_dir.to_owned()))
        }
        io::ErrorKind::PermissionDenied => ControlError::NotYours(path.clone()),
        io::ErrorKind::InvalidInput => ControlError::PathTooLong(path.clone()),
        _ => ControlError::Broken(error),
    })?;
    // A replay takes as long as the outputs need; who is tired of waiting can go, and it goes on. A search may wait for
    // the request budget, and ends with who waits for it.
    let patience = match request {
        Request::Replay(_) => None,
        request if request.is_about_past() => None,
        Request::About => Some(SOON),
        _ => Some(PATIENCE),
    };
    stream.set_read_timeout(patience)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request).map_err(ControlError::Unintelligible)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(MAX_REPLY_BYTES)).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(ControlError::Broken(io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_str(&answer).map_err(ControlError::Unintelligible)
}
