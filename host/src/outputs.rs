//! Where documents go: one folder a kind, which answers `pipeline::Output`.

mod client_settings;
pub(crate) mod elasticsearch;
pub(crate) mod file;
pub(crate) mod http;
mod requests;
pub(crate) mod stdout;

pub use client_settings::{Authentication, BodyConfig, ClientCertificate, Compression, ConnectionConfig, SecretSource};
pub use elasticsearch::{ElasticsearchConfig, ElasticsearchOutput, Flavor, Resource, resources};
pub use file::{FileCompression, FileOutput, FileOutputConfig};
pub use http::{BodyFormat, HttpConfig, HttpOutput};
pub use requests::RequestError;
pub use stdout::{StdoutConfig, StdoutOutput};
