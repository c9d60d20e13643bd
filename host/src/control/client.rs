//! Asks the running process.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use super::{ControlError, ControlReply, MAX_REPLY_BYTES, Request, SOCKET, TapMessage, TapStart};

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
    let mut stream = connect(state_dir)?;
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
    put(&mut stream, request)?;
    let mut answer = String::new();
    BufReader::new(stream.take(MAX_REPLY_BYTES)).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(ControlError::Broken(io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_str(&answer).map_err(ControlError::Unintelligible)
}

fn connect(state_dir: &Path) -> Result<UnixStream, ControlError> {
    let path = state_dir.join(SOCKET);
    UnixStream::connect(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ControlError::NobodyThere(std::path::absolute(state_dir).unwrap_or_else(|_| state_dir.to_owned()))
        }
        io::ErrorKind::PermissionDenied => ControlError::NotYours(path.clone()),
        io::ErrorKind::InvalidInput => ControlError::PathTooLong(path.clone()),
        _ => ControlError::Broken(error),
    })
}

fn put(stream: &mut UnixStream, request: &Request) -> Result<(), ControlError> {
    let mut line = serde_json::to_vec(request).map_err(ControlError::Unintelligible)?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

/// Documents of the running process, as they pass.
pub(crate) struct TapConnection {
    reader: BufReader<UnixStream>,
}

/// Has the process that has this `state_dir` show the documents of these sources, or of all; the reply is the first of
/// it where that is something else.
///
/// # Errors
///
/// When there is none, or it does not answer.
pub(crate) fn open_tap(
    state_dir: &Path,
    sources: &[String],
) -> Result<Result<(TapStart, TapConnection), ControlReply>, ControlError> {
    let mut stream = connect(state_dir)?;
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(SOON))?;
    put(&mut stream, &Request::Tap(sources.to_vec()))?;
    let mut reader = BufReader::new(stream);
    match line_of::<ControlReply>(&mut reader)? {
        Some(ControlReply::Tapped(start)) => {
            // Documents come when they come.
            reader.get_ref().set_read_timeout(None)?;
            Ok(Ok((start, TapConnection { reader })))
        }
        Some(other) => Ok(Err(other)),
        None => Err(ControlError::Broken(io::ErrorKind::UnexpectedEof.into())),
    }
}

impl TapConnection {
    /// What comes next; `None` when the process has ended.
    ///
    /// # Errors
    ///
    /// When the conversation breaks off, or cannot be understood.
    pub(crate) fn next(&mut self) -> Result<Option<TapMessage>, ControlError> {
        line_of(&mut self.reader)
    }

    /// The conversation itself, for who may end it.
    ///
    /// # Errors
    ///
    /// When the process has no file descriptor left.
    pub(crate) fn stream(&self) -> io::Result<UnixStream> {
        self.reader.get_ref().try_clone()
    }
}

/// A line of JSON; `None` at the end.
fn line_of<T: serde::de::DeserializeOwned>(reader: &mut BufReader<UnixStream>) -> Result<Option<T>, ControlError> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MAX_REPLY_BYTES).read_until(b'\n', &mut line);
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    if line.last() != Some(&b'\n') && (line.len() as u64) < MAX_REPLY_BYTES {
        // It ended in the middle of a line, or at its beginning.
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(ControlError::Unintelligible)
}
