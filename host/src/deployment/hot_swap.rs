//! Replaces the mapping of a running process, when somebody asks for it and when a watched file changes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, task::spawn_blocking, time::sleep};
use tracing::warn;

use super::{
    Deployment,
    candidate::{Candidate, ProbeReport},
    change::Unchanged,
    component_store::ComponentStore,
    refusal::{Allowed, Refusal},
    trial::TrialMode,
};
use crate::{
    mapper::{ComponentError, ComponentFile, Loader, MappingPlace, digest, is_built_in},
    support::{counted::counted, error_text::explain, file_watch::StableFile, signature},
};

/// Who acts when a watched file has changed.
const WATCHER: &str = "watcher";

/// Who acts when the settings want a mapping tried.
const SETTINGS: &str = "settings";

/// How often a new mapping is looked after when no file is watched.
const CARE: Duration = Duration::from_secs(60);

/// Which mapping somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingRef {
    /// A version that is built in, or in the folder of mappings.
    Version(String),
    /// A component file.
    Path(PathBuf),
}

/// What a mapping is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapPurpose {
    /// To take the place of the current one.
    Replace,
    /// To be tried beside it, on this percentage.
    Try(TrialMode, u8),
}

impl SwapPurpose {
    /// What may be wrong with a candidate: one that is only compared stores nothing, so its ids and
    /// its schema are its own affair.
    fn allows(self, allowed: Allowed) -> Allowed {
        match self {
            Self::Try(TrialMode::Shadow, _) => Allowed { new_ids: true, new_schema: true, ..allowed },
            Self::Try(TrialMode::Canary, _) | Self::Replace => allowed,
        }
    }
}

/// Why a mapping did not become what it was wanted for.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// It cannot be told which mapping that version is.
    #[error(transparent)]
    Version(ComponentError),
    /// The file cannot be read.
    #[error("nothing was changed")]
    Unreadable(#[source] ComponentError),
    /// It is not a candidate.
    #[error("refused; the current mapping stays")]
    Refused(#[source] Refusal),
    /// It is a candidate, and nothing was changed all the same.
    #[error("nothing was changed")]
    Unchanged(#[source] Unchanged),
    /// The thread that prepares ended.
    #[error("could not wait for the candidate to be prepared")]
    Worker(#[source] tokio::task::JoinError),
}

/// Replaces the mapping of a running process.
pub struct HotSwap {
    deployment: Arc<Deployment>,
    loader: Loader,
    store: ComponentStore,
    /// One candidate is prepared at a time: compiling takes a processor for seconds.
    preparing: Mutex<()>,
}

/// A component file that is looked at from time to time.
pub struct WatchedComponent {
    path: PathBuf,
    purpose: SwapPurpose,
    stable_file: StableFile,
    digest: Option<String>,
    problem: Option<String>,
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl WatchedComponent {
    /// The file of the mapping in use, whose digest is known; or that of a candidate, which is not.
    pub fn new(path: PathBuf, purpose: SwapPurpose, digest: Option<String>) -> Self {
        Self { path, purpose, stable_file: StableFile::default(), digest, problem: None }
    }
}

impl HotSwap {
    /// Replaces what maps there by files with the signatures that `loader` wants, and keeps copies of them.
    pub fn new(deployment: Arc<Deployment>, loader: Loader, store: ComponentStore) -> Self {
        Self { deployment, loader, store, preparing: Mutex::new(()) }
    }

    /// What it replaces.
    pub fn deployment(&self) -> &Arc<Deployment> {
        &self.deployment
    }

    pub(super) fn loader(&self) -> &Loader {
        &self.loader
    }

    pub(super) fn store(&self) -> &ComponentStore {
        &self.store
    }

    /// Prepares a mapping and puts it in place, or on trial; says what was done.
    ///
    /// # Errors
    ///
    /// When it is refused or cannot be loaded. The current mapping stays.
    pub async fn put(
        &self,
        wanted: &MappingRef,
        purpose: SwapPurpose,
        allowed: Allowed,
        by: &str,
    ) -> Result<String, SwapError> {
        let (component, what) = self.fetch(wanted, by).await?;
        self.put_file(component, what, (purpose, allowed), by).await
    }

    /// Prepares what the settings want tried and puts it on trial, unless that went wrong before.
    ///
    /// # Errors
    ///
    /// As [`HotSwap::put`].
    pub async fn put_from_settings(&self, wanted: &MappingRef, purpose: SwapPurpose) -> Result<(), SwapError> {
        let (component, what) = self.fetch(wanted, SETTINGS).await?;
        if let Some(reason) = self.deployment.refused(&digest(&component.bytes)) {
            warn!(mapping = what, reason, "candidate of the settings was withdrawn before and is not tried again");
            return Ok(());
        }
        self.put_file(component, what, (purpose, Allowed::default()), SETTINGS).await.map(drop)
    }

    async fn fetch(&self, wanted: &MappingRef, by: &str) -> Result<(ComponentFile, String), SwapError> {
        let place = match wanted {
            MappingRef::Version(version) => self.find(version.clone()).await?,
            MappingRef::Path(path) => MappingPlace::File(path.clone()),
        };
        match place {
            MappingPlace::BuiltIn(built_in) => {
                Ok((ComponentFile { bytes: built_in.bytes.to_vec(), signature: None }, built_in.version.to_owned()))
            }
            MappingPlace::File(path) => {
                let component = read(path.clone()).await?;
                self.check_signature(&path, &component, by).map_err(SwapError::Refused)?;
                Ok((component, name_of(&path)))
            }
        }
    }

    pub(super) async fn put_file(
        &self,
        component: ComponentFile,
        what: String,
        (purpose, allowed): (SwapPurpose, Allowed),
        by: &str,
    ) -> Result<String, SwapError> {
        let one_at_a_time = self.preparing.lock().await;
        let candidate = match self.prepare(component, what, purpose.allows(allowed), by).await {
            Err(SwapError::Refused(Refusal::Current)) if purpose == SwapPurpose::Replace => {
                return Ok(format!("mapping {} maps already", self.deployment.status().mapping));
            }
            candidate => candidate?,
        };
        let mut done = describe(&candidate, purpose);
        if let Some(other) = self.deployment.status().trial {
            done += &format!("; the trial of {} ended", other.mapping);
        }
        let (deployment, who) = (Arc::clone(&self.deployment), by.to_owned());
        let put = spawn_blocking(move || match purpose {
            SwapPurpose::Replace => deployment.replace(candidate, &who),
            SwapPurpose::Try(mode, percent) => deployment.try_out(candidate, mode, percent, &who),
        });
        put.await.map_err(SwapError::Worker)?.map_err(SwapError::Unchanged)?;
        drop(one_at_a_time);
        Ok(done)
    }

    async fn find(&self, version: String) -> Result<MappingPlace, SwapError> {
        let loader = self.loader.clone();
        let found = spawn_blocking(move || loader.find(&version)).await.map_err(SwapError::Worker)?;
        found.map_err(SwapError::Version)
    }

    /// A file that is not signed may be signed later, so it is looked at again then.
    fn check_signature(&self, path: &Path, component: &ComponentFile, by: &str) -> Result<(), Refusal> {
        let checked = self.loader.check_file(path, component).map_err(Refusal::from);
        checked.inspect_err(|refusal| self.deployment.refuse(&digest(&component.bytes), &name_of(path), refusal, by))
    }

    /// Makes a candidate of a component, and keeps a copy of it.
    async fn prepare(
        &self,
        component: ComponentFile,
        what: String,
        allowed: Allowed,
        by: &str,
    ) -> Result<Candidate, SwapError> {
        let (deployment, store, who) = (Arc::clone(&self.deployment), self.store.clone(), by.to_owned());
        let prepared = spawn_blocking(move || {
            let candidate = deployment.prepare_allowing(&component.bytes, allowed);
            match &candidate {
                Ok(_) => keep_copy(&deployment, &store, &component),
                Err(refusal) => deployment.refuse(&digest(&component.bytes), &what, refusal, &who),
            }
            candidate
        });
        prepared.await.map_err(SwapError::Worker)?.map_err(SwapError::Refused)
    }

    /// Looks at component files for ever, and after new mappings; an interval of nothing looks at no file.
    pub async fn watch(&self, mut watched: Vec<WatchedComponent>, interval: Duration) {
        if interval.is_zero() {
            // What is to be tried from the start is tried once.
            for file in watched.iter_mut().filter(|file| file.digest.is_none()) {
                self.take(file).await;
            }
            watched.clear();
        }
        loop {
            if !self.settle().await {
                for file in &mut watched {
                    self.look(file).await;
                }
            }
            sleep(if watched.is_empty() { CARE } else { interval }).await;
        }
    }

    /// Looks after a new mapping; says whether the one in use is pinned.
    async fn settle(&self) -> bool {
        let deployment = Arc::clone(&self.deployment);
        let settled = spawn_blocking(move || {
            deployment.settle();
            deployment.is_pinned()
        });
        // It cannot but end well, and the next look is soon.
        settled.await.unwrap_or(true)
    }

    async fn look(&self, file: &mut WatchedComponent) {
        if file.stable_file.is_due(&[&file.path, &signature::path_of(&file.path)]) {
            self.take(file).await;
        }
    }

    async fn take(&self, file: &mut WatchedComponent) {
        let component = match read(file.path.clone()).await {
            Ok(component) => component,
            Err(error) => {
                // It may be there again the next time.
                file.stable_file.look_again();
                let problem = explain(&error);
                if file.problem.as_ref() != Some(&problem) {
                    warn!(problem, "could not look at a mapping");
                    file.problem = Some(problem);
                }
                return;
            }
        };
        file.problem = None;
        let found = digest(&component.bytes);
        if file.digest.as_ref() == Some(&found) {
            return;
        }
        if self.check_signature(&file.path, &component, WATCHER).is_err() {
            return;
        }
        file.digest = Some(found.clone());
        if let Some(reason) = self.deployment.refused(&found) {
            self.deployment.note_refused_before(&name_of(&file.path), &found, WATCHER, &reason);
            return;
        }
        match self.take_file(file, component).await {
            // Somebody has put in place by hand before what is now in the file.
            Err(SwapError::Refused(Refusal::Current)) if file.purpose == SwapPurpose::Replace => {
                self.deployment.note_current_is_named(&found);
            }
            Err(SwapError::Refused(refusal)) if refusal.is_of_machine() => {
                file.digest = None;
                file.stable_file.look_again();
            }
            Ok(()) | Err(SwapError::Refused(_)) => {}
            Err(SwapError::Unchanged(Unchanged::Pinned)) => {
                // Somebody has pinned the mapping meanwhile, and will unpin it.
                file.digest = None;
                file.stable_file.look_again();
            }
            Err(error) => warn!(error = explain(&error), "mapping was not replaced"),
        }
    }

    async fn take_file(&self, file: &WatchedComponent, component: ComponentFile) -> Result<(), SwapError> {
        let one_at_a_time = self.preparing.lock().await;
        let candidate =
            self.prepare(component, name_of(&file.path), file.purpose.allows(Allowed::default()), WATCHER).await?;
        let (deployment, purpose) = (Arc::clone(&self.deployment), file.purpose);
        let put = spawn_blocking(move || match purpose {
            SwapPurpose::Replace => deployment.follow(candidate, WATCHER),
            SwapPurpose::Try(mode, percent) => deployment.try_out(candidate, mode, percent, WATCHER),
        });
        let put = put.await.map_err(SwapError::Worker)?;
        drop(one_at_a_time);
        put.map_err(SwapError::Unchanged)
    }
}

/// Keeps a copy of a component that is not built in, so that it can be loaded again after a restart.
pub fn keep_copy(deployment: &Deployment, store: &ComponentStore, component: &ComponentFile) {
    if is_built_in(&component.bytes) {
        return;
    }
    if let Err(error) = store.keep(component, &deployment.needed_digests()) {
        warn!(%error, "could not keep a copy of the mapping; it is not found after a restart");
    }
}

async fn read(path: PathBuf) -> Result<ComponentFile, SwapError> {
    let read = spawn_blocking(move || ComponentFile::read(&path)).await.map_err(SwapError::Worker)?;
    read.map_err(SwapError::Unreadable)
}

fn describe(candidate: &Candidate, purpose: SwapPurpose) -> String {
    let (mapping, report) = (candidate.mapping(), candidate.report());
    let short: String = candidate.digest().chars().take(12).collect();
    let ProbeReport { checks, recent, different, different_ids } = report;
    let checked = match recent {
        0 => format!("checked with {} of its own, and no recent ones yet", counted(checks as u64, "record", "records")),
        _ => format!(
            "checked with {} of its own and {recent} recent ones; of these {different} come out differently, \
             {different_ids} with another `_id`",
            counted(checks as u64, "record", "records")
        ),
    };
    let checked = match &candidate.schema_change {
        Some(change) => format!("{checked}; schema {change}"),
        None => checked,
    };
    match purpose {
        SwapPurpose::Replace => format!("mapping {mapping} ({short}) maps from now on; {checked}"),
        SwapPurpose::Try(TrialMode::Shadow, percent) => {
            format!("mapping {mapping} ({short}) is compared on {percent} % of the records; {checked}")
        }
        SwapPurpose::Try(TrialMode::Canary, percent) => {
            format!("mapping {mapping} ({short}) maps {percent} % of the deliveries; {checked}")
        }
    }
}
