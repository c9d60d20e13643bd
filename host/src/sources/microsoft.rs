//! Where records come from.
//!
//! Does not wait and does not ask again; `pipeline` decides when.

mod client;
mod clock;
mod cloud;
mod credential;
mod error;
mod graph;
mod ids;
mod page;
mod reporting_webservice;
mod service;
mod service_kind;
mod service_table;
mod settings;
mod token;
mod trace;

pub use client::{AnswerError, HttpError, Malformed, has_proxy};
pub(crate) use clock::AGREEMENT;
pub use clock::Past;
pub use credential::{Credential, IdentityEndpoint};
pub use error::PollError;
pub(crate) use page::is_same_delivery;
pub use page::{Page, Row, RowKey};
pub(crate) use service::can_be_kept;
pub use service::{PageRequest, ServiceSource, reach};
pub use service_kind::ServiceKind;
pub use settings::ServiceConfig;
pub use token::{Asked, CertificateError, TokenError};

#[cfg(test)]
mod tests;
