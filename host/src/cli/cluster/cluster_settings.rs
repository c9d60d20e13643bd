//! Settings that are those of a cluster.

use anyhow::anyhow;

use crate::{
    app::{settings::Config, unusable::Unusable},
    cli::settings_file::SettingsFile,
    cluster::ClusterConfig,
};

/// The settings, which are those of a cluster.
pub(super) fn load(file: &SettingsFile) -> anyhow::Result<(Config, ClusterConfig)> {
    let config = file.load()?;
    match config.cluster.clone() {
        Some(cluster) => Ok((config, cluster)),
        None => Err(anyhow!("`{}` has no `[cluster]`", file.path().display()).context(Unusable)),
    }
}
