//! Tables for people: columns as wide as they need to be, and no wider than the terminal together.

use std::io::{self, IsTerminal as _, Write};

use terminal_size::{Width, terminal_size};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::paint::Paint;
use crate::support::shown;

/// Between columns.
const GAP: usize = 2;

/// A column is not cut to less.
const NARROWEST: usize = 8;

/// In the place of what is cut off.
const CUT: char = '…';

/// A table. Texts of others are spelled out where a terminal would obey them.
pub(super) struct TextTable {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// The columns that may be cut, the first of them first.
    cut: &'static [usize],
    /// Columns of numbers.
    numbers: &'static [usize],
}

impl TextTable {
    /// A table with these heads. Columns in `cut` may be cut to fit the terminal; those in `numbers` stand to the right.
    pub(super) fn new(heads: Vec<&'static str>, cut: &'static [usize], numbers: &'static [usize]) -> Self {
        Self { heads, rows: Vec::new(), cut, numbers }
    }

    pub(super) fn add(&mut self, row: Vec<String>) {
        self.rows.push(row.iter().map(|text| shown::line(text).into_owned()).collect());
    }

    /// Shows it on standard output, within the width of the terminal if that is one.
    pub(super) fn print(&self, output: &mut impl Write) -> io::Result<()> {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size().filter(|_| is_terminal).map(|(Width(width), _)| usize::from(width));
        self.print_within(width, Paint::on_stdout(), output)
    }

    fn print_within(&self, width: Option<usize>, paint: Paint, output: &mut impl Write) -> io::Result<()> {
        let widths = self.widths(width);
        let heads: Vec<_> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        writeln!(output, "{}", paint.bold(&self.line(&heads, &widths)))?;
        self.rows.iter().try_for_each(|row| writeln!(output, "{}", self.line(row, &widths)))
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<_> = self.heads.iter().map(|head| head.width()).collect();
        for row in &self.rows {
            for (width, text) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        let Some(most) = width else { return widths };
        let all = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        // The widest of those that may be cut goes first, so that none is cut to nothing while another is long.
        while all(&widths) > most {
            let widest = self.cut.iter().copied().filter(|column| widths[*column] > NARROWEST);
            let Some(widest) = widest.max_by_key(|column| widths[*column]) else { break };
            widths[widest] -= 1;
        }
        widths
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (column, (text, width)) in row.iter().zip(widths).enumerate() {
            let text = cut(text, *width);
            let room = " ".repeat(width.saturating_sub(text.width()));
            let is_number = self.numbers.contains(&column);
            line += &if is_number { format!("{room}{text}") } else { format!("{text}{room}") };
            line += &" ".repeat(GAP);
        }
        line.trim_end().to_owned()
    }
}

/// As much of a text as fits.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for it in text.chars() {
        used += it.width().unwrap_or_default();
        if used > width {
            break;
        }
        cut.push(it);
    }
    cut.push(CUT);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(width: Option<usize>) -> String {
        let mut table = TextTable::new(vec!["time", "subject", "rows"], &[1], &[2]);
        table.add(vec!["12:00".to_owned(), "日本語の件名です".to_owned(), "7".to_owned()]);
        table.add(vec!["13:00".to_owned(), "a\x1b[31m\nb".to_owned(), "1,000".to_owned()]);
        let mut output = Vec::new();
        table.print_within(width, Paint::off(), &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        assert_eq!(
            text(None),
            "time   subject            rows\n12:00  日本語の件名です      7\n13:00  a\\u{1b}[31m\\nb    1,000\n"
        );
    }

    #[test]
    fn a_table_fits_the_terminal() {
        assert_eq!(
            text(Some(25)),
            "time   subject       rows\n12:00  日本語の件…      7\n13:00  a\\u{1b}[31…  1,000\n"
        );
        // What may not be cut is not.
        assert_eq!(text(Some(5)), "time   subject    rows\n12:00  日本語…       7\n13:00  a\\u{1b}…  1,000\n");
    }
}
