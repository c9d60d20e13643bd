//! Which sources belong to which partition, and what runs them.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use crate::{ledger::Ledger, pipeline::Pipeline};

/// The folder of the partitions in the state folder.
const FOLDER: &str = "partitions";

/// The folder of the partitions in a state folder.
pub(crate) fn partitions_folder(state_dir: &Path) -> PathBuf {
    state_dir.join(FOLDER)
}

/// The folder of a partition in a state folder.
pub(crate) fn partition_folder(state_dir: &Path, partition: i32) -> PathBuf {
    partitions_folder(state_dir).join(format!("{partition:02}"))
}

/// A partition of the ledger topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionPlace {
    /// Its number, from 0 on.
    pub partition: i32,
    /// How many there are.
    pub partitions: i32,
}

/// A source that is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharedSource {
    /// What people know it by.
    pub label: String,
    /// What ledgers know it by.
    pub ledger_name: String,
    /// What must not be asked by two processes: all sources with it are in one partition.
    pub tenant: String,
    /// How long it waits between polls, if it polls.
    pub interval: Option<Duration>,
}

/// Gets ready what runs the sources of a partition.
pub(crate) trait PartitionBuilder: Send + Sync {
    /// All sources of the settings.
    fn sources(&self) -> Vec<SharedSource>;

    /// Names of the outputs.
    fn outputs(&self) -> Vec<String>;

    /// Hears which partitions this process has.
    fn hold(&self, partitions: Vec<i32>);

    /// Gets a pipeline ready; what is of the partition alone lies in the folder.
    ///
    /// # Errors
    ///
    /// When something cannot be used that the settings name.
    fn build(
        &self,
        place: PartitionPlace,
        folder: &Path,
        ledger: Ledger,
    ) -> Result<Pipeline, Box<dyn Error + Send + Sync>>;
}

impl PartitionPlace {
    /// The folder of the partition.
    pub(crate) fn folder(self, state_dir: &Path) -> PathBuf {
        partition_folder(state_dir, self.partition)
    }

    /// Whether a source belongs to it.
    pub(crate) fn has(self, source: &SharedSource) -> bool {
        partition_of(&source.tenant, self.partitions) == self.partition
    }
}

/// The partition that a name falls to: the same in every process and version.
pub(crate) fn partition_of(name: &str, partitions: i32) -> i32 {
    let hash: [u8; 32] = Sha256::digest(name).into();
    let first = hash.first_chunk().copied().unwrap_or_default();
    let partitions = u64::from(partitions.max(1).unsigned_abs());
    i32::try_from(u64::from_be_bytes(first) % partitions).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another answer, and sources would begin again with another partition's ledger.
    #[test]
    fn a_name_falls_to_the_same_partition_for_ever() {
        let found =
            ["", "contoso.com", "graph 11111111-2222-3333-4444-555555555555"].map(|name| partition_of(name, 64));
        assert_eq!(found, [20, 46, 0]);
        assert_eq!(partition_of("contoso.com", 1), 0);
        assert_eq!(partition_of("contoso.com", 0), 0, "no partition is no reason to end");
    }

    #[test]
    fn sources_spread_over_partitions() {
        let mut counts = [0; 8];
        for tenant in 0..800 {
            counts[usize::try_from(partition_of(&format!("tenant-{tenant}"), 8)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
    }
}
