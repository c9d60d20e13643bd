//! What dead letters there are, and why: nothing of the records is shown.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use chrono::SecondsFormat;
use indicatif::HumanCount;

use crate::{
    pipeline::dead_letter::{Overview, Reason},
    support::{
        counted::counted,
        shown::{self, ForPeople},
    },
};

/// Shows what these files have; `dead_letter` is where letters are as a rule.
pub(super) fn list(files: &[PathBuf], dead_letter: &Path, is_json: bool) -> anyhow::Result<ExitCode> {
    let mut overviews = Vec::new();
    for file in files {
        let read = Overview::read(file, u64::MAX).and_then(|read| read.ok_or(io::ErrorKind::NotFound.into()));
        overviews.push(read.with_context(|| format!("could not read `{}`", shown::path(file)))?);
    }
    let mut output = io::stdout().lock();
    let mut for_people = ForPeople(io::stdout().lock());
    if is_json {
        serde_json::to_writer_pretty(&mut output, &overviews)?;
        writeln!(output)?;
    } else if overviews.is_empty() {
        writeln!(for_people, "no dead letters: there is no `{}`", shown::path(dead_letter))?;
    } else {
        overviews.iter().try_for_each(|overview| print(overview, &mut for_people))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(overview: &Overview, output: &mut impl Write) -> io::Result<()> {
    let Overview { file, letters, unreadable, first_unreadable, reasons, .. } = overview;
    writeln!(output, "{} in `{}`", counted(*letters, "dead letter", "dead letters"), shown::path(file))?;
    for it in reasons {
        let Reason { letters, source, mapping, reason, first, last, ids, .. } = it;
        let place = it.place();
        let [first, last] = [first, last].map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let times = if first == last { first } else { format!("{first} to {last}") };
        writeln!(output, "\n{:>7}  {place}: {reason}", HumanCount(*letters).to_string())?;
        let mapping = if mapping.is_empty() { String::new() } else { format!("mapping {}, ", shown::line(mapping)) };
        writeln!(output, "         source `{}`, {mapping}{times}", shown::line(source))?;
        if !ids.is_empty() {
            writeln!(output, "         `_id`: {}", shown::line(&ids.join(", ")))?;
        }
    }
    if let Some((line, problem)) = first_unreadable {
        let lines = counted(*unreadable, "line is", "lines are");
        writeln!(output, "\n{lines} not a dead letter; the first is line {line}: {problem}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::dead_letter::Stage;

    #[test]
    fn letters_are_listed_by_reason() {
        let reason = |letters, output: Option<&str>| Reason {
            letters,
            stage: if output.is_some() { Stage::Output } else { Stage::Mapping },
            output: output.map(str::to_owned),
            source: "contoso".to_owned(),
            mapping: "2.2.0".to_owned(),
            reason: "failed to parse field [a.b]".to_owned(),
            first: chrono::DateTime::UNIX_EPOCH,
            last: chrono::DateTime::from_timestamp(60, 0).unwrap(),
            ids: output.map(|_| "abc".to_owned()).into_iter().collect(),
        };
        let overview = Overview {
            file: "state/dead-letter.ndjson".into(),
            letters: 2121,
            unreadable: 1,
            first_unreadable: Some((7, "expected ident at column 2".to_owned())),
            is_complete: true,
            reasons: vec![reason(2120, Some("siem")), reason(1, None)],
            sources: std::collections::BTreeSet::new(),
        };
        let mut output = Vec::new();
        print(&overview, &mut output).unwrap();
        assert_eq!(
            String::from_utf8(output).unwrap(),
            "\
2,121 dead letters in `state/dead-letter.ndjson`

  2,120  output `siem`: failed to parse field [a.b]
         source `contoso`, mapping 2.2.0, 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z
         `_id`: abc

      1  mapping: failed to parse field [a.b]
         source `contoso`, mapping 2.2.0, 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z

1 line is not a dead letter; the first is line 7: expected ident at column 2
"
        );
    }
}
