//! All settings together, checked before anything is started.

mod archive;
mod cluster;
mod config;
mod json_object;
mod labels;
mod mapping;
mod mapping_config;
mod mapping_table;
mod output_config;
mod outputs;
mod privacy;
mod schema;
mod source_config;
mod source_files;
mod source_labels;
mod sources;
mod synonyms;
mod table;
mod trusted_keys;

pub(crate) use archive::ArchiveConfig;
pub(crate) use config::{Config, GeoipConfig};
pub(crate) use mapping_config::{CandidateConfig, CandidateMode, MappingChoice, MappingLimits, RollbackConfig};
pub(crate) use output_config::OutputConfig;
pub(crate) use privacy::PrivacyConfig;
pub(crate) use schema::{SCHEMA, of_source_file};
pub(crate) use source_config::SourceConfig;

#[cfg(test)]
mod tests;
