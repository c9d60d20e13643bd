//! What samplers tell the deployment, which decides.

use crate::mapper::MapperError;

/// What a sampler has found by now.
pub(super) struct SampleVerdict {
    /// Which sampler.
    pub(super) sampler: u64,
    /// What came of comparing; an error when what it compares with cannot map.
    pub(super) comparison: Result<SampleComparison, MapperError>,
}

/// How two mappings compare by now.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleComparison {
    /// How many records were compared.
    pub(super) records: u64,
    /// The part of them that came out differently, 0 to 1.
    pub(super) rate: f64,
}
