//! Collects Microsoft Exchange Online message trace, maps it to ECS inside a WebAssembly component,
//! and delivers every document once.
//!
//! An embedder needs [`mapper`], which runs a component, [`geo`], which answers what it asks, and [`deployment`] to
//! replace a component while it runs.
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "kafka"), allow(dead_code, unused_imports, reason = "some of it is for Kafka alone"))]

mod app;
mod cli;
mod cluster;
pub mod config;
mod control;
pub mod deployment;
pub mod geo;
mod kafka;
mod ledger;
pub mod mapper;
mod observe;
mod outputs;
mod pages;
mod pipeline;
mod sources;
mod support;

pub use cli::main;
