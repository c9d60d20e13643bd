//! The program at work, which can be talked to.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use exotrace::mapper::built_in;
use serde_json::Value;

use crate::harness::exotrace;

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// A source that cannot be reached: the program waits.
pub(crate) const NOWHERE: &str = r#"
    [[source]]
    type = "graph"
    tenant_id = "contoso.com"
    client_id = "11111111-2222-3333-4444-555555555555"
    client_secret = "simulated-secret"
    login_url = "http://127.0.0.1:9"
    url = "http://127.0.0.1:9"
"#;

/// The program, and the folder with all that it has.
pub(crate) struct Running {
    folder: tempfile::TempDir,
    program: Child,
}

impl Running {
    /// Starts it with mapping 2.2 at `mapping.path`, and more settings of the mapping.
    pub(crate) fn start(mapping: &str) -> Self {
        Self::start_with(&format!("path = \"mapping.wasm\"\n{mapping}"), NOWHERE)
    }

    /// Starts it with these settings of the mapping and this source.
    pub(crate) fn start_with(mapping: &str, source: &str) -> Self {
        Self::prepared(mapping, source, |_| {})
    }

    /// Starts it with these settings of the mapping and this source, and with what `prepare` puts into its folder.
    pub(crate) fn prepared(mapping: &str, source: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mapping.wasm"), built_in("2.2").unwrap().bytes).unwrap();
        fs::write(folder.path().join("exotrace.toml"), settings(mapping, source)).unwrap();
        prepare(folder.path());
        let program = spawn(folder.path());
        let running = Self { folder, program };
        running.wait_until_it_answers();
        running
    }

    /// Changes the settings of the mapping; the program is not told.
    pub(crate) fn change_settings(&self, mapping: &str) {
        fs::write(self.file("exotrace.toml"), settings(mapping, NOWHERE)).unwrap();
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }

    /// Starts it again after it was killed.
    pub(crate) fn start_again(&mut self) {
        self.program = spawn(self.folder.path());
        self.wait_until_it_answers();
    }

    pub(crate) fn crash_and_start_again(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Lets it read its settings again.
    pub(crate) fn hang_up(&self) {
        let reloads = self.log().matches("settings are reloaded").count();
        let pid = self.program.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        self.wait_until("settings are reloaded", |it| it.log().matches("settings are reloaded").count() > reloads);
        self.wait_until_it_answers();
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap()
    }

    /// What a command says, and whether it succeeded.
    pub(crate) fn tell(&self, arguments: &[&str]) -> (String, bool) {
        let state_dir = self.file("state");
        let mut all = vec!["mapping"];
        all.extend(arguments);
        all.extend(["--state-dir", state_dir.to_str().unwrap()]);
        let output = exotrace(&all, "");
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8(said).unwrap(), output.status.success())
    }

    /// What a command says, which has to succeed.
    #[track_caller]
    pub(crate) fn tell_well(&self, arguments: &[&str]) -> String {
        let (said, succeeded) = self.tell(arguments);
        assert!(succeeded, "{arguments:?}: {said}");
        said
    }

    pub(crate) fn status(&self) -> Value {
        let (said, _) = self.tell(&["status", "--json"]);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// Which mapping it says it uses.
    pub(crate) fn mapping(&self) -> String {
        self.status()["mapping"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(self) {
            assert!(Instant::now() < deadline, "in vain: {what}\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_until_it_answers(&self) {
        self.wait_until("it answers", |running| {
            running.file("state/control.sock").exists() && running.tell(&["status"]).1
        });
    }

    /// Puts another component where the mapping is, as a careful person does.
    pub(crate) fn put(&self, bytes: &[u8]) {
        fs::write(self.file("new.wasm"), bytes).unwrap();
        fs::rename(self.file("new.wasm"), self.file("mapping.wasm")).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

fn settings(mapping: &str, source: &str) -> String {
    format!(
        r#"
        state_dir = "state"
        [mapping]
        watch_interval = "50ms"
        {mapping}
        {source}
        [[output]]
        type = "stdout"
        "#
    )
}

fn spawn(folder: &Path) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
    program.args(["run", "--config"]).arg(folder.join("exotrace.toml"));
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
