//! What is in trouble, and how the last run ended: for people who ask, also when nothing runs.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError, history, instant};

/// The part that outputs are.
const OUTPUT: &str = "output";

/// The part that files of sources are.
const FILE: &str = "file";

/// Under what the last run is noted.
const RUN: &str = "run";

/// Something that is in trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Trouble {
    /// The file of a source; empty for an output.
    pub item: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether it does not pass by itself.
    pub needs_person: bool,
}

/// The last run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastRun {
    /// The number of its process.
    pub pid: u32,
    /// The version of the program.
    pub version: String,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it ended; none when it runs, or was killed.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended, if it failed.
    pub failure: Option<String>,
}

impl Ledger {
    /// Notes what is in trouble of the files of a source, in place of what was noted before.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_file_troubles(&mut self, source: &str, troubles: &[Trouble]) -> Result<(), LedgerError> {
        self.put_troubles(FILE, source, troubles)
    }

    /// Notes that an output is in trouble, or has recovered.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_output_trouble(&mut self, output: &str, trouble: Option<&Trouble>) -> Result<(), LedgerError> {
        self.put_troubles(OUTPUT, output, trouble.map_or(&[], std::slice::from_ref))
    }

    /// What is in trouble of the files of a source.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn file_troubles(&self, source: &str) -> Result<Vec<Trouble>, LedgerError> {
        self.troubles(FILE, source)
    }

    /// The trouble that an output is in.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn output_trouble(&self, output: &str) -> Result<Option<Trouble>, LedgerError> {
        Ok(self.troubles(OUTPUT, output)?.pop())
    }

    /// Notes how the run is doing that has the ledger.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn note_run(&mut self, run: &LastRun) -> Result<(), LedgerError> {
        let text = serde_json::to_string(run).unwrap_or_default();
        let transaction = self.write()?;
        transaction.execute("INSERT OR REPLACE INTO about (name, value) VALUES (?1, ?2)", [RUN, &text])?;
        // A source that the settings do not have any more delivers nothing that would make it forget.
        history::forget_all(&transaction, run.began_at)?;
        transaction.commit()?;
        Ok(())
    }

    /// Notes that the run that has the ledger ends, and why if it failed.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub(crate) fn end_run(&mut self, at: DateTime<Utc>, failure: Option<&str>) -> Result<(), LedgerError> {
        let Some(run) = self.last_run()? else { return Ok(()) };
        self.note_run(&LastRun { ended_at: Some(at), failure: failure.map(str::to_owned), ..run })
    }

    /// The last run, if one has noted itself.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub(crate) fn last_run(&self) -> Result<Option<LastRun>, LedgerError> {
        let query = "SELECT value FROM about WHERE name = ?1";
        let found: Option<String> = self.connection.query_row(query, [RUN], |row| row.get(0)).optional()?;
        Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn put_troubles(&mut self, part: &str, name: &str, troubles: &[Trouble]) -> Result<(), LedgerError> {
        let transaction = self.write()?;
        {
            let mut known = transaction.prepare_cached("SELECT item FROM trouble WHERE part = ?1 AND name = ?2")?;
            let known: Vec<String> = known.query_map([part, name], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for item in known.iter().filter(|item| !troubles.iter().any(|trouble| trouble.item == **item)) {
                let delete = "DELETE FROM trouble WHERE part = ?1 AND name = ?2 AND item = ?3";
                transaction.execute(delete, [part, name, item])?;
            }
            // Since when stays what it was.
            let put = "INSERT INTO trouble (part, name, item, reason, since, needs_person) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (part, name, item) \
                       DO UPDATE SET reason = excluded.reason, needs_person = excluded.needs_person";
            for Trouble { item, reason, since, needs_person } in troubles {
                transaction.execute(put, params![part, name, item, reason, since.timestamp_millis(), needs_person])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn troubles(&self, part: &str, name: &str) -> Result<Vec<Trouble>, LedgerError> {
        let query = "SELECT item, reason, since, needs_person FROM trouble WHERE part = ?1 AND name = ?2 ORDER BY item";
        let mut statement = self.connection.prepare_cached(query)?;
        let troubles = statement.query_map([part, name], |row| {
            let (since, needs_person) = (instant(row.get(2)?), row.get(3)?);
            Ok(Trouble { item: row.get(0)?, reason: row.get(1)?, since, needs_person })
        })?;
        Ok(troubles.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(item: &str, second: i64) -> Trouble {
        let since = DateTime::from_timestamp(second, 0).unwrap();
        Trouble { item: item.to_owned(), reason: format!("since {second}"), since, needs_person: true }
    }

    #[test]
    fn trouble_is_known_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        ledger.note_file_troubles("files", &[trouble("a", 1), trouble("b", 1)]).unwrap();
        ledger.note_file_troubles("files", &[trouble("b", 2), trouble("c", 2)]).unwrap();
        let known = ledger.file_troubles("files").unwrap();
        let known: Vec<_> =
            known.iter().map(|it| (it.item.as_str(), it.reason.as_str(), it.since.timestamp())).collect();
        assert_eq!(known, [("b", "since 2", 1), ("c", "since 2", 2)]);
        assert_eq!(ledger.file_troubles("others").unwrap(), []);
        ledger.note_output_trouble("siem", Some(&trouble("", 3))).unwrap();
        assert_eq!(ledger.output_trouble("siem").unwrap(), Some(trouble("", 3)));
        ledger.note_output_trouble("siem", None).unwrap();
        assert_eq!(ledger.output_trouble("siem").unwrap(), None);
    }

    #[test]
    fn a_run_that_was_killed_has_no_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(folder.path()).unwrap();
        assert_eq!(ledger.last_run().unwrap(), None);
        let (began_at, failure) = (DateTime::UNIX_EPOCH, None);
        let run = LastRun { pid: 7, version: "1".to_owned(), began_at, ended_at: None, failure };
        ledger.note_run(&run).unwrap();
        assert_eq!(ledger.last_run().unwrap(), Some(run.clone()));
        ledger.end_run(began_at, Some("no")).unwrap();
        let ended = LastRun { ended_at: Some(began_at), failure: Some("no".to_owned()), ..run };
        assert_eq!(ledger.last_run().unwrap(), Some(ended));
    }
}
