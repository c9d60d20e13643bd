//! Differences as people read them on a terminal.

use std::fmt;

use crate::{
    deployment::{Differences, Example},
    support::counted::counted,
};

/// Prints as a table of the fields that differ.
pub(super) struct DifferenceTable<'d> {
    /// Version before.
    pub(super) before: &'d str,
    /// Version after.
    pub(super) after: &'d str,
    pub(super) differences: &'d Differences,
}

impl fmt::Display for DifferenceTable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, differences } = self;
        write!(formatter, "{before} to {after}: {}", counted(differences.records, "record", "records"))?;
        if differences.is_empty() {
            return write!(formatter, ", all equal");
        }
        let differ = if differences.different == 1 { "differs" } else { "differ" };
        write!(formatter, ", {} {differ} ({:.1} %)", differences.different, 100.0 * differences.rate())?;
        write!(formatter, ", {} with another `_id`", differences.different_ids)?;
        if let Some(change) = &differences.schema_change {
            write!(formatter, "\nschema {change}: outcomes and ids are compared, and no fields")?;
        }
        for (outcome, count) in &differences.outcomes {
            write!(formatter, "\n{count} {} from {outcome}", if *count == 1 { "goes" } else { "go" })?;
        }
        if differences.fields.is_empty() {
            return Ok(());
        }
        let name_width = differences.fields.keys().map(|name| name.chars().count()).max().unwrap_or_default().max(5);
        write!(formatter, "\n\n{:<name_width$}  {:>8} {:>8} {:>8}  examples", "field", "added", "removed", "changed")?;
        for (name, field) in &differences.fields {
            let [added, removed, changed] = [field.added, field.removed, field.changed].map(count);
            write!(formatter, "\n{name:<name_width$}  {added:>8} {removed:>8} {changed:>8}")?;
            // The other examples stand below the first.
            let indent = name_width + 2 + 3 * 9 - 1;
            for (place, example) in field.examples.iter().enumerate() {
                let example = ExampleLine(example);
                if place == 0 {
                    write!(formatter, "  {example}")?;
                } else {
                    write!(formatter, "\n{:indent$}  {example}", "")?;
                }
            }
        }
        if differences.in_other_fields > 0 {
            write!(formatter, "\nand {} more differences in other fields", differences.in_other_fields)?;
        }
        Ok(())
    }
}

/// Nothing is easier to read than zero.
fn count(count: u64) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

/// One example on one line.
struct ExampleLine<'e>(&'e Example);

impl fmt::Display for ExampleLine<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.before, &self.0.after) {
            (Some(before), Some(after)) => write!(formatter, "{before} -> {after}"),
            (Some(before), None) => write!(formatter, "{before} ->"),
            (None, Some(after)) => write!(formatter, "-> {after}"),
            (None, None) => Ok(()),
        }
    }
}
