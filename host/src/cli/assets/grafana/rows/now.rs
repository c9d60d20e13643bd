//! What needs somebody now.

use crate::cli::assets::grafana::grafana_panel::{
    GrafanaPanel, GrafanaRow,
    GrafanaView::{Number, Table},
    PromQuery,
};

pub(super) const ROW: GrafanaRow = GrafanaRow {
    title: "Now",
    panels: &[
        GrafanaPanel {
            title: "Parts that need a person",
            about: "Sources, outputs, ledger and dead letters that do not recover by themselves. /readyz and `exotrace status` say why.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "red")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"sum(exotrace_health{instance=~"$instance",state=~"needs_attention|stalled"})"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Parts that are retried",
            about: "Parts that failed and are tried again. Nothing is lost; half an hour of it raises an alert.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "orange")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"sum(exotrace_health{instance=~"$instance",state="retrying"})"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Behind by",
            about: "How long ago the time was up to which everything was read, of the source that is furthest behind. With a poll an hour, an hour is normal; three hours raise an alert.",
            view: Number,
            unit: "s",
            thresholds: &[(7200.0, "orange"), (10800.0, "red")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"max(time() - exotrace_covered_until_timestamp_seconds{instance=~"$instance",source=~"$source"})"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "New gaps",
            about: "Times in which records may be missing, found in the chosen range. `exotrace status` lists all, `exotrace backfill` reads them again.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "red")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"clamp_min(sum(exotrace_gaps{instance=~"$instance",source=~"$source"}) - (sum(exotrace_gaps{instance=~"$instance",source=~"$source"} offset $__range) or sum(exotrace_gaps{instance=~"$instance",source=~"$source"}) * 0), 0)"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Dead letters",
            about: "Records and documents that could not be delivered, in the chosen range. `exotrace replay --list` says why.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "red")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"round(sum(increase(exotrace_dead_letters_total{instance=~"$instance"}[$__range])))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Firing alerts",
            about: "Alerts of exotrace that fire, where Prometheus has the rules of fixtures/monitoring/alerts.yml; else always 0.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "red")],
            width: 4,
            queries: &[PromQuery {
                expression: r#"count(ALERTS{alertname=~"Exotrace.*",alertstate="firing",instance=~"$instance|"}) or vector(0)"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Parts",
            about: "Every part with its state. A source that starts has had no answer yet.",
            view: Table(&[("instance", "Instance"), ("part", "Part"), ("name", "Name"), ("state", "State")]),
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[PromQuery { expression: r#"exotrace_health{instance=~"$instance"} == 1"#, legend: "" }],
        },
        GrafanaPanel {
            title: "Coverage",
            about: "For each source: how far it is behind, the age of its newest record, gaps, and requests left in five minutes.",
            view: Table(&[
                ("source", "Source"),
                ("Value #A", "Behind by (s)"),
                ("Value #B", "Newest record (s)"),
                ("Value #C", "Gaps"),
                ("Value #D", "Requests left"),
            ]),
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[
                PromQuery {
                    expression: r#"max by (source) (time() - exotrace_covered_until_timestamp_seconds{instance=~"$instance",source=~"$source"})"#,
                    legend: "",
                },
                PromQuery {
                    expression: r#"max by (source) (exotrace_lag_seconds{instance=~"$instance",source=~"$source"})"#,
                    legend: "",
                },
                PromQuery {
                    expression: r#"max by (source) (exotrace_gaps{instance=~"$instance",source=~"$source"})"#,
                    legend: "",
                },
                PromQuery {
                    expression: r#"min by (source) (exotrace_request_budget_left{instance=~"$instance",source=~"$source"})"#,
                    legend: "",
                },
            ],
        },
    ],
};
