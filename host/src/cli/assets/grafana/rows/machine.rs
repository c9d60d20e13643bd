//! What the process uses of its machine.

use crate::cli::assets::grafana::grafana_panel::{
    GrafanaPanel, GrafanaRow,
    GrafanaView::{Lines, Name, Number},
    PromQuery,
};

pub(super) const ROW: GrafanaRow = GrafanaRow {
    title: "Machine",
    panels: &[
        GrafanaPanel {
            title: "Memory",
            about: "Resident memory of the process.",
            view: Lines,
            unit: "bytes",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"process_resident_memory_bytes{instance=~"$instance"}"#,
                legend: "{{instance}}",
            }],
        },
        GrafanaPanel {
            title: "Processor",
            about: "Processors that the process kept busy.",
            view: Lines,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[PromQuery {
                expression: r#"rate(process_cpu_seconds_total{instance=~"$instance"}[$__rate_interval])"#,
                legend: "{{instance}}",
            }],
        },
        GrafanaPanel {
            title: "Open files",
            about: "Open files and sockets, and how many are allowed.",
            view: Lines,
            unit: "short",
            thresholds: &[],
            width: 8,
            queries: &[
                PromQuery { expression: r#"process_open_fds{instance=~"$instance"}"#, legend: "{{instance}}" },
                PromQuery { expression: r#"process_max_fds{instance=~"$instance"}"#, legend: "{{instance}}, allowed" },
            ],
        },
        GrafanaPanel {
            title: "Running for",
            about: "How long ago the process was started. A short time that nobody planned is a restart.",
            view: Number,
            unit: "s",
            thresholds: &[],
            width: 6,
            queries: &[PromQuery {
                expression: r#"min(time() - process_start_time_seconds{instance=~"$instance"})"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Restarts",
            about: "How often the process started again in the chosen range.",
            view: Number,
            unit: "short",
            thresholds: &[(1.0, "orange")],
            width: 6,
            queries: &[PromQuery {
                expression: r#"sum(changes(process_start_time_seconds{instance=~"$instance"}[$__range]))"#,
                legend: "",
            }],
        },
        GrafanaPanel {
            title: "Version",
            about: "Version of the program, by instance.",
            view: Name,
            unit: "short",
            thresholds: &[],
            width: 6,
            queries: &[PromQuery {
                expression: r#"exotrace_build_info{instance=~"$instance"}"#,
                legend: "{{version}}",
            }],
        },
        GrafanaPanel {
            title: "Ledger",
            about: "1 when the ledger can be read. Without it, coverage, gaps, budget and token are not shown.",
            view: Number,
            unit: "short",
            thresholds: &[],
            width: 6,
            queries: &[PromQuery { expression: r#"min(exotrace_ledger_readable{instance=~"$instance"})"#, legend: "" }],
        },
    ],
};
