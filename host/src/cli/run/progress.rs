//! How far long passes have come: a bar for each source on a terminal, a line a minute in the log otherwise.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use chrono::SecondsFormat;
use humantime::format_duration;
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::sleep;
use tracing::info;

use crate::{
    app::settings::Config,
    cli::log,
    pipeline::{PollProgress, WatchedSource},
    support::counted::counted,
};

/// How often bars are drawn.
const DRAWN: Duration = Duration::from_millis(500);

/// How often there is a line.
const LOGGED: Duration = Duration::from_secs(60);

/// How long a pass has to take to be worth a line.
const LONG: Duration = Duration::from_secs(30);

/// The longest name beside a bar, in characters.
const MAX_NAME: usize = 20;

/// How finely a bar is drawn.
const STEPS: u64 = 1000;

/// Bars that nobody sees yet: whether people are to see them is in the settings.
pub(in crate::cli) fn bars() -> MultiProgress {
    MultiProgress::with_draw_target(ProgressDrawTarget::hidden())
}

/// Lets people see bars on a terminal, unless documents go there as well.
pub(in crate::cli) fn show_where_people_see(bars: &MultiProgress, config: &Config) {
    let to_stdout = config.outputs.iter().any(|output| output.settings.kind() == "stdout");
    let is_in_the_way = to_stdout && io::stdout().is_terminal();
    let is_shown = io::stderr().is_terminal() && !is_in_the_way && !log::is_quiet() && !log::is_json();
    bars.set_draw_target(if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
}

/// Shows how far the sources have come, until it is dropped.
pub(super) async fn show(sources: Vec<WatchedSource>, bars: MultiProgress) {
    if bars.is_hidden() {
        loop {
            sleep(LOGGED).await;
            tell(&sources, Instant::now());
        }
    }
    let mut shown: Vec<Option<ProgressBar>> = vec![None; sources.len()];
    loop {
        for (source, bar) in sources.iter().zip(&mut shown) {
            let progress = source.progress.borrow().clone();
            match (progress, &mut *bar) {
                (None, None) => {}
                (None, Some(old)) => {
                    old.finish_and_clear();
                    bars.remove(old);
                    *bar = None;
                }
                (Some(progress), bar) => draw(bar.get_or_insert_with(|| bars.add(new_bar(&source.name))), &progress),
            }
        }
        sleep(DRAWN).await;
    }
}

fn new_bar(name: &str) -> ProgressBar {
    // What does not fit beside it is cut: a line that wraps is never taken away.
    let style = ProgressStyle::with_template("{prefix} {bar:20} {percent:>3}% {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(STEPS).with_style(style).with_prefix(short(name))
}

/// A name that leaves room for the rest.
fn short(name: &str) -> String {
    if name.chars().count() <= MAX_NAME {
        return name.to_owned();
    }
    name.chars().take(MAX_NAME - 1).chain(['…']).collect()
}

fn draw(bar: &ProgressBar, progress: &PollProgress) {
    bar.set_position((progress.fraction() * STEPS as f64) as u64);
    bar.set_message(text(progress, Instant::now()));
}

/// What stands beside a bar.
fn text(progress: &PollProgress, now: Instant) -> String {
    let per_second = progress.rows_per_second(now).round() as u64;
    // What is wanted most comes first: on a narrow terminal the rest is cut.
    let mut text = String::new();
    if let Some(left) = progress.left(now) {
        text += &format!("{} left", format_duration(Duration::from_secs(left.time.as_secs())));
        text += if left.is_by_budget { " by the request budget, " } else { ", " };
    }
    text += &format!("{}, {}/s", counted(progress.rows, "row", "rows"), HumanCount(per_second));
    if let Some(window) = progress.window {
        let [start, end] = [window.start, window.end].map(|time| time.format("%Y-%m-%d %H:%M"));
        text += &format!(", {start} to {end}");
    }
    text
}

/// A line for every source whose pass has taken so long.
fn tell(sources: &[WatchedSource], now: Instant) {
    for source in sources {
        let Some(progress) = source.progress.borrow().clone() else { continue };
        if progress.took(now) < LONG {
            continue;
        }
        let time = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let left = progress.left(now);
        info!(
            source = source.name,
            percent = (progress.fraction() * 100.0) as u64,
            rows = progress.rows,
            rows_per_second = progress.rows_per_second(now) as u64,
            window_start = progress.window.map(|window| time(window.start)),
            window_end = progress.window.map(|window| time(window.end)),
            left_s = left.map(|left| left.time.as_secs()),
            left_by_budget = left.map(|left| left.is_by_budget),
            "collecting"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use tokio::sync::watch;

    use super::*;

    /// What is logged for a source at that time after its pass began.
    fn logged(after: Duration) -> Vec<Value> {
        let progress = PollProgress::example();
        let now = progress.began + after;
        let (_teller, progress) = watch::channel(Some(progress));
        let source = WatchedSource { name: "graph".to_owned(), progress };
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
        tracing::subscriber::with_default(subscriber, || tell(&[source], now));
        let text = std::fs::read_to_string(file.path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_long_pass_has_a_line_in_the_log() {
        assert_eq!(logged(Duration::from_secs(29)).len(), 0);
        let lines = logged(Duration::from_secs(60));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let expected = json!({
            "message": "collecting", "source": "graph", "percent": 10, "rows": 90_000, "rows_per_second": 1500,
            "window_start": "2026-03-01T00:00:00Z", "window_end": "2026-03-02T00:00:00Z", "left_s": 2700,
            "left_by_budget": true,
        });
        assert_eq!(line["fields"], expected);
    }

    #[test]
    fn what_stands_beside_a_bar_is_short() {
        let progress = PollProgress::example();
        let text = text(&progress, progress.began + Duration::from_secs(60));
        assert_eq!(text, "45m left by the request budget, 90,000 rows, 1,500/s, 2026-03-01 00:00 to 2026-03-02 00:00");
    }
}
