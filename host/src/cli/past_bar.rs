//! Progress of a past range, for people who wait at a terminal. It is read from the ledger, so that it also shows the work
//! of another process.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use humantime::format_duration;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{
    log,
    run::progress::{bars, show_where_people_see},
};
use crate::{
    app::{ledgers::Ledgers, settings::Config},
    control::about,
    ledger::{Ledger, PastReading},
    support::counted::counted,
};

/// How often it is drawn.
const DRAWN: Duration = Duration::from_millis(500);

/// How finely it is drawn.
const STEPS: u64 = 1000;

/// A bar, until it is dropped.
pub(super) struct PastBar {
    /// Gone when it is to end.
    stop: Option<SyncSender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl PastBar {
    /// Shows on a terminal how far the ledger has come with what it knows by this name, of a source if one is named; logs go
    /// beside it.
    pub(super) fn show(config: &Config, reading: &'static str, source: Option<&str>) -> Self {
        let bars = bars();
        log::start_beside_for_people(bars.clone());
        show_where_people_see(&bars, config);
        if bars.is_hidden() {
            return Self { stop: None, drawing: None };
        }
        let (stop, stopped) = sync_channel(0);
        let named = config.sources.iter().find(|known| Some(known.name()) == source);
        let ledger_name = named.map(|source| source.settings.ledger_name());
        let watched = WatchedReading { config: config.clone(), reading, ledger_name, ledgers: None, first: None };
        let drawing = thread::spawn(move || draw(&bars, watched, &stopped));
        Self { stop: Some(stop), drawing: Some(drawing) }
    }
}

impl Drop for PastBar {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(drawing) = self.drawing.take() {
            drop(drawing.join());
        }
    }
}

/// Draws until it is told to stop.
fn draw(bars: &MultiProgress, mut watched: WatchedReading, stopped: &Receiver<()>) {
    // What does not fit beside it is cut: a line that wraps is never taken away.
    let style = ProgressStyle::with_template("{prefix} {bar:20} {percent:>3}% {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = bars.add(ProgressBar::new(STEPS).with_style(style).with_prefix(watched.reading));
    while stopped.recv_timeout(DRAWN) == Err(RecvTimeoutError::Timeout) {
        if let Some(begun) = watched.look() {
            bar.set_position((begun.fraction() * STEPS as f64) as u64);
            bar.set_message(watched.text(&begun, Instant::now()));
        }
    }
    bar.finish_and_clear();
}

/// What the ledger has of it.
struct WatchedReading {
    config: Config,
    reading: &'static str,
    /// What the ledger calls the source, if one was named.
    ledger_name: Option<String>,
    ledgers: Option<Ledgers>,
    /// How much was done when it was seen first.
    first: Option<(Instant, f64)>,
}

impl WatchedReading {
    fn look(&mut self) -> Option<PastReading> {
        // One that cannot be read now is looked at again; nothing depends on it.
        let ledgers = self.ledgers.take().or_else(|| self.open());
        let begun = ledgers.as_ref()?.past(self.reading, self.ledger_name.as_deref()).ok().flatten();
        // In a cluster, the ledger of a partition may be another one by the time that it is begun.
        let is_kept = begun.is_some() || self.config.cluster.is_none();
        self.ledgers = ledgers.filter(|_| is_kept);
        begun
    }

    fn open(&self) -> Option<Ledgers> {
        let is_cluster = self.config.cluster.is_some();
        let process = is_cluster.then(|| about(&self.config.state_dir).ok().flatten()).flatten();
        let held = process.and_then(|process| process.partitions).unwrap_or_default();
        let ledgers = Ledgers::open(&self.config, &held, Ledger::open_to_read).ok()?;
        (is_cluster || ledgers.own().is_some()).then_some(ledgers)
    }

    /// What stands beside the bar.
    fn text(&mut self, begun: &PastReading, now: Instant) -> String {
        let fraction = begun.fraction();
        let (since, before) = *self.first.get_or_insert((now, fraction));
        let rows = counted(begun.counts.rows(), "row", "rows");
        let took = now.saturating_duration_since(since).as_secs_f64();
        let left = took * (1.0 - fraction) / (fraction - before).max(f64::MIN_POSITIVE);
        match Duration::try_from_secs_f64(left) {
            Ok(left) if fraction > before => {
                format!("{} left, {rows}", format_duration(Duration::from_secs(left.as_secs())))
            }
            _ => rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::DateTime;

    use super::*;
    use crate::ledger::{BACKFILL, PastCounts};

    #[test]
    fn what_is_left_follows_the_pace() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let begun = |done, rows| PastReading {
            source: "a".to_owned(),
            from: at(0),
            to: at(100),
            began_at: at(100),
            read_until: Some(at(done)),
            counts: PastCounts { new: rows, ..PastCounts::default() },
        };
        let settings = include_str!("../../../fixtures/config/good/minimal.toml");
        let config = Config::parse(settings, Path::new("minimal.toml"), &|_| None).unwrap();
        let mut watched = WatchedReading { config, reading: BACKFILL, ledger_name: None, ledgers: None, first: None };
        let now = Instant::now();
        assert_eq!(watched.text(&begun(20, 1), now), "1 row");
        assert_eq!(watched.text(&begun(20, 1), now + Duration::from_secs(5)), "1 row");
        assert_eq!(watched.text(&begun(40, 1200), now + Duration::from_secs(20)), "1m left, 1,200 rows");
    }
}
