//! The panels of the dashboard of Grafana, a row a file.
//!
//! Counts are told over the chosen range, or by the hour: a source that polls once an hour would else be a spike between
//! zeros.

use super::grafana_panel::GrafanaRow;

mod machine;
mod mapping;
mod now;
mod outputs;
mod range;
mod sources;

/// The dashboard, from its top.
pub(super) const ROWS: &[GrafanaRow] = &[now::ROW, range::ROW, sources::ROW, outputs::ROW, mapping::ROW, machine::ROW];
