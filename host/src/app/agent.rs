//! Who collected a document: the fields `agent.*`.

use std::{fs, io, path::Path};

use serde_json::{Value, json};

use crate::support::{atomic_write, state_id};

/// Who collects: the same for as long as the state folder is.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    id: String,
    ephemeral_id: String,
    name: String,
}

impl Agent {
    /// The one that a state folder belongs to, or a new one; writes nothing.
    ///
    /// # Errors
    ///
    /// When the id is there and cannot be read: a new one would take its place.
    pub(crate) fn of(state_dir: &Path) -> io::Result<Self> {
        let kept = state_id::read(state_dir)?;
        Ok(Self::new(kept.unwrap_or_else(new_id)))
    }

    /// One like that of a state folder, which need not be this user's to read.
    pub(crate) fn like(state_dir: &Path) -> Self {
        Self::of(state_dir).unwrap_or_else(|_| Self::new(new_id()))
    }

    fn new(id: String) -> Self {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { id, ephemeral_id: new_id(), name: name.trim().to_owned() }
    }

    /// Keeps the id in the state folder, which has to be there.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn keep(&self, state_dir: &Path) -> io::Result<()> {
        let path = state_id::path(state_dir);
        if fs::read_to_string(&path).is_ok_and(|kept| kept.trim() == self.id) {
            return Ok(());
        }
        atomic_write::write(&path, format!("{}\n", self.id).as_bytes())
    }

    /// What other processes of a cluster call it.
    pub(crate) fn member_name(&self) -> String {
        let id = self.id.split('-').next().unwrap_or_default();
        if self.name.is_empty() { format!("exotrace-{id}") } else { format!("{}-{id}", self.name) }
    }

    /// The fields of every document.
    pub(crate) fn fields(&self) -> Value {
        let Self { id, ephemeral_id, name } = self;
        let version = env!("CARGO_PKG_VERSION");
        json!({ "id": id, "ephemeral_id": ephemeral_id, "name": name, "type": "exotrace", "version": version })
    }
}

/// A random UUID (RFC 9562, version 4).
fn new_id() -> String {
    let random = rand::random::<u128>() & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let text = format!("{random:032x}");
    let mut id = String::new();
    for (place, digit) in text.chars().enumerate() {
        if [8, 12, 16, 20].contains(&place) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_random_and_says_so() {
        let id = new_id();
        assert!(state_id::is_id(&id), "{id}");
        let groups: Vec<_> = id.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(groups[2].starts_with('4') && groups[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        assert_ne!(id, new_id());
    }

    #[test]
    fn the_id_is_kept_and_a_run_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let first = Agent::of(folder.path()).unwrap();
        first.keep(folder.path()).unwrap();
        let second = Agent::of(folder.path()).unwrap();
        second.keep(folder.path()).unwrap();
        assert_eq!(first.fields()["id"], second.fields()["id"]);
        assert_ne!(first.fields()["ephemeral_id"], second.fields()["ephemeral_id"]);
        fs::write(state_id::path(folder.path()), "broken").unwrap();
        assert_ne!(Agent::of(folder.path()).unwrap().fields()["id"], first.fields()["id"]);
    }
}
