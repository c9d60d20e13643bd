//! Every output: what it takes, and what it does not.

use crate::cli::assets::grafana::grafana_panel::{
    GrafanaPanel, GrafanaRow,
    GrafanaView::{Bars, Lines},
    PromQuery,
};

pub(super) const ROW: GrafanaRow = GrafanaRow {
    title: "Outputs",
    panels: &[
        GrafanaPanel {
            title: "Documents delivered",
            about: "Documents that outputs accepted, an hour a bar.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[PromQuery {
                expression: r#"sum by (output) (increase(exotrace_documents_delivered_total{instance=~"$instance"}[$__rate_interval]))"#,
                legend: "{{output}}",
            }],
        },
        GrafanaPanel {
            title: "Refused and duplicate documents",
            about: "Documents that an output can never accept, which become dead letters, and those that it had already.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[
                PromQuery {
                    expression: r#"sum by (output) (increase(exotrace_documents_rejected_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{output}}, refused",
                },
                PromQuery {
                    expression: r#"sum by (output) (increase(exotrace_documents_duplicate_total{instance=~"$instance"}[$__rate_interval]))"#,
                    legend: "{{output}}, duplicate",
                },
            ],
        },
        GrafanaPanel {
            title: "Failed deliveries",
            about: "Deliveries that failed and are retried. Sources wait meanwhile, and nothing is lost.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (output) (increase(exotrace_output_retries_total{instance=~"$instance"}[$__rate_interval]))"#,
                legend: "{{output}}",
            }],
        },
        GrafanaPanel {
            title: "Time to deliver a batch",
            about: "95 % of the batches were accepted faster.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"histogram_quantile(0.95, sum by (le, output) (increase(exotrace_deliver_batch_seconds_bucket{instance=~"$instance"}[$__rate_interval])))"#,
                legend: "{{output}}",
            }],
        },
        GrafanaPanel {
            title: "Dead letters",
            about: "Records and documents that could not be delivered. `exotrace replay` delivers them once the reason is mended.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (instance) (increase(exotrace_dead_letters_total{instance=~"$instance"}[$__rate_interval]))"#,
                legend: "{{instance}}",
            }],
        },
    ],
};
