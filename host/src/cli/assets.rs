//! `exotrace assets`: dashboards and saved searches for the programs that people look with.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, ValueEnum};

use super::exit::Usage;
use crate::config::namespace_problem;

mod apply;
mod asset_format;
mod content;
mod data_view;
mod grafana;
mod kibana;
mod open_search;

use apply::{ApplyOptions, apply};
use asset_format::{Assets, lines};
use data_view::DataView;
use kibana::KibanaForm;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace assets kibana > exotrace.ndjson\n  exotrace assets kibana --apply --url https://kibana.example.com:5601 --api-key-file key\n  exotrace assets opensearch --apply --url https://dashboards.example.com --username admin --password-file password\n  exotrace assets grafana --apply --url https://grafana.example.com --bearer-token-file token"
)]
pub(super) struct AssetsArguments {
    /// What they are for.
    #[arg(value_enum)]
    kind: AssetKind,
    /// For the data stream of this namespace alone, not for all.
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    namespace: Option<String>,
    /// Where links of the dashboard of Grafana find this documentation.
    #[arg(long, value_name = "URL", default_value = env!("CARGO_PKG_REPOSITORY"))]
    docs_url: String,
    /// Put them where `--url` says, over those that are there.
    #[arg(long, requires = "url")]
    apply: bool,
    #[command(flatten)]
    options: ApplyOptions,
}

/// Programs that show documents or metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AssetKind {
    /// Kibana 8.10 and later, and 9: a data view, a dashboard and saved searches.
    Kibana,
    /// The same in a form that Kibana 8.6 to 8.9 reads as well.
    #[value(name = "kibana-8")]
    Kibana8,
    /// OpenSearch Dashboards: an index pattern, visualizations, a dashboard and saved searches.
    #[value(name = "opensearch")]
    OpenSearch,
    /// Grafana: a dashboard of the metrics.
    Grafana,
}

pub(super) fn run(arguments: &AssetsArguments) -> anyhow::Result<ExitCode> {
    if arguments.kind == AssetKind::Grafana && arguments.namespace.is_some() {
        return Err(Usage("`--namespace` is for documents, and Grafana shows metrics".to_owned()).into());
    }
    let assets = assets(arguments);
    if arguments.apply {
        apply(&assets, &arguments.options)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut output = io::stdout().lock();
    match assets {
        Assets::SavedObjects { objects, .. } => output.write_all(&lines(&objects))?,
        Assets::GrafanaDashboard(dashboard) => {
            serde_json::to_writer_pretty(&mut output, &dashboard)?;
            writeln!(output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn assets(arguments: &AssetsArguments) -> Assets {
    let view = DataView::new(arguments.namespace.as_deref());
    let kibana = |form| Assets::SavedObjects { objects: kibana::objects(&view, form), header: "kbn-xsrf" };
    match arguments.kind {
        AssetKind::Kibana => kibana(KibanaForm::Current),
        AssetKind::Kibana8 => kibana(KibanaForm::Kibana8),
        AssetKind::OpenSearch => Assets::SavedObjects { objects: open_search::objects(&view), header: "osd-xsrf" },
        AssetKind::Grafana => Assets::GrafanaDashboard(grafana::dashboard(arguments.docs_url.trim_end_matches('/'))),
    }
}

/// Checks a namespace.
fn namespace(text: &str) -> Result<String, String> {
    match namespace_problem(text) {
        Some(problem) => Err(format!("a namespace {problem}")),
        None => Ok(text.to_owned()),
    }
}
