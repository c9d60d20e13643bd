//! Reads the databases that say what is known about IP addresses.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use exotrace_geo::{Databases, MaxMindDbError};

pub use exotrace_geo::{Network, Place};

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
}

/// The databases to ask. Either may be absent; then nothing of its kind is known.
#[derive(Default)]
pub struct Geo {
    databases: Databases,
}

impl Geo {
    /// Reads the databases into memory.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is no database.
    pub fn open(city: Option<&Path>, asn: Option<&Path>) -> Result<Self, GeoError> {
        let mut databases = Databases::default();
        if let Some(path) = city {
            databases = databases.with_city(read(path)?).map_err(|source| not_a_database(path, source))?;
        }
        if let Some(path) = asn {
            databases = databases.with_asn(read(path)?).map_err(|source| not_a_database(path, source))?;
        }
        Ok(Self { databases })
    }

    /// Takes databases that are in memory already.
    ///
    /// # Errors
    ///
    /// When the bytes are no database.
    pub fn from_bytes(city: &[u8], asn: &[u8]) -> Result<Self, MaxMindDbError> {
        Ok(Self { databases: Databases::default().with_city(city.to_vec())?.with_asn(asn.to_vec())? })
    }

    /// What is known about `address`; `None` when it is nothing, or when it is no IP address.
    pub fn lookup(&self, address: &str) -> Option<Network> {
        self.databases.lookup(address)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, GeoError> {
    fs::read(path).map_err(|source| GeoError::Unreadable { path: path.to_owned(), source })
}

fn not_a_database(path: &Path, source: MaxMindDbError) -> GeoError {
    GeoError::NotADatabase { path: path.to_owned(), source }
}
