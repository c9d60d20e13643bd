//! Collects Microsoft Exchange Online message trace, maps it to ECS inside a WebAssembly component,
//! and delivers every document once.
#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod deployment;
pub mod geo;
pub mod ledger;
pub mod mapper;
pub mod observe;
pub mod outputs;
pub mod pages;
pub mod pipeline;
pub mod sources;
pub mod support;
