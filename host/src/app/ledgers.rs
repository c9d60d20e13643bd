//! The ledgers of a state folder, to be looked at: that of the process, and in a cluster those of partitions.

use std::path::Path;

use super::settings::Config;
use crate::{
    cluster::partition_folder,
    ledger::{Ledger, LedgerError, PastReading, Trouble},
};

/// The ledgers of a state folder.
pub(crate) struct Ledgers {
    own: Option<Ledger>,
    /// None without `[cluster]`.
    partitions: Option<Vec<Ledger>>,
}

impl Ledgers {
    /// Opens that of the process, and those of the partitions that it has. One of a partition that cannot be read is being
    /// made.
    ///
    /// # Errors
    ///
    /// When that of the process cannot be read.
    pub(crate) fn open(
        config: &Config,
        held: &[i32],
        open: fn(&Path) -> Result<Option<Ledger>, LedgerError>,
    ) -> Result<Self, LedgerError> {
        let own = open(&config.state_dir)?;
        let partitions = config.cluster.as_ref().map(|_| {
            let folders = held.iter().map(|partition| partition_folder(&config.state_dir, *partition));
            folders.filter_map(|folder| open(&folder).ok().flatten()).collect()
        });
        Ok(Self { own, partitions })
    }

    /// Those in `known`, opened when they are wanted first; in a cluster each time, since partitions come and go.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub(crate) fn beside<'l>(
        known: &'l mut Option<Self>,
        config: &Config,
        held: &[i32],
    ) -> Result<&'l Self, LedgerError> {
        let open = known.take().filter(|known| known.partitions.is_none() && known.own.is_some());
        let ledgers = open.map_or_else(|| Self::open(config, held, Ledger::open_beside), Ok)?;
        Ok(known.insert(ledgers))
    }

    /// That of the process.
    pub(crate) fn own(&self) -> Option<&Ledger> {
        self.own.as_ref()
    }

    /// The one that knows a source.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub(crate) fn of_source(&self, ledger_name: &str) -> Result<Option<&Ledger>, LedgerError> {
        let Some(partitions) = &self.partitions else { return Ok(self.own()) };
        for ledger in partitions {
            if ledger.status(ledger_name)?.is_some() {
                return Ok(Some(ledger));
            }
        }
        Ok(None)
    }

    /// How far a range of the past is read, by its name; of a source, or of any that there is.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub(crate) fn past(&self, reading: &str, ledger_name: Option<&str>) -> Result<Option<PastReading>, LedgerError> {
        let ledgers = self.partitions.as_deref().unwrap_or(self.own.as_slice());
        for ledger in ledgers {
            let begun = ledger.past(reading)?;
            if let Some(begun) = begun.filter(|begun| ledger_name.is_none_or(|name| begun.source == name)) {
                return Ok(Some(begun));
            }
        }
        Ok(None)
    }

    /// What an output waits for, in any of them.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub(crate) fn output_trouble(&self, output: &str) -> Result<Option<Trouble>, LedgerError> {
        for ledger in self.own.iter().chain(self.partitions.iter().flatten()) {
            if let Some(trouble) = ledger.output_trouble(output)? {
                return Ok(Some(trouble));
            }
        }
        Ok(None)
    }
}
