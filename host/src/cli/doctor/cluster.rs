//! Whether brokers have what a cluster needs.

use std::io;

use crate::{app::settings::Config, cli::report::Report};

/// Looks at the topics, the group and transactions.
#[cfg(feature = "kafka")]
pub(super) async fn examine(config: &Config, report: &mut Report) -> io::Result<()> {
    use crate::cluster;

    let Some(cluster) = &config.cluster else { return Ok(()) };
    report.begin("cluster".to_owned())?;
    report.add_all(cluster::examine(cluster).await)
}

#[cfg(not(feature = "kafka"))]
pub(super) async fn examine(_: &Config, _: &mut Report) -> io::Result<()> {
    Ok(())
}
