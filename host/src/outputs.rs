//! Where documents go: one folder a kind, which answers `pipeline::Output`.

mod client_settings;
pub(crate) mod elasticsearch;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod kafka;
mod requests;
pub(crate) mod stdout;

pub(crate) use client_settings::{Authentication, Compression, ConnectionConfig};
pub(crate) use elasticsearch::{
    ElasticsearchConfig, ElasticsearchOutput, Flavor, PutOutcome, Resource, Retention, TemplateOptions, resources,
};
pub(crate) use requests::{Credentials, HostClient, Reply};
