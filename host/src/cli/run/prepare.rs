//! From the settings file to a run that can begin.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::{
    app::{
        settings::Config,
        start::{self, Ready},
    },
    cli::settings_file,
    cluster::ClusterConfig,
};

const OTHER_LEDGER: &str = "hint: that is another ledger: restart exotrace to go on with it; a reload cannot do that";

/// Reads the settings and gets ready all that they name; touches nothing that a run beside may be using.
pub(super) fn prepare(config: &Path) -> anyhow::Result<Ready> {
    let config = settings_file::load(config)?;
    start::ready(&config, start::geo(&config)?)
}

/// What a reload cannot change: with another of it, a run knows nothing of what is done, and would begin again.
#[derive(Clone)]
pub(super) struct Lasting {
    state_dir: PathBuf,
    cluster: Option<ClusterConfig>,
}

impl Lasting {
    /// What lasts of these settings.
    pub(super) fn of(config: &Config) -> Self {
        Self { state_dir: config.state_dir.clone(), cluster: config.cluster.clone() }
    }

    fn check(&self, config: &Config) -> anyhow::Result<()> {
        if !is_same_folder(&config.state_dir, &self.state_dir) {
            let (new, old) = (config.state_dir.display(), self.state_dir.display());
            bail!(
                "`state_dir` is `{new}` now, and this process uses `{old}`\n\
                 hint: to move the state, stop exotrace, move the folder, and start again; a reload cannot do that"
            );
        }
        let (new, old) = match (&config.cluster, &self.cluster) {
            (None, None) => return Ok(()),
            (Some(new), Some(old)) => (new, old),
            (None, Some(_)) => {
                bail!("`[cluster]` is not in the settings now, and this process is one of a cluster\n{OTHER_LEDGER}")
            }
            (Some(_), None) => {
                bail!("`[cluster]` is in the settings now, and this process collects alone\n{OTHER_LEDGER}")
            }
        };
        for (key, new, old) in
            [("group", &new.group, &old.group), ("ledger_topic", &new.ledger_topic, &old.ledger_topic)]
        {
            if new != old {
                bail!("`cluster.{key}` is `{new}` now, and this process uses `{old}`\n{OTHER_LEDGER}");
            }
        }
        Ok(())
    }
}

/// The same for a run that is to go on with what lasts.
pub(super) fn prepare_again(path: &Path, lasting: &Lasting) -> anyhow::Result<Ready> {
    let config = settings_file::load(path)?;
    lasting.check(&config)?;
    start::ready(&config, start::geo(&config)?)
}

/// Whether both paths lead to the same folder; one that is not there is another one.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    place(one) == place(other)
}
