//! Which files are read by which source.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Which files are read by which source: one that several sources name is read by the first that finds it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<HashMap<PathBuf, String>>>);

impl Claims {
    /// Whether this source is the one that reads the file.
    pub(crate) fn claim(&self, path: &Path, source: &str) -> bool {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.entry(path.to_owned()).or_insert_with(|| source.to_owned()) == source
    }
}
