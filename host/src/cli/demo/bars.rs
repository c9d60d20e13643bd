//! How many documents have which value, as bars.

use std::collections::BTreeMap;

use indicatif::HumanCount;

use crate::cli::paint::Paint;

/// The longest bar, in columns.
const LONGEST: usize = 40;

/// The longest name that is shown whole.
const LONGEST_NAME: usize = 24;

/// The most bars of one kind.
const MOST: usize = 8;

/// The bars of these values, the longest first; none of them is wider than `columns`.
pub(super) fn bars(title: &str, values: impl Iterator<Item = String>, columns: usize, paint: Paint) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(left_name, left), (right_name, right)| right.cmp(left).then(left_name.cmp(right_name)));
    if counts.len() > MOST {
        let others = counts.drain(MOST - 1..).map(|(_, count)| count).sum();
        counts.push(("others".to_owned(), others));
    }
    let name_columns = counts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default().min(LONGEST_NAME);
    let largest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let number_columns = HumanCount(largest as u64).to_string().len();
    // Two columns before, and two between.
    let room = columns.saturating_sub(name_columns + number_columns + 6).clamp(1, LONGEST);
    let mut lines = vec![paint.bold(title)];
    for (name, count) in counts {
        let name = cut(&name, name_columns);
        let number = format!("{:>number_columns$}", HumanCount(count as u64).to_string());
        let bar = "█".repeat((count * room).div_ceil(largest.max(1)));
        lines.push(format!("  {name:name_columns$}  {number}  {}", paint.key(&bar)));
    }
    lines
}

/// A text of at most this many characters.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[(&str, usize)], columns: usize) -> Vec<String> {
        let values = values.iter().flat_map(|(value, count)| std::iter::repeat_n((*value).to_owned(), *count));
        bars("By outcome", values, columns, Paint::none())
    }

    #[test]
    fn the_longest_bar_is_first_and_the_others_are_in_proportion() {
        let lines = of(&[("failure", 1), ("success", 4)], 26);
        assert_eq!(lines, ["By outcome", "  success  4  ████████████", "  failure  1  ███"]);
    }

    #[test]
    fn bars_fit_and_what_is_there_is_seen() {
        for columns in [20, 40, 80, 200] {
            for line in of(&[("a name that is longer than any that is shown", 2000), ("b", 1)], columns) {
                let width = line.chars().count();
                assert!(width <= columns.max(LONGEST_NAME + 12), "{columns}: {line}");
                assert!(line.starts_with("By") || line.ends_with('█'), "{line}");
            }
        }
    }

    #[test]
    fn many_values_are_put_together() {
        let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let lines = of(&names.iter().map(|name| (name.as_str(), 1)).collect::<Vec<_>>(), 80);
        assert_eq!(lines.len(), MOST + 1);
        assert!(lines[MOST].contains("others  13") || lines.iter().any(|line| line.contains("others")), "{lines:?}");
    }

    #[test]
    fn nothing_has_no_bars() {
        assert_eq!(of(&[], 80), ["By outcome"]);
    }
}
