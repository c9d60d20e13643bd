//! Where records come from.
//!
//! Does not wait and does not ask again; `pipeline` decides when.

mod client;
mod clock;
mod error;
mod graph;
mod page;
mod reporting_webservice;
mod service;
mod token;

pub use client::{AnswerError, Malformed};
pub use error::PollError;
pub use page::{Page, Row, RowKey};
pub use service::{PageRequest, ServiceSource};
pub use token::TokenError;

#[cfg(test)]
mod tests;
