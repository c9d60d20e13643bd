//! Collects Microsoft Exchange Online message trace, maps it to ECS inside a WebAssembly component,
//! and delivers every document once.
#![forbid(unsafe_code)]

pub mod agent;
mod answer;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
mod counted;
pub mod dead_letter;
mod error_text;
pub mod finding;
mod folder;
pub mod geo;
pub mod health;
pub mod ledger;
pub mod lines;
pub mod mapper;
mod metrics;
pub mod monitor;
pub mod output;
pub mod pipeline;
mod plain_file;
mod property;
pub mod records;
pub mod replacement;
pub mod retry;
mod scrub;
pub mod secret;
mod secret_file;
mod shown;
mod sighting;
pub mod signature;
pub mod source;
pub mod state_folder;
mod whole_file;
