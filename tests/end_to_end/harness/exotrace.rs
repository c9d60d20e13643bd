//! The program as people run it: the one place that starts it.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
};

use serde_json::Value;

use super::{
    daemon::{self, Daemon},
    documents::documents,
    paths::project,
};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_exotrace");

/// Variables that a developer may have set, and that would change what the program does.
const FOREIGN: [&str; 10] = [
    "EXOTRACE_CONFIG",
    "EXOTRACE_LOG",
    "NO_COLOR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

/// A command of the program, which can be run to its end or started as a daemon.
pub(crate) struct Exotrace {
    arguments: Vec<OsString>,
    folder: PathBuf,
    environment: Vec<(String, OsString)>,
    script: Option<String>,
    input: String,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program with these arguments and this standard input, in the project's folder.
pub(crate) fn exotrace(arguments: &[&str], input: &str) -> Ended {
    Exotrace::new(&project(), arguments).input(input).run()
}

impl Exotrace {
    /// The program with these arguments, in this folder and with nothing on standard input.
    pub(crate) fn new(folder: &Path, arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(OsString::from).collect(),
            folder: folder.to_owned(),
            environment: Vec::new(),
            script: None,
            input: String::new(),
        }
    }

    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn envs(self, environment: &[(&str, &str)]) -> Self {
        environment.iter().fold(self, |it, (name, value)| it.env(name, value))
    }

    pub(crate) fn input(mut self, input: &str) -> Self {
        input.clone_into(&mut self.input);
        self
    }

    /// Has a shell script start it, to which `"$@"` is the program with its arguments.
    pub(crate) fn by_script(mut self, script: &str) -> Self {
        self.script = Some(script.to_owned());
        self
    }

    /// For what a test does itself: its standard streams are still to be said.
    pub(crate) fn command(&self) -> Command {
        let mut command = match &self.script {
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", script, "sh", PROGRAM]);
                shell
            }
            None => Command::new(PROGRAM),
        };
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.args(&self.arguments).current_dir(&self.folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Ended {
        let [mut stdout, mut stderr] = [(); 2].map(|()| tempfile::tempfile().unwrap());
        let mut command = self.command();
        command.stdin(if self.input.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let mut process = command.spawn().unwrap();
        // From another thread, since the program may answer before it has read everything.
        let writer = process.stdin.take().map(|mut stdin| {
            let input = self.input.into_bytes();
            thread::spawn(move || drop(stdin.write_all(&input)))
        });
        let status = daemon::end_of(&mut process);
        let command = self.arguments.join(OsStr::new(" ")).to_string_lossy().into_owned();
        let ended = Ended { command, status, stdout: text(&mut stdout), stderr: text(&mut stderr) };
        writer.map(thread::JoinHandle::join).transpose().unwrap();
        ended
    }

    /// Runs it to its end, which has to have this exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Ended {
        self.run().with(code)
    }

    /// Starts it, with its standard input closed.
    pub(crate) fn start(self) -> Daemon {
        Daemon::start(self.command())
    }
}

impl Ended {
    /// The same, which has to have this exit code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// What it said on both streams.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// What it said besides results; an error that is JSON follows as people read it on a terminal.
    pub(crate) fn said(&self) -> String {
        let lines = self.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let Some(failed) = lines.map(|line| line["fields"].clone()).rfind(|it| it["message"] == "failed") else {
            return self.stderr.clone();
        };
        let text = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
        format!("{}error: {}\nhint: {}\n", self.stderr, text("error"), text("hint"))
    }

    /// The result, which is JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The results, a line of JSON each.
    #[track_caller]
    pub(crate) fn documents(&self) -> Vec<Value> {
        documents(&self.stdout)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, status, stdout, stderr } = self;
        write!(formatter, "`exotrace {command}`: {status}\n{stdout}\n{stderr}")
    }
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
