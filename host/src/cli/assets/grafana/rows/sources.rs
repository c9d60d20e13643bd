//! Every source: what it reads, how far it is, and what it costs.

use crate::cli::assets::grafana::grafana_panel::{
    GrafanaPanel, GrafanaRow,
    GrafanaView::{Bars, Lines},
    PromQuery,
};

pub(super) const ROW: GrafanaRow = GrafanaRow {
    title: "Sources",
    panels: &[
        GrafanaPanel {
            title: "Records read",
            about: "Records by source, an hour a bar. A source that falls silent is worth a look.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[PromQuery {
                expression: r#"sum by (source) (increase(exotrace_records_read_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Behind by",
            about: "How long ago the time was up to which everything was read. It rises from poll to poll.",
            view: Lines,
            unit: "s",
            thresholds: &[(7200.0, "orange"), (10800.0, "red")],
            width: 12,
            queries: &[PromQuery {
                expression: r#"max by (source) (time() - exotrace_covered_until_timestamp_seconds{instance=~"$instance",source=~"$source"})"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Repeated, changed and late records",
            about: "What is read again: delivered before, with another status, or new in a time that was covered.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 12,
            queries: &[
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_records_repeated_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, delivered before",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_records_changed_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, changed",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_records_late_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, late",
                },
            ],
        },
        GrafanaPanel {
            title: "Lateness and look-back",
            about: "By how much records come late (99.9 %, over a day), and how far back polls read again. The look-back has to be the longer one.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 12,
            queries: &[
                PromQuery {
                    expression: r#"histogram_quantile(0.999, sum by (source, le) (increase(exotrace_record_lateness_seconds_bucket{instance=~"$instance",source=~"$source"}[1d])))"#,
                    legend: "{{source}}, lateness",
                },
                PromQuery {
                    expression: r#"max by (source) (exotrace_look_back_seconds{instance=~"$instance",source=~"$source"})"#,
                    legend: "{{source}}, look-back",
                },
            ],
        },
        GrafanaPanel {
            title: "Age of the newest record",
            about: "How long ago the newest delivered record was received. A quiet tenant has old ones.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"max by (source) (exotrace_lag_seconds{instance=~"$instance",source=~"$source"})"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Last answer",
            about: "How long ago a page, empty or not, or a part of a file was finished.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"max by (source) (time() - exotrace_last_page_timestamp_seconds{instance=~"$instance",source=~"$source"})"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Failed requests",
            about: "Requests that failed and are retried, and files that could not be read. The log says why.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_source_retries_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, retried",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_files_unread_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, files not read",
                },
            ],
        },
        GrafanaPanel {
            title: "Time for a page",
            about: "How long the service took for a page: half of the pages were faster than the first, 95 % than the second.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"histogram_quantile(0.5, sum by (le, source) (increase(exotrace_request_seconds_bucket{instance=~"$instance",source=~"$source"}[$__rate_interval])))"#,
                    legend: "{{source}}, 50 %",
                },
                PromQuery {
                    expression: r#"histogram_quantile(0.95, sum by (le, source) (increase(exotrace_request_seconds_bucket{instance=~"$instance",source=~"$source"}[$__rate_interval])))"#,
                    legend: "{{source}}, 95 %",
                },
            ],
        },
        GrafanaPanel {
            title: "Request budget",
            about: "Requests left for the tenant in five minutes, of those that are allowed.",
            view: Lines,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"min by (source) (exotrace_request_budget_left{instance=~"$instance",source=~"$source"})"#,
                    legend: "{{source}}, left",
                },
                PromQuery {
                    expression: r#"max by (source) (exotrace_request_budget{instance=~"$instance",source=~"$source"})"#,
                    legend: "{{source}}, allowed",
                },
            ],
        },
        GrafanaPanel {
            title: "Waiting for the budget",
            about: "Seconds an hour that requests waited for the budget. A larger `batch_size` needs fewer requests.",
            view: Bars,
            unit: "s",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (source) (increase(exotrace_budget_wait_seconds_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Pages read",
            about: "Pages that services returned, by source.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (source) (increase(exotrace_pages_read_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Details of deliveries",
            about: "Deliveries whose steps were read, and those whose steps cannot be had. Needs `[source.details]`.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_details_read_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, read",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_details_missing_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, not available",
                },
            ],
        },
        GrafanaPanel {
            title: "Messages not delivered yet",
            about: "Messages of a topic that are not delivered yet, and those that the topic deleted before they were read. A source of kind `kafka` has them; the first should fall back to a few, the second be 0.",
            view: Lines,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"sum by (source) (exotrace_lag_messages{instance=~"$instance",source=~"$source"})"#,
                    legend: "{{source}}",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_messages_missed_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, deleted unread",
                },
            ],
        },
        GrafanaPanel {
            title: "Shared sources",
            about: "Partitions and sources that each process of a cluster has. The sum of all processes stays the same.",
            view: Lines,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"sum by (instance) (exotrace_cluster_partitions{instance=~"$instance"})"#,
                    legend: "{{instance}}, partitions",
                },
                PromQuery {
                    expression: r#"sum by (instance) (exotrace_source_owner{instance=~"$instance",source=~"$source"})"#,
                    legend: "{{instance}}, sources",
                },
                PromQuery {
                    expression: r#"sum by (instance) (exotrace_cluster_mapping_differs{instance=~"$instance"})"#,
                    legend: "{{instance}}, another mapping than decided",
                },
            ],
        },
        GrafanaPanel {
            title: "Odd dates",
            about: "Records left to other windows, with an impossible date, and coverage that was in the future: clocks are wrong.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_records_skipped_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, left to other windows",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_records_misdated_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, impossible date",
                },
                PromQuery {
                    expression: r#"sum by (source) (increase(exotrace_coverage_taken_back_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                    legend: "{{source}}, coverage taken back",
                },
            ],
        },
        GrafanaPanel {
            title: "Raw records kept",
            about: "Bytes that the archive took, compressed, by source.",
            view: Bars,
            unit: "bytes",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (source) (increase(exotrace_archived_bytes_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Raw records kept, by number",
            about: "Records that the archive took, by source.",
            view: Bars,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"sum by (source) (increase(exotrace_archived_records_total{instance=~"$instance",source=~"$source"}[$__rate_interval]))"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Backfill",
            about: "How much of a backfill is read; 1 when there is none.",
            view: Lines,
            unit: "percentunit",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"min by (source) (exotrace_backfill_ratio{instance=~"$instance",source=~"$source"})"#,
                legend: "{{source}}",
            }],
        },
        GrafanaPanel {
            title: "Access token",
            about: "How long the access token is still good for; it is renewed before it ends.",
            view: Lines,
            unit: "s",
            thresholds: &[],
            width: 4,
            queries: &[PromQuery {
                expression: r#"min by (source) (exotrace_token_expiry_timestamp_seconds{instance=~"$instance",source=~"$source"} - time())"#,
                legend: "{{source}}",
            }],
        },
    ],
};
