//! The message trace of a tenant, from a service of Microsoft.

mod batches;
mod budget;
mod client;
mod clock;
mod cloud;
mod collector;
mod credential;
mod details_config;
mod details_reading;
mod directions;
mod error;
mod examine;
mod exchange;
mod graph;
mod judge;
mod kind;
mod local_domains;
mod look_back;
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
mod setup;
pub(crate) mod state;
mod token;
mod trace;
mod trace_search;
mod window_cursor;

pub(crate) use credential::{Credential, IdentityEndpoint};
pub(crate) use error::PollError;
pub(crate) use service_kind::ServiceKind;
pub(crate) use settings::ServiceConfig;
#[cfg(test)]
pub(crate) use {
    budget::BUDGET_WINDOW,
    collector::ServiceCollector,
    look_back::LookBack,
    page::Row,
    page_request::PageRequest,
    service::ServiceSource,
    settings::{budget_name, service_name},
};

#[cfg(test)]
mod tests;
