//! What is tried: a mapping, its settings, and records.

use serde_json::Value;

use super::expected_document::ExpectedDocument;
use crate::mapper::{Component, Entry, MappedBatch, Origin, Pool, PoolConfig, Settings};

/// A mapping, and the records that it is tried on.
pub(crate) struct MappingTest<'t> {
    /// The bytes of its file.
    pub(crate) bytes: &'t [u8],
    /// The mapping.
    pub(crate) component: Component,
    /// How it maps.
    pub(crate) config: PoolConfig,
    /// The records.
    pub(crate) records: Vec<String>,
    /// The documents that it has to make of them, if that is known.
    pub(crate) expected: Option<Vec<ExpectedDocument>>,
}

impl MappingTest<'_> {
    /// The records as one batch.
    pub(super) fn batch(&self) -> String {
        self.records.join("\n")
    }

    /// How it maps, unless a step wants it otherwise.
    pub(super) fn settings(&self) -> Settings {
        (*self.config.settings).clone()
    }

    /// Maps records on a new instance.
    pub(super) fn map(&self, settings: Settings, records: &str) -> Result<MappedBatch, String> {
        map_in(&self.pool(settings)?, records)
    }

    /// What maps with these settings: with an instance of its own.
    pub(super) fn pool(&self, settings: Settings) -> Result<Pool, String> {
        let config = PoolConfig { settings: settings.into(), ..self.config.clone() };
        Pool::new(self.component.clone(), config).map_err(|error| error.explain())
    }
}

/// Maps records; where the component stops, that is the reason.
pub(super) fn map_in(pool: &Pool, records: &str) -> Result<MappedBatch, String> {
    pool.map_strictly(records, &Origin::default()).map_err(|error| error.explain())
}

/// The first record that came out in another way, counted from 1.
pub(super) fn first_difference<'b>(
    before: impl Iterator<Item = Entry<'b>>,
    after: impl Iterator<Item = Entry<'b>>,
) -> Option<usize> {
    let is_other =
        |(before, after): (Entry<'_>, Entry<'_>)| before.outcome != after.outcome || before.document != after.document;
    before.zip(after).position(is_other).map(|place| place + 1)
}

/// A document as JSON; null when there is none.
pub(super) fn parsed(document: Option<&str>) -> Value {
    document.and_then(|document| serde_json::from_str(document).ok()).unwrap_or_default()
}
