//! Settings that are those of a cluster.

use std::path::Path;

use anyhow::anyhow;

use crate::{
    app::{settings::Config, unusable::Unusable},
    cli::settings_file,
    cluster::ClusterConfig,
};

/// The settings, which are those of a cluster.
pub(in crate::cli) fn load(path: &Path) -> anyhow::Result<(Config, ClusterConfig)> {
    let config = settings_file::load(path)?;
    match config.cluster.clone() {
        Some(cluster) => Ok((config, cluster)),
        None => Err(anyhow!("`{}` has no `[cluster]`", path.display()).context(Unusable)),
    }
}
