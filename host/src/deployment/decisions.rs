//! What was decided about the mapping, by people and by exotrace itself. It lasts until the settings change.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::noted_decision::NotedDecision;
use crate::{
    mapper::version_with,
    support::{
        atomic_write,
        plain_file::{self, Links},
    },
};

/// The format of the file, and of the history beside it; files without one are of programs before there was one. Fields
/// may be added without a new number: a program that does not know them passes over them.
const FORMAT: u64 = 1;

/// Maximum number of refused mappings that are remembered; the oldest are forgotten.
const MAX_REFUSED: usize = 500;

/// The longest file of decisions, in bytes: some hundred refused mappings with their reasons have a hundredth of it.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// So often the program may end without notice while a mapping is new.
const MAX_UNCLEAN_ENDS: u32 = 3;

/// The longest reason that is remembered, in characters: a component may have had its part in it.
const MAX_REASON: usize = 500;

/// What was decided about the mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decisions {
    /// What the settings said when it was decided.
    #[serde(rename = "said")]
    pub(super) configured: ConfiguredMapping,
    /// What maps in place of that.
    #[serde(rename = "chosen", skip_serializing_if = "Option::is_none")]
    pub(super) mapping_override: Option<Override>,
    /// Whether somebody wants the mapping kept.
    pub(super) is_pinned: bool,
    /// The grace period of what maps, if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grace: Option<Grace>,
    /// What was refused or taken back, the oldest first.
    refused: VecDeque<RefusedDigest>,
    /// The last decision for all processes of a cluster that was taken, or refused.
    #[serde(rename = "cluster", skip_serializing_if = "Option::is_none")]
    pub(super) cluster_decision: Option<NotedDecision>,
    /// The host on which something is refused from now on: with another host or other limits it may be right.
    #[serde(skip)]
    host_fingerprint: String,
}

/// How long a mapping is new, and what mapped before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grace {
    /// What mapped before; none: what the settings say.
    pub before: Option<Override>,
    /// Until then.
    pub until: DateTime<Utc>,
    /// How often the program has started meanwhile, and not ended as it should.
    #[serde(default)]
    unclean_ends: u32,
}

impl Grace {
    pub(super) fn new(before: Option<Override>, until: DateTime<Utc>) -> Self {
        Self { before, until, unclean_ends: 0 }
    }
}

/// What the settings say about which mapping to use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfiguredMapping {
    /// The version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The component file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The SHA-256 of the file, whether named by its path or by a version; none for what is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A mapping that can be loaded again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Override {
    /// A built-in version.
    Version(String),
    /// A component of which a copy is kept, by its SHA-256.
    Copy(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RefusedDigest {
    digest: String,
    reason: String,
    #[serde(default, rename = "under")]
    host_fingerprint: String,
}

/// Why decisions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// The file cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is of a newer program.
    #[error(
        "`{}` has format {found}; exotrace {} knows formats up to {FORMAT}\nhint: install the exotrace that wrote it, or a later one; or move it away to go on with the mapping of the settings",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// The file is something else.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl DecisionsError {
    /// Whether nobody can get anything out of the file: only then may it be moved away.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Whether reading it again may be of use.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }
}

/// Decisions as they stand in the file.
#[derive(Serialize)]
struct DecisionsFile<'d> {
    format: u64,
    #[serde(flatten)]
    decisions: &'d Decisions,
}

/// What decisions are worth now that the settings say something.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumption {
    /// What still counts.
    pub decisions: Decisions,
    /// Why the component file that the settings name is not used, if it is not.
    pub refused: Option<String>,
    /// Whether something no longer applies, since the settings have changed.
    pub is_outdated: bool,
    /// Whether a new mapping was taken back, since the program ended without notice too often.
    pub is_taken_back: bool,
}

impl ConfiguredMapping {
    /// Whether both name the same, regardless of the bytes of the file.
    pub(super) fn names_the_same(&self, other: &Self) -> bool {
        (&self.version, &self.path) == (&other.version, &other.path)
    }
}

impl Override {
    /// The mapping with this digest; sources that have different ones have no single mapping.
    pub(super) fn of(digest: &str) -> Option<Self> {
        match version_with(digest) {
            Some(version) => Some(Self::Version(version.to_owned())),
            None if digest.contains(',') => None,
            None => Some(Self::Copy(digest.to_owned())),
        }
    }
}

/// The file in a `state_dir` that keeps what was decided.
pub(super) fn decisions_file(state_dir: &Path) -> PathBuf {
    state_dir.join("mapping.json")
}

impl Decisions {
    /// Reads what was decided in a `state_dir`; nothing was when there is no file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn of(state_dir: &Path) -> Result<Self, DecisionsError> {
        Self::read(&decisions_file(state_dir))
    }

    /// Reads what was decided; nothing was when there is no file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, DecisionsError> {
        let bytes = match plain_file::bytes(path, Links::Refused, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(DecisionsError::Unreadable { path: path.to_owned(), source }),
        };
        let damaged = |source| DecisionsError::Damaged { path: path.to_owned(), source };
        let value: Value = serde_json::from_slice(&bytes).map_err(damaged)?;
        match value.get("format").and_then(Value::as_u64) {
            Some(found) if found > FORMAT => Err(DecisionsError::Newer { path: path.to_owned(), found }),
            _ => serde_json::from_value(value).map_err(damaged),
        }
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(&DecisionsFile { format: FORMAT, decisions: self })?;
        text.push(b'\n');
        if fs::read(path).is_ok_and(|kept| kept == text) {
            // As at most starts: they need not wait for the disk.
            return Ok(());
        }
        atomic_write::write(path, &text)
    }

    /// What still counts when the settings say this: all, as long as they say what they said before. A pinned mapping
    /// is kept also when its file has other bytes, and a file that was refused is not used, as long as it would run
    /// on the host and with the limits of this fingerprint.
    pub fn resume(mut self, configured: ConfiguredMapping, host_fingerprint: &str) -> Resumption {
        for refused in &mut self.refused {
            // The first programs did not note under what; what they refused stays refused.
            if refused.host_fingerprint.is_empty() {
                host_fingerprint.clone_into(&mut refused.host_fingerprint);
            }
        }
        self.refused.retain(|refused| refused.host_fingerprint == host_fingerprint);
        host_fingerprint.clone_into(&mut self.host_fingerprint);
        let is_taken_back = self.configured == configured && self.take_back_after_unclean_ends();
        if self.configured != configured {
            self.grace = None;
        }
        let used = self.used();
        let refused = configured.digest.as_ref().and_then(|digest| self.reason(digest)).map(str::to_owned);
        let has_decided = self.is_pinned || self.mapping_override.is_some();
        let mut is_outdated = false;
        if self.configured == configured {
            // Everything counts.
        } else if self.is_pinned && self.configured.names_the_same(&configured) {
            self.mapping_override = used;
        } else {
            is_outdated = has_decided;
            // What was decided for a cluster then counts again when the settings are what they were.
            self.cluster_decision = None;
            self.mapping_override = used.filter(|_| refused.is_some());
            self.is_pinned = false;
            self.configured = configured;
        }
        if let Some(Override::Copy(digest)) = &self.mapping_override
            && self.reason(digest).is_some()
        {
            self.mapping_override = None;
        }
        Resumption { decisions: self, refused, is_outdated, is_taken_back }
    }

    /// With these mappings refused as well, for a host and limits.
    #[must_use]
    pub fn refusing(mut self, digests: &[String], reason: &str, host_fingerprint: &str) -> Self {
        host_fingerprint.clone_into(&mut self.host_fingerprint);
        digests.iter().for_each(|digest| self.refuse(digest, reason));
        self
    }

    /// A mapping with which the program does not live long may be what ends it.
    fn take_back_after_unclean_ends(&mut self) -> bool {
        let Some(grace) = self.grace.take_if(|grace| grace.unclean_ends >= MAX_UNCLEAN_ENDS) else { return false };
        let digest = match &self.mapping_override {
            Some(Override::Copy(digest)) => Some(digest.clone()),
            Some(Override::Version(_)) => None,
            None => self.configured.digest.clone(),
        };
        if let Some(digest) = digest {
            self.refuse(&digest, "the program ended without notice too often while it was new");
        }
        self.mapping_override = grace.before;
        true
    }

    /// The program starts; whether it ends well is not known yet.
    pub(super) fn note_start(&mut self) {
        if let Some(grace) = &mut self.grace {
            grace.unclean_ends += 1;
        }
    }

    /// The program, or the run in it, ended as it should.
    pub fn note_clean_end(&mut self) {
        if let Some(grace) = &mut self.grace {
            grace.unclean_ends = 0;
        }
    }

    /// What mapped before, as long as what maps is new.
    pub fn grace(&self) -> Option<&Grace> {
        self.grace.as_ref().filter(|grace| grace.until > Utc::now())
    }

    /// The mapping is no longer new, or there is none before it.
    pub fn end_grace(&mut self) {
        self.grace = None;
    }

    /// What maps in place of what the settings say.
    pub fn mapping_override(&self) -> Option<&Override> {
        self.mapping_override.as_ref()
    }

    /// The settings apply again, since the chosen mapping cannot be loaded.
    pub fn give_up_override(&mut self, configured: ConfiguredMapping) {
        (self.mapping_override, self.grace, self.configured) = (None, None, configured);
    }

    /// The digest of the file that the settings named when it was looked at last.
    pub fn file_digest(&self) -> Option<&str> {
        self.configured.digest.as_deref()
    }

    /// Why the mapping with this digest was refused or taken back, if it was.
    pub(super) fn reason(&self, digest: &str) -> Option<&str> {
        let found = self.refused.iter().find(|refused| refused.digest == digest)?;
        Some(&found.reason)
    }

    /// Remembers that a mapping was refused or taken back.
    pub(super) fn refuse(&mut self, digest: &str, reason: &str) {
        self.forgive(digest);
        let (digest, reason) = (digest.to_owned(), reason.chars().take(MAX_REASON).collect());
        self.refused.push_back(RefusedDigest { digest, reason, host_fingerprint: self.host_fingerprint.clone() });
        if self.refused.len() > MAX_REFUSED {
            self.refused.pop_front();
        }
    }

    /// Forgets that a mapping was refused or taken back: somebody wants it all the same.
    pub(super) fn forgive(&mut self, digest: &str) {
        self.refused.retain(|refused| refused.digest != digest);
    }

    /// The last mapping, if it can be loaded again.
    fn used(&self) -> Option<Override> {
        match (&self.mapping_override, &self.configured) {
            (Some(used), _) => Some(used.clone()),
            (None, ConfiguredMapping { digest: Some(digest), .. }) => Override::of(digest),
            (None, ConfiguredMapping { version, .. }) => version.clone().map(Override::Version),
        }
    }

    /// What mapped last, when the file that the settings name cannot be read: it is the one that they named before.
    pub fn used_in_place_of(&self, configured: &ConfiguredMapping) -> Option<Override> {
        self.used().filter(|_| self.configured.names_the_same(configured))
    }

    /// All of it, for a host and limits.
    pub fn on_host(self, host_fingerprint: &str) -> Self {
        let configured = self.configured.clone();
        self.resume(configured, host_fingerprint).decisions
    }
}

#[cfg(test)]
mod tests;
