//! exotrace from the outside: the mapping as a component, the program as people run it.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::string_slice, reason = "a test that panics has failed")]

mod batches;
mod check;
mod collecting;
mod compiling;
mod conformance;
mod contract;
mod control;
mod dead_letters;
mod demo;
mod doctor;
mod doctor_outputs;
mod elasticsearch;
mod exit_codes;
mod fields;
mod files;
mod geo;
mod golden;
mod harness;
mod hostile;
mod init;
mod installing;
#[cfg(target_os = "linux")]
mod killed;
mod labels;
mod lasting;
mod lights;
mod links;
mod machine_limits;
mod map_command;
mod mapping_command;
mod memory;
mod monitoring;
mod network;
mod outputs;
mod readme;
mod record_content;
mod replacement;
mod settings_file;
mod sign_in;
mod state;
mod status;
mod syslog;
mod terminal;
mod trace_command;
mod upgrade;
