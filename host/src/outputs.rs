//! Where documents go: one folder a kind, which answers `pipeline::Output`.

mod compress;
mod credentials;
mod documents;
mod elasticsearch;
mod file;
mod http;
mod progress;
mod request_error;
mod requests;
mod sender;
mod stdout;
mod suspects;

pub use elasticsearch::{ElasticsearchOutput, Flavor, Resource, resources};
pub use file::{FileOutput, written_files};
pub use http::HttpOutput;
pub use request_error::RequestError;
pub use stdout::StdoutOutput;

#[cfg(test)]
mod tests;
