//! What was done in the chosen range.

use crate::cli::assets::grafana::grafana_panel::{GrafanaPanel, GrafanaRow, GrafanaView::Number, PromQuery};

pub(super) const ROW: GrafanaRow = GrafanaRow {
    title: "In the chosen range",
    panels: &[
        GrafanaPanel {
            title: "Records read",
            about: "Records that sources returned, repeated ones included.",
            view: Number,
            unit: "short",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_records_read_total{instance=~"$instance",source=~"$source"}[$__range])))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Documents delivered",
            about: "Documents that outputs accepted; each output counts for itself.",
            view: Number,
            unit: "short",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_documents_delivered_total{instance=~"$instance"}[$__range])))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Already delivered",
            about: "Records that were read again and not delivered again: what the look-back costs.",
            view: Number,
            unit: "short",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_records_repeated_total{instance=~"$instance",source=~"$source"}[$__range])))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Late records",
            about: "New records in a time that was covered before: what the look-back is good for.",
            view: Number,
            unit: "short",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_records_late_total{instance=~"$instance",source=~"$source"}[$__range])))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Mapped in part",
            about: "Delivered documents that say what is wrong with their record, in error.message.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "orange")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_records_failed_total{instance=~"$instance",role=~"current|canary"}[$__range])))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Duplicates",
            about: "Documents that an output had already. After a crash or a lost ledger that is right.",
            view: Number,
            unit: "short",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_documents_duplicate_total{instance=~"$instance"}[$__range])))"#,
                legend: "",
            }],
        },
    ],
};
