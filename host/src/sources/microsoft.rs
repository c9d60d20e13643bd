//! The message trace of a tenant, from a service of Microsoft.

mod batches;
mod budget;
mod client;
mod clock;
mod cloud;
mod collector;
mod credential;
mod error;
mod examine;
mod exchange;
mod graph;
mod ids;
mod judge;
mod kind;
mod local_domains;
mod page;
mod page_delivery;
mod page_request;
mod poll_plan;
mod progress_reporter;
mod reporting_webservice;
mod service;
mod service_kind;
mod service_table;
mod settings;
pub(crate) mod state;
mod token;
mod trace;
mod window_cursor;

pub use budget::BUDGET_WINDOW;
pub use client::has_proxy;
pub use clock::Past;
pub use collector::ServiceCollector;
pub use credential::{Credential, IdentityEndpoint};
pub use error::PollError;
pub use exchange::HttpError;
pub use page::{Page, Row};
pub use page_request::PageRequest;
pub use service::{ServiceSource, reach};
pub use service_kind::ServiceKind;
pub use settings::{ServiceConfig, budget_name, service_name};
pub use token::{Asked, CertificateError, TokenError};

pub use crate::support::http_response::{AnswerError, Malformed};

#[cfg(test)]
mod tests;
