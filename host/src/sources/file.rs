//! Records from files: which files there are, which of them are known, and what is new in them.

mod candidate;
mod collector;
mod content;
mod error;
mod examine;
mod file_checkpoint;
mod file_notes;
mod file_source;
mod find;
mod kind;
mod open_candidate;
mod open_file;
mod settings;
mod setup;
mod state;

pub(crate) use exotrace_formats::{self as formats, DateOrder};
pub(crate) use settings::FileConfig;
