//! From the settings file to a run that can begin.

use std::path::Path;

use anyhow::bail;

use crate::{
    app::start::{self, Ready},
    cli::settings_file,
};

/// Reads the settings and gets ready all that they name; touches nothing that a run beside may be using.
pub(super) fn prepare(config: &Path) -> anyhow::Result<Ready> {
    let config = settings_file::load(config)?;
    start::ready(&config, start::geo(&config)?)
}

/// The same for a run that is to go on in the state folder that this process uses: another one knows nothing of what is
/// done, and would begin again.
pub(super) fn prepare_again(path: &Path, state_dir: &Path) -> anyhow::Result<Ready> {
    let config = settings_file::load(path)?;
    if !is_same_folder(&config.state_dir, state_dir) {
        let (new, old) = (config.state_dir.display(), state_dir.display());
        bail!(
            "`state_dir` is `{new}` now, and this process uses `{old}`\n\
             hint: to move the state, stop exotrace, move the folder, and start again; a reload cannot do that"
        );
    }
    start::ready(&config, start::geo(&config)?)
}

/// Whether both paths lead to the same folder; one that is not there is another one.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    place(one) == place(other)
}
