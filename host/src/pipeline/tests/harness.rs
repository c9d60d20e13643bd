//! A simulated tenant on loopback, and an output that remembers.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use exotrace_simulator::{State, Tenant, TenantConfig, delivered};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    app::settings::Config,
    deployment::{Deployment, RollbackPolicy},
    ledger::{Ledger, LedgerError, SourceStatus},
    mapper::{Component, Limits, Settings, built_in},
    outputs::stdout::StdoutOutput,
    pipeline::{
        GRACE, Mode, Pipeline, PipelineSource, Questions, Replays, RunError, Source, SourceIdentity, SourceRun,
        Summary, Taps,
        dead_letter::DeadLetterFile,
        run,
        run_context::{RunContext, RunParts},
    },
    sources::microsoft::{ServiceCollector, ServiceConfig, service_name},
    support::{clock::Clock, retry::Backoff},
};

/// What an output has got, and after how many batches it refuses more.
#[derive(Clone, Default)]
pub(super) struct TestSink {
    bytes: Arc<Mutex<Vec<u8>>>,
    pub(super) writes_left: Option<Arc<Mutex<usize>>>,
}

impl Write for TestSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(left) = &self.writes_left {
            let mut left = left.lock().unwrap();
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("full"))?;
        }
        self.bytes.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TestSink {
    pub(super) fn documents(&self) -> Vec<Value> {
        let bytes = self.bytes.lock().unwrap();
        str::from_utf8(&bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) fn delivered(&self) -> Vec<State> {
        delivered(&self.documents())
    }
}

/// A tenant, what collects from it, and where that goes.
pub(super) struct TestSetup {
    pub(super) tenant: Arc<Tenant>,
    pub(super) config: ServiceConfig,
    pub(super) sink: TestSink,
    pub(super) folder: tempfile::TempDir,
    pub(super) clock: Clock,
}

impl TestSetup {
    pub(super) async fn new(rows: usize) -> Self {
        Self::with(TenantConfig { rows, ..TenantConfig::default() }, "graph").await
    }

    pub(super) async fn misbehaving(rows: usize, faults: &[&str]) -> Self {
        let mut tenant = TenantConfig { rows, ..TenantConfig::default() };
        for fault in faults {
            tenant.faults.add(fault).unwrap();
        }
        Self::with(tenant, "graph").await
    }

    pub(super) async fn with(tenant: TenantConfig, kind: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = service_config(kind, &url, &tenant, "request_budget = 1000000");
        let tenant = Arc::new(Tenant::new(tenant));
        tokio::spawn(exotrace_simulator::serve(listener, Arc::clone(&tenant), std::future::pending()));
        Self { tenant, config, sink: TestSink::default(), folder: tempfile::tempdir().unwrap(), clock: Clock::system() }
    }

    pub(super) fn pipeline(&self) -> Pipeline {
        Pipeline {
            sources: vec![self.source()],
            outputs: vec![("stdout".to_owned(), Box::new(StdoutOutput::to(Box::new(self.sink.clone()))))],
            dead_letter: DeadLetterFile::new(self.folder.path().join("dead-letter.ndjson")),
            archive: None,
            ledger: Ledger::open(self.folder.path()).unwrap().with_clock(self.clock.clone()),
            backoff: Backoff { shortest: Duration::from_millis(1), longest: Duration::from_millis(2), attempts: 30 },
            replays: Replays::channel().1,
            questions: Questions::channel().1,
            taps: Taps::default(),
            grace: GRACE,
            health: Arc::default(),
        }
    }

    pub(super) fn source(&self) -> PipelineSource {
        pipeline_source(&self.config)
    }

    /// The source alone, ready to be asked.
    pub(super) async fn begun(&self) -> (SourceRun, Box<dyn Source>) {
        let PipelineSource { identity, mut source, .. } = self.source();
        let Pipeline { ledger, outputs, dead_letter, archive, backoff, health, .. } = self.pipeline();
        let parts = RunParts { ledger, outputs, dead_letter, archive, mode: Mode::Once, backoff, health };
        let run = RunContext::new(parts, watch::channel(false).1).unwrap();
        let context = SourceRun::new(run, &identity.name, &identity.label);
        source.begin(&context).await.unwrap();
        (context, source)
    }

    /// Waits until no run has the ledger: one that was stopped may still be about to close it.
    pub(super) async fn wait_for_ledger(&self) {
        let is_in_use = || matches!(Ledger::open(self.folder.path()), Err(LedgerError::InUse { .. }));
        wait_for("the ledger", || !is_in_use()).await;
    }

    pub(super) async fn run_once(&self) -> Result<Summary, RunError> {
        run(self.pipeline(), Mode::Once, std::future::pending()).await
    }

    /// Runs again and again while the tenant's time goes on, until nothing about its mail changes any more.
    pub(super) async fn collect_all(&self) -> Summary {
        let mut summary = Summary::default();
        for _ in 0..4 {
            summary += self.run_once().await.unwrap();
            self.tenant.advance(Duration::from_secs(20 * 60));
        }
        summary + self.run_once().await.unwrap()
    }

    pub(super) fn status(&self) -> SourceStatus {
        let ledger = Ledger::open_to_read(self.folder.path()).unwrap().unwrap();
        ledger.status(&service_name(&self.config)).unwrap().unwrap()
    }

    /// Every row as it is now was delivered, nothing that was never so, and nothing twice.
    #[track_caller]
    pub(super) fn assert_all_delivered(&self) {
        self.tenant.check_delivery(&self.sink.documents()).unwrap();
    }
}

/// Waits until something is so, which has to happen.
pub(super) async fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let is_so = async {
        while !is_so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(timeout(Duration::from_secs(120), is_so).await.is_ok(), "waited in vain for {what}");
}

/// Collects as these settings say, with a mapping that is compiled once for all tests.
pub(super) fn pipeline_source(config: &ServiceConfig) -> PipelineSource {
    static COMPONENT: LazyLock<Component> = LazyLock::new(|| Component::new(built_in("2.2").unwrap().bytes).unwrap());
    let starts = vec![(COMPONENT.clone(), Settings::default())];
    let deployment = Deployment::new(starts, Limits::default(), RollbackPolicy::default(), &Arc::default()).unwrap();
    let mapper = deployment.mapper(0);
    let identity = Arc::new(SourceIdentity { name: service_name(config), label: "simulated".to_owned(), mapper });
    let source = Box::new(ServiceCollector::new(config, Arc::clone(&identity)).unwrap());
    PipelineSource { identity, source, settings: Arc::new(config.clone()) }
}

/// A source at this address, and lines besides.
pub(super) fn service_config(kind: &str, url: &str, tenant: &TenantConfig, lines: &str) -> ServiceConfig {
    let TenantConfig { tenant_id, client_id, client_secret, .. } = tenant;
    let settings = format!(
        r#"
        state_dir = "state"
        [[source]]
        type = "{kind}"
        tenant_id = "{tenant_id}"
        client_id = "{client_id}"
        client_secret = "{client_secret}"
        login_url = "{url}"
        url = "{url}"
        initial_interval = "2h"
        batch_size = 7
        request_timeout = "10s"
        {lines}
        [[output]]
        type = "stdout"
        "#
    );
    let config = Config::parse(&settings, Path::new("exotrace.toml"), &|_| None).unwrap();

    config.sources[0].of_kind::<ServiceConfig>().expect("a service").clone()
}
