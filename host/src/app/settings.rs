//! All settings together, checked before anything is started.

mod config;
mod labels;
mod mapping;
mod mapping_config;
mod mapping_table;
mod output_config;
mod outputs;
mod source_config;
mod source_labels;
mod sources;
mod synonyms;
mod table;
mod trusted_keys;

pub use config::{Config, GeoipConfig};
pub use mapping_config::{CandidateConfig, CandidateMode, MappingChoice, MappingConfig, MappingLimits, RollbackConfig};
pub use output_config::OutputConfig;
pub use source_config::SourceConfig;
pub use source_labels::SourceLabels;

#[cfg(test)]
mod tests;
