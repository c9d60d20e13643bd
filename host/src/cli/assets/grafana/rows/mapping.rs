//! The mapping: which one, what becomes of records, and what it costs.

use crate::cli::assets::grafana::grafana_panel::{
    GrafanaPanel, GrafanaRow,
    GrafanaView::{Bars, Lines, Number, Table},
    PromQuery,
};

pub(super) const ROW: GrafanaRow = GrafanaRow {
    title: "Mapping",
    panels: &[
        GrafanaPanel {
            title: "Mappings",
            about: "Versions in use, kept ready and on trial.",
            view: Table(&[("instance", "Instance"), ("mapping", "Mapping"), ("role", "Role"), ("digest", "Digest")]),
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[PromQuery { expression: r#"exotrace_mapping_info{instance=~"$instance"} == 1"#, legend: "" }],
        },
        GrafanaPanel {
            title: "Records mapped",
            about: "Records that became a document, by mapping and role. Compared ones are not delivered.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[PromQuery {
                expression: r#"sum by (mapping, role) (increase(exotrace_records_mapped_total{instance=~"$instance"}[$__rate_interval]))"#,
                legend: "{{mapping}}, {{role}}",
            }],
        },
        GrafanaPanel {
            title: "Records that did not map well",
            about: "Mapped in part, dropped on purpose, or rejected because the mapping fails on them every time.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[
                PromQuery {
                    expression: r#"sum by (mapping, role) (increase(exotrace_records_failed_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{mapping}}, {{role}}, in part",
                },
                PromQuery {
                    expression: r#"sum by (mapping, role, reason) (increase(exotrace_records_dropped_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{mapping}}, {{role}}, dropped: {{reason}}",
                },
                PromQuery {
                    expression: r#"sum by (mapping, role) (increase(exotrace_records_rejected_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{mapping}}, {{role}}, rejected",
                },
            ],
        },
        GrafanaPanel {
            title: "Faults and changes",
            about: "Traps and limits that a mapping met, and replacements, refused candidates and roll-backs. `exotrace mapping history` explains them.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[
                PromQuery {
                    expression: r#"sum by (mapping, kind) (increase(exotrace_mapping_stops_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{mapping}}, {{kind}}",
                },
                PromQuery {
                    expression: r#"sum by (change) (increase(exotrace_mapping_changes_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{change}}",
                },
            ],
        },
        GrafanaPanel {
            title: "Time to map a batch",
            about: "95 % of the batches were mapped faster, by mapping and role.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"histogram_quantile(0.95, sum by (le, mapping, role) (increase(exotrace_map_batch_seconds_bucket{instance=~"$instance"}[$__rate_interval])))"#,
                legend: "{{mapping}}, {{role}}",
            }],
        },
        GrafanaPanel {
            title: "Memory of mappings",
            about: "Memory of the instances of each mapping.",
            view: Lines,
            unit: "bytes",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (mapping, role) (exotrace_mapping_memory_bytes{instance=~"$instance"})"#,
                legend: "{{mapping}}, {{role}}",
            }],
        },
        GrafanaPanel {
            title: "Instances",
            about: "Instances of each mapping.",
            view: Lines,
            unit: "short",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"sum by (mapping, role) (exotrace_mapping_instances{instance=~"$instance"})"#,
                legend: "{{mapping}}, {{role}}",
            }],
        },
        GrafanaPanel {
            title: "Pinned",
            about: "1 while replacements of the mapping are blocked; `exotrace mapping unpin` allows them.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "orange")],
            width: 4,
            queries: &[PromQuery { expression: r#"max(exotrace_mapping_pinned{instance=~"$instance"})"#, legend: "" }],
        },
    ],
};
