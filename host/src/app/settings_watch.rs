//! What has the settings read once more without anybody's asking.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::sleep;
use tracing::info;

use super::settings::Config;
use crate::support::file_watch::WatchedFiles;

/// How often the clock is looked at while a time is waited for: it may be set.
const LOOK: Duration = Duration::from_secs(60);

/// Another key of pseudonyms in a file, the end of an overlap of two keys, and other files in `sources_dir`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettingsWatch {
    keys: WatchedFiles,
    overlap_ends: Option<DateTime<Utc>>,
    sources: WatchedFiles,
}

impl SettingsWatch {
    /// For these settings. Made before the keys are read, so that a change during the reading counts.
    pub(crate) fn of(config: &Config) -> Self {
        let sources = config.source_files.clone();
        let Some(privacy) = &config.mapping.privacy else { return Self { sources, ..Self::default() } };
        let overlap_ends = privacy.overlap_ends(Utc::now());
        let mut files = vec![privacy.key_file.clone()];
        files.extend(privacy.previous.as_ref().filter(|_| overlap_ends.is_some()).map(|it| it.file.clone()));
        Self { keys: WatchedFiles::new(files), overlap_ends, sources }
    }

    /// Waits until the settings are to be read once more; once for each cause.
    pub(crate) async fn is_due(&mut self) {
        let Self { keys, overlap_ends, sources } = self;
        tokio::select! {
            () = keys.changed_for_good() => {
                keys.look_again();
                info!("key of pseudonyms changed");
            }
            () = until(*overlap_ends) => {
                *overlap_ends = None;
                info!("previous key of pseudonyms is not used any more");
            }
            () = sources.changed_for_good() => {
                sources.look_again();
                info!("files of `sources_dir` changed");
            }
        }
    }
}

/// Waits for a time: for ever when there is none.
async fn until(instant: Option<DateTime<Utc>>) {
    let Some(instant) = instant else { return std::future::pending().await };
    while let Ok(left) = (instant - Utc::now()).to_std() {
        sleep(left.min(LOOK)).await;
    }
}
