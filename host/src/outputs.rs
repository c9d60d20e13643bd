//! Where documents go: one folder a kind, which answers `pipeline::Output`.

mod elasticsearch;
mod file;
mod http;
mod requests;
mod stdout;

pub use elasticsearch::{ElasticsearchOutput, Flavor, Resource, resources};
pub use file::{FileOutput, written_files};
pub use http::HttpOutput;
pub use requests::RequestError;
pub use stdout::StdoutOutput;
