//! The program at work, whose mapping is changed and which is told so.

use std::{fs, ops::Deref};

use exotrace::mapper::built_in;
use serde_json::Value;

use super::{daemon::Daemon, exotrace::Ended, folder::Folder, paths::text, wait::wait_for};

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
pub(crate) struct MappingDaemon {
    daemon: Daemon,
    folder: Folder,
    /// What it said before it was killed.
    before: String,
}

impl Deref for MappingDaemon {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl MappingDaemon {
    /// Starts it with mapping 2.2 at `mapping.path`, and more settings of the mapping.
    pub(crate) fn start(mapping: &str) -> Self {
        Self::start_with(&format!("path = \"mapping.wasm\"\n{mapping}"), NOWHERE)
    }

    /// Starts it with these settings of the mapping and this source.
    pub(crate) fn start_with(mapping: &str, source: &str) -> Self {
        Self::prepared(mapping, source, |_| {})
    }

    /// Starts it with these settings of the mapping and this source, and with what `prepare` puts into its folder.
    pub(crate) fn prepared(mapping: &str, source: &str, prepare: impl FnOnce(&Folder)) -> Self {
        let folder = Folder::with_settings(&settings(mapping, source));
        folder.write("mapping.wasm", built_in("2.2").unwrap().bytes);
        prepare(&folder);
        let running = Self { daemon: folder.exotrace(&["run"]).start(), folder, before: String::new() };
        running.wait_until_it_answers();
        running
    }

    /// Changes the settings of the mapping; the program is not told.
    pub(crate) fn change_mapping(&self, mapping: &str) {
        self.write_settings(&settings(mapping, NOWHERE));
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) {
        self.daemon.kill();
        self.before += &self.daemon.log();
    }

    /// Starts it again after it was killed.
    pub(crate) fn start_again(&mut self) {
        self.daemon = self.exotrace(&["run"]).start();
        self.wait_until_it_answers();
    }

    pub(crate) fn crash_and_start_again(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Lets it read its settings again.
    #[track_caller]
    pub(crate) fn hang_up(&self) {
        let reloads = || self.log().matches("settings reloaded").count();
        let before = reloads();
        self.daemon.signal("HUP");
        wait_for("settings to be reloaded", || reloads() > before);
        self.wait_until_it_answers();
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.daemon.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        self.daemon.signal(name);
    }

    /// What it has said since it was started first.
    pub(crate) fn log(&self) -> String {
        format!("{}{}", self.before, self.daemon.log())
    }

    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) {
        wait_for(text, || self.log().contains(text));
    }

    /// How a command about the mapping ends.
    pub(crate) fn mapping_command(&self, arguments: &[&str]) -> Ended {
        let state = self.path("state");
        let arguments = [&["mapping"], arguments, &["--state-dir", text(&state)]].concat();
        self.bare(&arguments).run()
    }

    /// What such a command says, and whether it succeeded.
    pub(crate) fn tell(&self, arguments: &[&str]) -> (String, bool) {
        let ended = self.mapping_command(arguments);
        (ended.all(), ended.status.success())
    }

    /// What such a command says, which has to succeed.
    #[track_caller]
    pub(crate) fn tell_well(&self, arguments: &[&str]) -> String {
        self.mapping_command(arguments).with(0).all()
    }

    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        self.mapping_command(&["status", "--json"]).json()
    }

    /// Which mapping it says it uses.
    #[track_caller]
    pub(crate) fn mapping(&self) -> String {
        self.status()["mapping"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        wait_for(what, || condition(self));
    }

    #[track_caller]
    fn wait_until_it_answers(&self) {
        wait_for("an answer", || self.path("state/control.sock").exists() && self.tell(&["status"]).1);
    }

    /// Puts another component where the mapping is, as a careful person does.
    pub(crate) fn put(&self, bytes: &[u8]) {
        let new = self.write("new.wasm", bytes);
        fs::rename(new, self.path("mapping.wasm")).unwrap();
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
