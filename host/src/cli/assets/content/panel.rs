//! What a panel is.

use super::condition::DocumentCondition;

/// Panels that belong together.
#[derive(Debug)]
pub(in crate::cli::assets) struct PanelSection {
    pub(in crate::cli::assets) title: &'static str,
    /// What it is for, in a sentence.
    pub(in crate::cli::assets) about: &'static str,
    pub(in crate::cli::assets) panels: &'static [Panel],
}

/// One panel of the dashboard.
#[derive(Debug)]
pub(in crate::cli::assets) struct Panel {
    /// What it is called in ids: it stays when the title changes.
    pub(in crate::cli::assets) slug: &'static str,
    pub(in crate::cli::assets) title: &'static str,
    /// What it shows, and what follows from it.
    pub(in crate::cli::assets) about: &'static str,
    pub(in crate::cli::assets) condition: DocumentCondition,
    pub(in crate::cli::assets) metric: Metric,
    pub(in crate::cli::assets) view: PanelView,
    /// Whether only documents of mapping 3.0 have its fields.
    pub(in crate::cli::assets) needs_3_0: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::assets) enum Metric {
    /// Documents.
    Count,
    /// Different values of a field, about.
    Distinct(&'static str),
    /// The sum of a field, which is a number of bytes.
    Bytes(&'static str),
}

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::assets) enum PanelView {
    /// A number.
    Number,
    /// Bars over the time of a field, apart by the values of another one.
    OverTime { time: &'static str, split: Option<&'static str> },
    /// The most frequent values of a field, as bars.
    Top { field: &'static str },
    /// The share of each value of a field.
    Share { field: &'static str },
    /// The most frequent values of some fields together, as a table.
    Table { fields: &'static [&'static str] },
}

/// Number of values with a series of their own.
pub(in crate::cli::assets) const MOST_VALUES: u32 = 10;

/// The note on a panel that needs mapping 3.0.
pub(in crate::cli::assets) const NEEDS_3_0: &str = " Mapping 3.0 with details.";

impl Panel {
    /// What it shows, and what it needs.
    pub(in crate::cli::assets) fn description(&self) -> String {
        format!("{}{}", self.about, if self.needs_3_0 { NEEDS_3_0 } else { "" })
    }
}

impl Metric {
    /// What it is called on axes.
    pub(in crate::cli::assets) fn label(self) -> String {
        match self {
            Self::Count => "Documents".to_owned(),
            Self::Distinct(field) => format!("Different {field}"),
            Self::Bytes(_) => "Size".to_owned(),
        }
    }
}

#[cfg(test)]
impl Panel {
    /// The fields that it names.
    pub(in crate::cli::assets) fn fields(&self) -> Vec<&'static str> {
        let mut fields = self.condition.fields();
        match self.metric {
            Metric::Count => {}
            Metric::Distinct(field) | Metric::Bytes(field) => fields.push(field),
        }
        match self.view {
            PanelView::Number => {}
            PanelView::OverTime { time, split } => fields.extend([time].into_iter().chain(split)),
            PanelView::Top { field } | PanelView::Share { field } => fields.push(field),
            PanelView::Table { fields: shown } => fields.extend(shown),
        }
        fields
    }
}
