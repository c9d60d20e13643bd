//! What a panel of Grafana is.

/// Panels that belong together.
pub(super) struct GrafanaRow {
    pub(super) title: &'static str,
    pub(super) panels: &'static [GrafanaPanel],
}

/// One panel.
pub(super) struct GrafanaPanel {
    pub(super) title: &'static str,
    /// What it shows, and what follows from it.
    pub(super) about: &'static str,
    pub(super) view: GrafanaView,
    /// Grafana's name of the unit.
    pub(super) unit: &'static str,
    /// From which value on it has another colour than green; none: it has no good or bad values.
    pub(super) thresholds: &'static [(f64, &'static str)],
    /// Width on a grid of 24 columns.
    pub(super) width: u32,
    pub(super) queries: &'static [PromQuery],
}

/// A query in PromQL, and what its series are called.
pub(super) struct PromQuery {
    pub(super) expression: &'static str,
    pub(super) legend: &'static str,
}

/// How a panel is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GrafanaView {
    /// The latest value.
    Number,
    /// The names of series.
    Name,
    /// A bar an hour or more.
    Bars,
    /// Lines over time.
    Lines,
    /// Labels and values, each with the title of its column.
    Table(&'static [(&'static str, &'static str)]),
}

impl GrafanaPanel {
    /// Grafana's name of the kind.
    pub(super) fn kind(&self) -> &'static str {
        match self.view {
            GrafanaView::Number | GrafanaView::Name => "stat",
            GrafanaView::Bars | GrafanaView::Lines => "timeseries",
            GrafanaView::Table(_) => "table",
        }
    }

    /// Whether it shows the latest values alone.
    pub(super) fn is_instant(&self) -> bool {
        matches!(self.view, GrafanaView::Number | GrafanaView::Name | GrafanaView::Table(_))
    }

    pub(super) fn height(&self) -> u32 {
        if matches!(self.view, GrafanaView::Number | GrafanaView::Name) { 4 } else { 8 }
    }
}
