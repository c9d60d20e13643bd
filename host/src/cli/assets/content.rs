//! What dashboards and saved searches show, once for every program that draws them.

mod condition;
mod layout;
mod panel;
mod panels;
mod saved_search;
mod searches;

pub(super) use layout::{Placed, place};
pub(super) use panel::{MOST_VALUES, Metric, Panel, PanelView};
pub(super) use panels::SECTIONS;
pub(super) use saved_search::SavedSearch;
pub(super) use searches::SEARCHES;

/// The field of time of every document.
pub(super) const TIME: &str = "@timestamp";

#[cfg(test)]
mod tests;
