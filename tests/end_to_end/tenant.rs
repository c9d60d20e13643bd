//! A simulated tenant on loopback, and the program that collects from it.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use exotrace_simulator::{Tenant, TenantConfig, serve};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::harness::project;

/// A tenant that is served until it is dropped, and a folder for settings.
pub(crate) struct Served {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) config: TenantConfig,
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) runtime: Runtime,
}

/// A file of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    project().join("fixtures").join(name).canonicalize().unwrap()
}

impl Served {
    pub(crate) fn new(config: TenantConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tenant = Arc::new(Tenant::new(config.clone()));
        runtime.spawn(serve(listener, Arc::clone(&tenant), std::future::pending()));
        Self { tenant, config, url, folder: tempfile::tempdir().unwrap(), runtime }
    }

    /// A tenant that misbehaves in these ways.
    pub(crate) fn misbehaving(faults: &[&str]) -> Self {
        let mut config = TenantConfig { rows: 20, ..TenantConfig::default() };
        for fault in faults {
            config.faults.add(fault).unwrap();
        }
        Self::new(config)
    }

    /// The lines with which the app registration signs in by its secret.
    pub(crate) fn by_secret(&self) -> String {
        let TenantConfig { client_id, client_secret, .. } = &self.config;
        format!("client_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\n")
    }

    /// The beginning of settings: this tenant as the one source, which may be given more lines.
    pub(crate) fn source(&self) -> String {
        let (url, tenant_id, secret) = (&self.url, &self.config.tenant_id, self.by_secret());
        format!(
            "state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\n{secret}\
             login_url = \"{url}\"\nurl = \"{url}\"\ninitial_interval = \"2h\"\nrequest_budget = 1000000\n"
        )
    }

    /// Writes settings with these lines for the source, besides those about where it is.
    pub(crate) fn settings(&self, source: &str) -> PathBuf {
        let tenant_id = &self.config.tenant_id;
        let mut settings =
            format!("state_dir = \"state\"\n[[source]]\ntype = \"graph\"\ntenant_id = \"{tenant_id}\"\n");
        for (key, value) in [("login_url", &*self.url), ("url", &*self.url), ("initial_interval", "2h")] {
            if !source.lines().any(|line| line.starts_with(&format!("{key} ="))) {
                settings += &format!("{key} = \"{value}\"\n");
            }
        }
        settings += &format!("{source}\n[[output]]\ntype = \"stdout\"\n");
        let path = self.folder.path().join("exotrace.toml");
        fs::write(&path, settings).unwrap();
        // There are secrets in it.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Runs a command of the program with these settings.
    pub(crate) fn exotrace(&self, command: &[&str], settings: &Path, environment: &[(&str, &str)]) -> Output {
        self.start(command, settings, environment).wait_with_output().unwrap()
    }

    /// Starts a command of the program with these settings.
    pub(crate) fn start(&self, command: &[&str], settings: &Path, environment: &[(&str, &str)]) -> Child {
        let mut program = Command::new(env!("CARGO_BIN_EXE_exotrace"));
        program.args(command).arg("--config").arg(settings).current_dir(self.folder.path());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            program.env_remove(name);
        }
        program.envs(environment.iter().copied());
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        program.spawn().unwrap()
    }

    /// Collects once, and sees that every row came.
    #[track_caller]
    pub(crate) fn collect(&self, source: &str, environment: &[(&str, &str)]) -> String {
        let output = self.exotrace(&["run", "--once"], &self.settings(source), environment);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        self.assert_all_in(&output.stdout);
        said
    }

    /// Every row is among the documents, and nothing twice.
    #[track_caller]
    pub(crate) fn assert_all_in(&self, documents: &[u8]) {
        let delivered: Vec<(String, String)> = str::from_utf8(documents)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["microsoft"]["online_message_trace"].clone())
            .map(|record| (text(&record["MessageTraceId"]), text(&record["RecipientAddress"])))
            .collect();
        let unique: BTreeSet<_> = delivered.iter().cloned().collect();
        assert_eq!(delivered.len(), unique.len(), "nothing twice");
        let rows: BTreeSet<_> = self.tenant.rows().iter().map(|row| (row.id.clone(), row.recipient.clone())).collect();
        assert_eq!(unique, rows);
    }

    /// Runs a command that fails; what it says.
    #[track_caller]
    pub(crate) fn fail(&self, command: &[&str], source: &str, code: i32, environment: &[(&str, &str)]) -> String {
        let output = self.exotrace(command, &self.settings(source), environment);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}{}", String::from_utf8_lossy(&output.stdout));
        crate::harness::said(said)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
