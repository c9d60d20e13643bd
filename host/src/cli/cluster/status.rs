//! `exotrace cluster status`: which process collects which sources, and when each was read last.

use std::process::ExitCode;

use clap::Args;

use super::cluster_settings;
use crate::cli::settings_file::SettingsFile;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace cluster status exotrace.toml\n  exotrace cluster status --json --config exotrace.toml"
)]
pub(in crate::cli) struct ClusterStatusArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Ends with 0 when every source is collected and read, and with 1 when somebody has to look.
#[cfg(feature = "kafka")]
pub(super) fn run(arguments: &ClusterStatusArguments) -> anyhow::Result<ExitCode> {
    use std::io::{self, Write as _};

    use crate::{app::start, cluster::overview};

    let (config, cluster) = cluster_settings::load(&arguments.settings.path())?;
    // With a runtime, since the client of an identity provider has one.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = runtime.enter();
    let overview = overview(&cluster, &start::shared_sources(&config))?;
    let mut output = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut output, &overview)?;
        writeln!(output)?;
    } else {
        print::overview(&overview, &mut output)?;
    }
    Ok(ExitCode::from(u8::from(overview.needs_attention())))
}

#[cfg(not(feature = "kafka"))]
pub(super) fn run(arguments: &ClusterStatusArguments) -> anyhow::Result<ExitCode> {
    cluster_settings::load(&arguments.settings.path())?;
    anyhow::bail!("this program is built without Kafka\nhint: {}", crate::kafka::NOT_BUILT_IN)
}

#[cfg(feature = "kafka")]
mod print {
    use std::io::{self, Write};

    use chrono::Utc;

    use crate::{
        cli::table::TextTable,
        cluster::{ClusterOverview, ClusterProcess, DecisionState, OwnedSource, SourceTrouble},
        support::{
            ranges::ranges,
            time_text::{ago, time},
        },
    };

    pub(super) fn overview(overview: &ClusterOverview, output: &mut impl Write) -> io::Result<()> {
        let ClusterOverview { group, ledger_topic, partitions, state, .. } = overview;
        writeln!(
            output,
            "group `{group}` is {}, topic `{ledger_topic}` has {partitions} partitions\n",
            state.to_lowercase()
        )?;
        if let Some(decision) = &overview.mapping {
            let (mapping, by) = (decision.mapping.shown(), &decision.by);
            let what = if decision.is_rollback { "went back to" } else { "was given" };
            writeln!(output, "it {what} mapping {mapping} {} by {by}\n", ago(Some(decision.at), Utc::now()))?;
        }
        let heads = vec!["PROCESS", "FROM", "PARTITIONS", "SOURCES", "MAPPING"];
        let mut processes = TextTable::new(heads, &[4, 2], &[3]);
        for member in &overview.processes {
            let of_it = |source: &&OwnedSource| source.process.as_ref() == Some(&member.name);
            let sources = overview.sources.iter().filter(of_it).count().to_string();
            processes.add(vec![
                member.name.clone(),
                member.host.clone(),
                ranges(&member.partitions),
                sources,
                mapping(member),
            ]);
        }
        processes.print(output)?;
        writeln!(output)?;
        let mut sources = TextTable::new(vec!["SOURCE", "PARTITION", "PROCESS", "LAST READ", "FAILURE"], &[4, 0], &[1]);
        for source in &overview.sources {
            let read = source.polled_at.map_or_else(|| "never".to_owned(), |at| ago(Some(at), Utc::now()));
            let process = source.process.clone().unwrap_or_else(|| "none".to_owned());
            sources.add(vec![source.name.clone(), source.partition.to_string(), process, read, trouble(source)]);
        }
        sources.print(output)
    }

    /// Why somebody has to look at a source; that nobody collects it is said with its process.
    fn trouble(source: &OwnedSource) -> String {
        let failure = source.failure.as_deref().and_then(|failure| failure.lines().next());
        match (source.trouble, source.polled_at) {
            (Some(SourceTrouble::NeverRead), _) => "never read".to_owned(),
            (Some(SourceTrouble::NotRead), Some(polled_at)) => format!("not read since {}", time(polled_at)),
            _ => failure.filter(|_| source.failed_at.is_some()).unwrap_or_default().to_owned(),
        }
    }

    /// What became of the decision about the mapping.
    fn mapping(member: &ClusterProcess) -> String {
        let Some(report) = &member.mapping else { return String::new() };
        let reason = report.reason.as_deref().and_then(|reason| reason.lines().next());
        match (report.state, reason) {
            (DecisionState::Taken, _) => report.mapping.clone(),
            (state, None) => format!("{} ({})", report.mapping, state.as_str()),
            (state, Some(reason)) => format!("{} ({}: {reason})", report.mapping, state.as_str()),
        }
    }
}
