//! One source at work: polls when it is time, and asks again when something fails.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use super::{Mode, RunError, ServiceCollector, Summary, error::chain, shared::Shared, shutdown::Shutdown};
use crate::{observe::health::Part, support::retry::Backoff};

/// How a daemon asks again when a person has to mend something first: consent, a service principal and a new secret
/// take their time to arrive (ms-api.md, section 1.9).
const SLOWLY: Backoff =
    Backoff { shortest: Duration::from_secs(5 * 60), longest: Duration::from_secs(60 * 60), attempts: u32::MAX };

/// Why a poll ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// Everything was read.
    CaughtUp,
    /// It was told to.
    Stopped,
}

/// Works until it is caught up or told to stop; gives what was done in any case.
pub(super) async fn work(
    mut collector: ServiceCollector,
    shared: Shared,
    mut shutdown: Shutdown,
) -> (Summary, Result<(), RunError>) {
    let mut summary = Summary::default();
    loop {
        let began = Instant::now();
        let polled = poll(&mut collector, &shared, &mut shutdown, &mut summary).await;
        summary.gaps += collector.take_gaps();
        match polled {
            Ok(Ended::CaughtUp) if shared.mode == Mode::Daemon => {}
            Ok(_) | Err(RunError::Abandoned { .. }) => return (summary, Ok(())),
            Err(error) => return (summary, Err(error)),
        }
        if shutdown.or(sleep_until(began + collector.interval)).await.is_none() {
            return (summary, Ok(()));
        }
    }
}

/// Reads a source until it is caught up with the time at which the poll began.
async fn poll(
    collector: &mut ServiceCollector,
    shared: &Shared,
    shutdown: &mut Shutdown,
    summary: &mut Summary,
) -> Result<Ended, RunError> {
    let mut attempt = 1;
    loop {
        let Some(polled) = shutdown.or(collector.next_page(shared)).await else { return Ok(Ended::Stopped) };
        if polled.is_ok() {
            match collector.attention() {
                Some(reason) => shared.health.needs_attention(Part::Source, &collector.label, reason),
                None => shared.health.working(Part::Source, &collector.label),
            }
        }
        let error = match polled {
            Ok(Some(page)) => {
                *summary += collector.deliver(page, shared).await?;
                if attempt > 1 {
                    info!(source = collector.label, "collecting again");
                }
                attempt = 1;
                continue;
            }
            Ok(None) => return Ok(Ended::CaughtUp),
            Err(error) => error,
        };
        if collector.find_detour(shared, &error, attempt).await? {
            continue;
        }
        shared.note_failure(&collector.name, &error).await;
        let Some(delay) = delay(shared, &error, attempt) else { return Err(error) };
        collector.counts.retries.inc();
        let (delay_ms, text) = (delay.as_millis(), chain(&error));
        if error.is_transient() {
            warn!(attempt, delay_ms, error = text, "could not collect; trying again");
            shared.health.retrying(Part::Source, &collector.label, text);
        } else {
            error!(attempt, delay_ms, error = text, "could not collect; trying again");
            shared.health.needs_attention(Part::Source, &collector.label, text);
        }
        if shutdown.or(sleep(delay)).await.is_none() {
            return Ok(Ended::Stopped);
        }
        attempt += 1;
    }
}

/// How long to wait before asking again; `None` when that is no use.
fn delay(shared: &Shared, error: &RunError, attempt: u32) -> Option<Duration> {
    let is_poll = matches!(error, RunError::Poll { .. });
    let backoff = match (shared.mode, error.is_transient()) {
        (Mode::Once, true) => shared.backoff,
        (Mode::Daemon, true) => Backoff { attempts: u32::MAX, ..shared.backoff },
        (Mode::Daemon, false) if is_poll => SLOWLY,
        _ => return None,
    };
    backoff.delay(attempt, error.retry_after(), rand::random())
}
