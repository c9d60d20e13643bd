//! How long a run waits before it does something again.

use std::time::Duration;

use super::mode::Mode;
use crate::support::retry::Backoff;

/// How a source is asked again that is expected to answer soon: after 2, 4, 8, 16 seconds and so on, or when it says.
pub(crate) const REQUEST_BACKOFF: Backoff =
    Backoff { shortest: Duration::from_secs(2), longest: Duration::from_secs(300), attempts: 5 };

/// How a daemon asks a source again that a person has to mend first: consent, a service principal and a new secret take
/// their time to arrive (host/docs/facts/ms-api.md, section 1.9).
pub(super) const MEND_SOURCE_BACKOFF: Backoff =
    Backoff { shortest: Duration::from_secs(5 * 60), longest: Duration::from_secs(60 * 60), attempts: u32::MAX };

/// How a daemon asks an output again that a person has to mend first.
pub(super) const MEND_OUTPUT_BACKOFF: Backoff =
    Backoff { shortest: Duration::from_secs(30), longest: Duration::from_secs(10 * 60), attempts: u32::MAX };

/// How the ledger and the dead letter are written again, as on a full disk.
const DISK_BACKOFF: Backoff =
    Backoff { shortest: Duration::from_millis(500), longest: Duration::from_secs(30), attempts: 8 };

/// How long to wait before the ledger or the dead letter is written again: a daemon never gives up.
pub(super) fn disk_delay(mode: Mode, attempt: u32) -> Option<Duration> {
    in_mode(DISK_BACKOFF, mode).delay(attempt, None, 0.0)
}

/// The same as often as it takes in a daemon.
pub(super) fn in_mode(backoff: Backoff, mode: Mode) -> Backoff {
    match mode {
        Mode::Once => backoff,
        Mode::Daemon => Backoff { attempts: u32::MAX, ..backoff },
    }
}
