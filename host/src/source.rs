//! Where records come from.
//!
//! Does not wait and does not ask again; `pipeline` decides when.

mod client;
mod error;
mod graph;
mod page;
mod token;

pub use client::{AnswerError, Malformed};
pub use error::PollError;
pub use graph::{GraphSource, PageRequest};
pub use page::{Page, Row, RowKey};
pub use token::TokenError;

#[cfg(test)]
mod tests;
