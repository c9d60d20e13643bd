//! Replaces the mapping of a running process, when somebody asks for it and when a watched file changes, and geo
//! databases when their files change.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, task::spawn_blocking, time::sleep};
use tracing::warn;

use crate::{
    deployment::signature,
    geo::Geo,
    mapper::{
        Allowed, Candidate, ComponentError, KeptCopies, Live, Loader, Original, Place, Proof, Refusal, TrialMode,
        Unchanged, digest, is_built_in,
    },
    support::{counted::counted, error_text::explain, file_watch::StableFile},
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
pub enum Wanted {
    /// A version that is built in, or in the folder of mappings.
    Version(String),
    /// A component file.
    Path(PathBuf),
}

/// What a mapping is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To take the place of the current one.
    Replace,
    /// To be tried beside it, with so many percent.
    Try(TrialMode, u8),
}

impl Purpose {
    /// What may be wrong with a candidate: one that is only compared stores nothing, so its ids are its own affair.
    fn allows(self, allowed: Allowed) -> Allowed {
        match self {
            Self::Try(TrialMode::Shadow, _) => Allowed { new_ids: true, ..allowed },
            Self::Try(TrialMode::Canary, _) | Self::Replace => allowed,
        }
    }
}

/// Why a mapping did not become what it was wanted for.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// It cannot be told which mapping that version is.
    #[error(transparent)]
    Version(ComponentError),
    /// The file cannot be read.
    #[error("nothing was changed")]
    Unreadable(#[source] ComponentError),
    /// It is no candidate.
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
pub struct Replacement {
    live: Arc<Live>,
    loader: Loader,
    copies: KeptCopies,
    /// One candidate is prepared at a time: compiling takes a processor for seconds.
    preparing: Mutex<()>,
}

/// A component file that is looked at from time to time.
pub struct Watched {
    path: PathBuf,
    purpose: Purpose,
    stable_file: StableFile,
    digest: Option<String>,
    problem: Option<String>,
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Watched {
    /// The file of the mapping in use, whose digest is known; or that of a candidate, which is not.
    pub fn new(path: PathBuf, purpose: Purpose, digest: Option<String>) -> Self {
        Self { path, purpose, stable_file: StableFile::default(), digest, problem: None }
    }
}

impl Replacement {
    /// Replaces what maps there by files with the signatures that `loader` wants, and keeps copies of them.
    pub fn new(live: Arc<Live>, loader: Loader, copies: KeptCopies) -> Self {
        Self { live, loader, copies, preparing: Mutex::new(()) }
    }

    /// What it replaces.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Prepares a mapping and puts it in place, or on trial; says what was done.
    ///
    /// # Errors
    ///
    /// When it is refused or cannot be had. The current mapping stays.
    pub async fn put(
        &self,
        wanted: &Wanted,
        purpose: Purpose,
        allowed: Allowed,
        by: &str,
    ) -> Result<String, ReplaceError> {
        let (original, what) = self.fetch(wanted, by).await?;
        self.put_original(original, what, (purpose, allowed), by).await
    }

    /// Prepares what the settings want tried and puts it on trial, unless that went wrong before.
    ///
    /// # Errors
    ///
    /// As [`Replacement::put`].
    pub async fn put_from_settings(&self, wanted: &Wanted, purpose: Purpose) -> Result<(), ReplaceError> {
        let (original, what) = self.fetch(wanted, SETTINGS).await?;
        if let Some(reason) = self.live.refused(&digest(&original.bytes)) {
            warn!(mapping = what, reason, "candidate of the settings was given up before and is not tried again");
            return Ok(());
        }
        self.put_original(original, what, (purpose, Allowed::default()), SETTINGS).await.map(drop)
    }

    async fn fetch(&self, wanted: &Wanted, by: &str) -> Result<(Original, String), ReplaceError> {
        let place = match wanted {
            Wanted::Version(version) => self.find(version.clone()).await?,
            Wanted::Path(path) => Place::File(path.clone()),
        };
        match place {
            Place::BuiltIn(built_in) => {
                Ok((Original { bytes: built_in.bytes.to_vec(), signature: None }, built_in.version.to_owned()))
            }
            Place::File(path) => {
                let original = read(path.clone()).await?;
                self.check_signature(&path, &original, by).map_err(ReplaceError::Refused)?;
                Ok((original, name_of(&path)))
            }
        }
    }

    async fn put_original(
        &self,
        original: Original,
        what: String,
        (purpose, allowed): (Purpose, Allowed),
        by: &str,
    ) -> Result<String, ReplaceError> {
        let one_at_a_time = self.preparing.lock().await;
        let candidate = match self.prepare(original, what, purpose.allows(allowed), by).await {
            Err(ReplaceError::Refused(Refusal::Current)) if purpose == Purpose::Replace => {
                return Ok(format!("mapping {} maps already", self.live.status().mapping));
            }
            candidate => candidate?,
        };
        let mut done = describe(&candidate, purpose);
        if let Some(other) = self.live.status().trial {
            done += &format!("; the trial of {} ended", other.mapping);
        }
        let (live, who) = (Arc::clone(&self.live), by.to_owned());
        let put = spawn_blocking(move || match purpose {
            Purpose::Replace => live.replace(candidate, &who),
            Purpose::Try(mode, percent) => live.try_out(candidate, mode, percent, &who),
        });
        put.await.map_err(ReplaceError::Worker)?.map_err(ReplaceError::Unchanged)?;
        drop(one_at_a_time);
        Ok(done)
    }

    async fn find(&self, version: String) -> Result<Place, ReplaceError> {
        let loader = self.loader.clone();
        let found = spawn_blocking(move || loader.find(&version)).await.map_err(ReplaceError::Worker)?;
        found.map_err(ReplaceError::Version)
    }

    /// A file that is not signed may be signed later, so it is looked at again then.
    fn check_signature(&self, path: &Path, original: &Original, by: &str) -> Result<(), Refusal> {
        let checked = self.loader.check_original(path, original).map_err(Refusal::from);
        checked.inspect_err(|refusal| self.live.refuse(&digest(&original.bytes), &name_of(path), refusal, by))
    }

    /// Makes a candidate of a component, and keeps a copy of it.
    async fn prepare(
        &self,
        original: Original,
        what: String,
        allowed: Allowed,
        by: &str,
    ) -> Result<Candidate, ReplaceError> {
        let (live, copies, who) = (Arc::clone(&self.live), self.copies.clone(), by.to_owned());
        let prepared = spawn_blocking(move || {
            let candidate = live.prepare_allowing(&original.bytes, allowed);
            match &candidate {
                Ok(_) => keep_copy(&live, &copies, &original),
                Err(refusal) => live.refuse(&digest(&original.bytes), &what, refusal, &who),
            }
            candidate
        });
        prepared.await.map_err(ReplaceError::Worker)?.map_err(ReplaceError::Refused)
    }

    /// Looks at component files for ever, and after new mappings; an interval of nothing looks at no file.
    pub async fn watch(&self, mut watched: Vec<Watched>, interval: Duration) {
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
        let live = Arc::clone(&self.live);
        let settled = spawn_blocking(move || {
            live.settle();
            live.is_pinned()
        });
        // It cannot but end well, and the next look is soon.
        settled.await.unwrap_or(true)
    }

    async fn look(&self, file: &mut Watched) {
        if file.stable_file.is_due(&[&file.path, &signature::path_of(&file.path)]) {
            self.take(file).await;
        }
    }

    async fn take(&self, file: &mut Watched) {
        let original = match read(file.path.clone()).await {
            Ok(original) => original,
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
        let found = digest(&original.bytes);
        if file.digest.as_ref() == Some(&found) {
            return;
        }
        if self.check_signature(&file.path, &original, WATCHER).is_err() {
            return;
        }
        file.digest = Some(found.clone());
        if let Some(reason) = self.live.refused(&found) {
            self.live.note_refused_before(&name_of(&file.path), &found, WATCHER, &reason);
            return;
        }
        match self.take_original(file, original).await {
            // Somebody has put in place by hand before what is now in the file.
            Err(ReplaceError::Refused(Refusal::Current)) if file.purpose == Purpose::Replace => {
                self.live.note_current_is_named(&found);
            }
            Ok(()) | Err(ReplaceError::Refused(_)) => {}
            Err(ReplaceError::Unchanged(Unchanged::Pinned)) => {
                // Somebody has pinned the mapping meanwhile, and will unpin it.
                file.digest = None;
                file.stable_file.look_again();
            }
            Err(error) => warn!(error = explain(&error), "mapping was not replaced"),
        }
    }

    async fn take_original(&self, file: &Watched, original: Original) -> Result<(), ReplaceError> {
        let one_at_a_time = self.preparing.lock().await;
        let candidate =
            self.prepare(original, name_of(&file.path), file.purpose.allows(Allowed::default()), WATCHER).await?;
        let (live, purpose) = (Arc::clone(&self.live), file.purpose);
        let put = spawn_blocking(move || match purpose {
            Purpose::Replace => live.follow(candidate, WATCHER),
            Purpose::Try(mode, percent) => live.try_out(candidate, mode, percent, WATCHER),
        });
        let put = put.await.map_err(ReplaceError::Worker)?;
        drop(one_at_a_time);
        put.map_err(ReplaceError::Unchanged)
    }
}

/// Looks at the files of geo databases for ever.
pub async fn watch_geo(geo: Arc<Geo>, interval: Duration) {
    loop {
        sleep(interval).await;
        let geo = Arc::clone(&geo);
        if let Err(error) = spawn_blocking(move || geo.look_for_changes()).await {
            warn!(%error, "could not look at geo databases");
        }
    }
}

/// Keeps a copy of a component that is not built in, so that it can be had again after a restart.
pub fn keep_copy(live: &Live, copies: &KeptCopies, original: &Original) {
    if is_built_in(&original.bytes) {
        return;
    }
    if let Err(error) = copies.keep(original, &live.needed_digests()) {
        warn!(%error, "no copy of the mapping can be kept: after a restart it is not found");
    }
}

async fn read(path: PathBuf) -> Result<Original, ReplaceError> {
    let read = spawn_blocking(move || Original::read(&path)).await.map_err(ReplaceError::Worker)?;
    read.map_err(ReplaceError::Unreadable)
}

fn describe(candidate: &Candidate, purpose: Purpose) -> String {
    let (mapping, proof) = (candidate.mapping(), candidate.proof());
    let short: String = candidate.digest().chars().take(12).collect();
    let Proof { checks, recent, different, different_ids } = proof;
    let checked = match recent {
        0 => format!("checked with {} of its own, and no recent ones yet", counted(checks as u64, "record", "records")),
        _ => format!(
            "checked with {} of its own and {recent} recent ones; of these {different} come out differently, \
             {different_ids} with another `_id`",
            counted(checks as u64, "record", "records")
        ),
    };
    match purpose {
        Purpose::Replace => format!("mapping {mapping} ({short}) maps from now on; {checked}"),
        Purpose::Try(TrialMode::Shadow, percent) => {
            format!("mapping {mapping} ({short}) is compared on {percent} % of the records; {checked}")
        }
        Purpose::Try(TrialMode::Canary, percent) => {
            format!("mapping {mapping} ({short}) maps {percent} % of the deliveries; {checked}")
        }
    }
}
