//! `exotrace cluster create`: the topics that keep the ledger and decisions about the mapping.

use std::process::ExitCode;

use clap::Args;

use super::cluster_settings;
use crate::cli::settings_file::SettingsFile;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  exotrace cluster create --partitions 64 exotrace.toml\n  exotrace cluster create --partitions 64 --replication-factor 3 --config exotrace.toml"
)]
pub(in crate::cli) struct CreateArguments {
    #[command(flatten)]
    settings: SettingsFile,
    /// Number of partitions, the maximum number of processes that share the sources. It cannot be changed later.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
    /// Number of brokers that keep each partition. Default: that of the brokers.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=100))]
    replication_factor: Option<i32>,
}

#[cfg(feature = "kafka")]
pub(super) fn run(arguments: &CreateArguments) -> anyhow::Result<ExitCode> {
    use crate::{
        cli::exit::say,
        cluster::{CreatedTopic, Creation, create},
        support::counted::counted,
    };

    let (_, cluster) = cluster_settings::load(&arguments.settings.path())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let created = runtime.block_on(create(&cluster, arguments.partitions, arguments.replication_factor))?;
    for CreatedTopic { topic, partitions, creation } in created {
        let partitions = counted(partitions.unsigned_abs().into(), "partition", "partitions");
        say(&match creation {
            Creation::Made => format!("created topic `{topic}` with {partitions}"),
            Creation::WasThere => format!("topic `{topic}` with {partitions} is there already"),
        });
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "kafka"))]
pub(super) fn run(arguments: &CreateArguments) -> anyhow::Result<ExitCode> {
    cluster_settings::load(&arguments.settings.path())?;
    anyhow::bail!("this program is built without Kafka\nhint: {}", crate::kafka::NOT_BUILT_IN)
}
