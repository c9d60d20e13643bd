//! Whether brokers have what a cluster needs.

use std::io;

use crate::{
    app::settings::Config,
    cli::report::Report,
    support::finding::{Finding, Findings as _},
};

const STEP: &str = "ledger topic";

/// Looks at the ledger topic, and at the group.
#[cfg(feature = "kafka")]
pub(super) async fn examine(config: &Config, report: &mut Report) -> io::Result<()> {
    use tokio::task::spawn_blocking;

    use crate::{app::start, cluster::overview, support::counted::counted};

    let Some(cluster) = config.cluster.clone() else { return Ok(()) };
    report.begin("cluster".to_owned())?;
    let sources = start::shared_sources(config);
    let finding = match spawn_blocking(move || overview(&cluster, &sources)).await.map_err(io::Error::other)? {
        Ok(found) => {
            let partitions = counted(found.partitions.unsigned_abs().into(), "partition", "partitions");
            let processes = counted(found.processes.len() as u64, "process runs", "processes run");
            Finding::ok(STEP, &format!("`{}` has {partitions}; {processes}", found.ledger_topic))
        }
        Err(error) => Finding::error(STEP, &error),
    };
    report.add(finding)
}

#[cfg(not(feature = "kafka"))]
pub(super) async fn examine(_: &Config, _: &mut Report) -> io::Result<()> {
    Ok(())
}
