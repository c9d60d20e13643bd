//! Shows the report again and again, until somebody interrupts it or nobody reads it any more.

use std::{
    io::{self, IsTerminal as _, Write},
    process::ExitCode,
    time::Duration,
};

use chrono::Utc;
use terminal_size::{Height, Width, terminal_size};
use tokio::{
    io::{Interest, unix::AsyncFd},
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use unicode_width::UnicodeWidthChar as _;

use super::{gather::gather, print};
use crate::{
    app::settings::Config,
    support::{error_text::explain, shown::ForPeople},
};

/// To the upper left corner, without clearing what stands there: so nothing flickers.
const HOME: &str = "\x1b[H";

/// Clears what stands behind, in this line and in all below it.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Shows the report every so often.
pub(super) fn watch(
    config: &Config,
    refused: Option<&str>,
    is_json: bool,
    every: Duration,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Made before the first report: no interrupt is missed while one is gathered.
        let mut interrupts = signal(SignalKind::interrupt())?;
        // Of a file, nobody stops reading.
        #[expect(deprecated, reason = "the new name is unsafe, and standard output stays open as long as the process")]
        let stdout = AsyncFd::with_interest(io::stdout(), Interest::ERROR).ok();
        loop {
            show(config, refused, is_json, &mut io::stdout().lock())?;
            let closed = async {
                match &stdout {
                    Some(stdout) => drop(stdout.ready(Interest::ERROR).await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep(every) => {}
                () = closed => return Ok(ExitCode::SUCCESS),
                _ = interrupts.recv() => return Ok(ExitCode::SUCCESS),
            }
        }
    })
}

/// What can be seen now: in place of what could be seen before on a terminal, below it elsewhere. What cannot be read
/// now may be the next time.
fn show(config: &Config, refused: Option<&str>, is_json: bool, output: &mut impl Write) -> anyhow::Result<()> {
    let mut text = Vec::new();
    match gather(config, refused.map(str::to_owned), Utc::now()) {
        Ok(report) if is_json => {
            serde_json::to_writer(&mut text, &report)?;
            text.push(b'\n');
        }
        Ok(report) => print::report(&report, &mut ForPeople(&mut text))?,
        Err(error) if is_json => {
            serde_json::to_writer(
                &mut text,
                &serde_json::json!({ "at": Utc::now(), "error": explain(error.as_ref()) }),
            )?;
            text.push(b'\n');
        }
        Err(error) => writeln!(ForPeople(&mut text), "error: {}", explain(error.as_ref()))?,
    }
    let size = terminal_size().filter(|_| !is_json && io::stdout().is_terminal());
    match size {
        Some((Width(width), Height(height))) => {
            let text = String::from_utf8_lossy(&text);
            output.write_all(screen(&text, width.into(), height.into()).as_bytes())?;
        }
        None if is_json => output.write_all(&text)?,
        None => {
            output.write_all(&text)?;
            output.write_all(b"\n")?;
        }
    }
    output.flush()?;
    Ok(())
}

/// What of a text fits on a screen, to be drawn over what is on it.
fn screen(text: &str, width: usize, height: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    // Below the last line stands the cursor.
    let room = height.saturating_sub(1).max(1);
    let is_cut = lines.len() > room;
    let shown = if is_cut { room.saturating_sub(1) } else { lines.len() };
    let mut screen = HOME.to_owned();
    for line in lines.iter().take(shown) {
        screen += &(fitting(line, width) + CLEAR_LINE + "\n");
    }
    if is_cut {
        let more = format!("and {} more lines: without `--watch`, all are shown", lines.len() - shown);
        screen += &(fitting(&more, width) + CLEAR_LINE + "\n");
    }
    screen + CLEAR_BELOW
}

/// The beginning of a line that fits: one that wraps would push the others down.
fn fitting(line: &str, width: usize) -> String {
    let mut used = 0;
    line.chars()
        .take_while(|character| {
            used += character.width().unwrap_or_default();
            used <= width
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_on_a_screen_is_drawn_over_what_was_there() {
        assert_eq!(screen("one\ntwo\n", 80, 24), "\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J");
        assert_eq!(screen("漢字漢", 5, 24), "\x1b[H漢字\x1b[K\n\x1b[J");
        let drawn = screen("1\n2\n3\n4\n5", 80, 4);
        assert_eq!(drawn, "\x1b[H1\x1b[K\n2\x1b[K\nand 3 more lines: without `--watch`, all are shown\x1b[K\n\x1b[J");
    }
}
