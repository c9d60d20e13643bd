//! What the program is told by signals.

use std::{
    future::Future,
    io,
    path::Path,
    time::{Duration, Instant},
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};
use tracing::error;

use super::prepare::{Lasting, prepare_again};
use crate::{
    app::{settings_watch::SettingsWatch, start::Ready},
    observe::health::Health,
    support::error_text::explain,
};

/// Signals that come so soon after the first one are the same: `timeout` of GNU sends two, and so may a terminal and a
/// service manager.
const SAME: Duration = Duration::from_secs(1);

/// What somebody wants of the program.
pub(super) enum Wanted {
    End,
    Reload(Box<Ready>),
}

/// What the program is told from outside.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Completes when the program is to end.
    pub(super) async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Completes when the program is to end, or to go on with other settings that are right.
    pub(super) async fn wanted(
        &mut self,
        (path, lasting): (&Path, &Lasting),
        settings: &mut SettingsWatch,
        health: &Health,
    ) -> Wanted {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Wanted::End,
                _ = self.interrupt.recv() => return Wanted::End,
                _ = self.hang_up.recv() => {}
                () = settings.is_due() => {}
            }
            let path = path.to_owned();
            let lasting = lasting.clone();
            let prepared =
                spawn_blocking(move || prepare_again(&path, &lasting)).await.map_err(anyhow::Error::from).flatten();
            match prepared {
                Ok(ready) => return Wanted::Reload(Box::new(ready)),
                Err(error) => {
                    let error = explain(error.as_ref());
                    error!(error, "could not reload the settings; the old ones stay in use");
                    health.settings_refused(error);
                }
            }
        }
    }
}

/// Completes when somebody wants the program to end for the second time.
pub(super) fn second_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let mut first = None;
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if is_second(&mut first, Instant::now()) {
                return;
            }
        }
    })
}

/// Whether a signal at this time is a second one; `first` is when the first came.
fn is_second(first: &mut Option<Instant>, now: Instant) -> bool {
    match first {
        Some(first) => now.saturating_duration_since(*first) > SAME,
        None => {
            *first = Some(now);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_within_a_second_are_one() {
        let (mut first, now) = (None, Instant::now());
        let after = |milliseconds| now + Duration::from_millis(milliseconds);
        let told: Vec<_> = [0, 1, 999, 1000, 1001].map(after).iter().map(|at| is_second(&mut first, *at)).collect();
        assert_eq!(told, [false, false, false, false, true]);
    }
}
