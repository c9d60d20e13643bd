//! The program while it runs.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::{NamedTempFile, TempPath};

use super::wait::{PATIENCE, wait_for};

/// A program that runs until it ends, is told to, or its test is over. A test that fails shows what it has said.
pub(crate) struct Daemon {
    process: Child,
    log: TempPath,
    output: TempPath,
}

impl Daemon {
    pub(crate) fn start(mut command: Command) -> Self {
        let [log, output] = [(); 2].map(|()| NamedTempFile::new().unwrap());
        let other = |file: &NamedTempFile| -> File { file.as_file().try_clone().unwrap() };
        let process = command.stdin(Stdio::null()).stdout(other(&output)).stderr(other(&log)).spawn().unwrap();
        Self { process, log: log.into_temp_path(), output: output.into_temp_path() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has said so far, in whole lines.
    pub(crate) fn log(&self) -> String {
        whole_lines(&self.log)
    }

    /// What it has written to standard output so far, in whole lines.
    pub(crate) fn output(&self) -> String {
        whole_lines(&self.output)
    }

    /// Waits until it has said this.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) {
        wait_for(text, || self.log().contains(text));
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        end_of(&mut self.process)
    }

    /// Tells it to end, which has to go well.
    #[track_caller]
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        assert_eq!(self.end().code(), Some(0));
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.process.kill());
        drop(self.process.wait());
        if thread::panicking() {
            let said = fs::read(&self.log).unwrap_or_default();
            println!("process {} has said:\n{}", self.id(), String::from_utf8_lossy(&said));
        }
    }
}

/// What is in a file that is being written; of a line that is not all there yet, nothing.
fn whole_lines(file: &Path) -> String {
    let mut bytes = fs::read(file).unwrap();
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    bytes.truncate(end);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for the end of a program; one that does not end is killed.
#[track_caller]
pub(crate) fn end_of(process: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > 2 * PATIENCE {
            process.kill().unwrap();
            panic!("process {} does not end", process.id());
        }
        thread::sleep(Duration::from_millis(2));
    }
}
