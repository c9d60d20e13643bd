//! What is known about IP addresses, from databases that are read again when their files change.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use exotrace_geo::{About, MaxMindDbError};
use tracing::{error, info};

pub use exotrace_geo::{Network, Place};

use crate::support::{
    error_text::chain,
    file_watch::StableFile,
    plain_file::{self, Links},
};

/// The longest database that is read, in bytes; the largest ones that are sold have a tenth of it.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Databases as they are at a time.
pub type Databases = exotrace_geo::Databases<Bytes>;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// The file cannot be read.
    #[error("could not read geo database `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not a database in MaxMind format", path.display())]
    NotADatabase {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: MaxMindDbError,
    },
    /// The file is a database of the other kind, from which nothing would come.
    #[error(
        "`{}` is a database of type `{database_type}`, which tells nothing for `geoip.{key}`\n\
         hint: swap `geoip.city` and `geoip.asn`, or name a {wanted} database",
        path.display()
    )]
    OtherKind {
        /// Which file.
        path: PathBuf,
        /// What it says it is.
        database_type: String,
        /// The setting that names it.
        key: &'static str,
        /// What the setting is for.
        wanted: &'static str,
    },
}

/// A database file as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAbout {
    /// Where it is.
    pub path: PathBuf,
    /// What it says it is, for example `GeoLite2-City`.
    pub database_type: String,
    /// When it was built.
    pub built: DateTime<Utc>,
}

/// The databases to ask. Either may be absent; then nothing of its kind is known.
#[derive(Default)]
pub struct Geo {
    current: ArcSwap<Databases>,
    files: Mutex<Vec<DatabaseFile>>,
}

/// What a database tells.
#[derive(Debug, Clone, Copy)]
enum DatabaseKind {
    City,
    Asn,
}

impl DatabaseKind {
    /// The setting that names it.
    fn key(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::Asn => "asn",
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::City => "City",
            Self::Asn => "ASN",
        }
    }

    /// Whether a database of this type is surely the other one. Names that nobody knows are taken.
    fn is_other(self, database_type: &str) -> bool {
        let has = |words: &[&str]| words.iter().any(|word| database_type.to_ascii_lowercase().contains(word));
        let tells_places = has(&["city", "country", "location", "enterprise"]);
        let tells_systems = has(&["asn", "isp", "autonomous"]);
        match self {
            Self::City => tells_systems && !tells_places,
            Self::Asn => tells_places && !tells_systems,
        }
    }

    fn about(self, databases: &Databases) -> Option<About> {
        match self {
            Self::City => databases.about_city(),
            Self::Asn => databases.about_asn(),
        }
    }

    fn add(self, databases: Databases, bytes: Bytes) -> Result<Databases, MaxMindDbError> {
        match self {
            Self::City => databases.with_city(bytes),
            Self::Asn => databases.with_asn(bytes),
        }
    }
}

/// A file that has a database.
struct DatabaseFile {
    kind: DatabaseKind,
    path: PathBuf,
    /// What was in it when it was read last and was a database.
    bytes: Bytes,
    stable_file: StableFile,
    /// What is wrong with it, so that it is said once.
    problem: Option<String>,
}

impl Geo {
    /// Reads the databases into memory.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is not a database.
    pub fn open(city: Option<&Path>, asn: Option<&Path>) -> Result<Self, GeoError> {
        let mut files = Vec::new();
        for (kind, path) in [(DatabaseKind::City, city), (DatabaseKind::Asn, asn)] {
            if let Some(path) = path {
                files.push(DatabaseFile::open(kind, path)?);
            }
        }
        let current = ArcSwap::from_pointee(together(&files)?);
        Ok(Self { current, files: Mutex::new(files) })
    }

    /// Takes databases that are in memory already.
    ///
    /// # Errors
    ///
    /// When the bytes are not a database.
    pub fn from_bytes(city: &'static [u8], asn: &'static [u8]) -> Result<Self, MaxMindDbError> {
        let databases = DatabaseKind::City.add(Databases::default(), Bytes::from_static(city))?;
        let current = ArcSwap::from_pointee(DatabaseKind::Asn.add(databases, Bytes::from_static(asn))?);
        Ok(Self { current, files: Mutex::default() })
    }

    /// The databases as they are now.
    pub fn current(&self) -> Arc<Databases> {
        self.current.load_full()
    }

    /// What is known about `address`; `None` when it is nothing, or when it is not an IP address.
    pub fn lookup(&self, address: &str) -> Option<Network> {
        self.current.load().lookup(address)
    }

    /// Whether there are files that may change.
    pub fn has_files(&self) -> bool {
        !self.files.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// What the files say of themselves.
    pub fn about(&self) -> Vec<DatabaseAbout> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter().filter_map(DatabaseFile::about).collect()
    }

    /// Looks at the files, and reads those that have changed. With what cannot be used the database before stays, and
    /// it is logged once. Blocks.
    pub fn look_for_changes(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for file in files.iter_mut() {
            changed |= file.is_due() && file.read_again();
        }
        if !changed {
            return;
        }
        match together(&files) {
            Ok(databases) => self.current.store(Arc::new(databases)),
            Err(error) => error!(error = chain(&error), "could not replace the geo databases"),
        }
    }
}

impl DatabaseFile {
    fn open(kind: DatabaseKind, path: &Path) -> Result<Self, GeoError> {
        let stable_file = StableFile::read(&[path]);
        let bytes = read(kind, path)?;
        Ok(Self { kind, path: path.to_owned(), bytes, stable_file, problem: None })
    }

    fn about(&self) -> Option<DatabaseAbout> {
        let databases = self.kind.add(Databases::default(), self.bytes.clone()).ok()?;
        let About { database_type, built } = self.kind.about(&databases)?;
        let built = DateTime::from_timestamp(i64::try_from(built).ok()?, 0)?;
        Some(DatabaseAbout { path: self.path.clone(), database_type, built })
    }

    fn is_due(&mut self) -> bool {
        self.stable_file.is_due(&[&self.path])
    }

    /// Whether something new is in it.
    fn read_again(&mut self) -> bool {
        match read(self.kind, &self.path) {
            Ok(bytes) => {
                self.problem = None;
                let is_new = bytes != self.bytes;
                if is_new {
                    info!(file = %self.path.display(), bytes = bytes.len(), "geo database replaced");
                    self.bytes = bytes;
                }
                is_new
            }
            Err(error) => {
                if matches!(error, GeoError::Unreadable { .. }) {
                    self.stable_file.look_again();
                }
                let problem = chain(&error);
                if self.problem.as_ref() != Some(&problem) {
                    error!(error = problem, "could not replace the geo database; the previous one is used");
                    self.problem = Some(problem);
                }
                false
            }
        }
    }
}

fn read(kind: DatabaseKind, path: &Path) -> Result<Bytes, GeoError> {
    let bytes = plain_file::bytes(path, Links::Followed, MAX_BYTES)
        .map_err(|source| GeoError::Unreadable { path: path.to_owned(), source })?;
    let bytes = Bytes::from(bytes);
    let checked = kind.add(Databases::default(), bytes.clone());
    let checked = checked.map_err(|source| GeoError::NotADatabase { path: path.to_owned(), source })?;
    match kind.about(&checked) {
        Some(About { database_type, .. }) if kind.is_other(&database_type) => {
            let (path, key, wanted) = (path.to_owned(), kind.key(), kind.wanted());
            Err(GeoError::OtherKind { path, database_type, key, wanted })
        }
        _ => Ok(bytes),
    }
}

fn together(files: &[DatabaseFile]) -> Result<Databases, GeoError> {
    let mut databases = Databases::default();
    for DatabaseFile { kind, path, bytes, .. } in files {
        let with = kind.add(databases, bytes.clone());
        databases = with.map_err(|source| GeoError::NotADatabase { path: path.clone(), source })?;
    }
    Ok(databases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_other_kind_is_told_by_its_type() {
        let cities = ["GeoLite2-City", "GeoIP2-City-Europe", "DBIP-City-Lite", "GeoIP2-Enterprise", "GeoLite2-Country"];
        let systems = ["GeoLite2-ASN", "GeoIP2-ISP", "DBIP-ASN-Lite (compat=GeoLite2-ASN)"];
        for name in cities {
            assert!(DatabaseKind::Asn.is_other(name) && !DatabaseKind::City.is_other(name), "{name}");
        }
        for name in systems {
            assert!(DatabaseKind::City.is_other(name) && !DatabaseKind::Asn.is_other(name), "{name}");
        }
        for name in ["ours", "ipinfo country_asn", ""] {
            assert!(!DatabaseKind::City.is_other(name) && !DatabaseKind::Asn.is_other(name), "{name}");
        }
    }
}
