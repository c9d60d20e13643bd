//! What one ledger knows of a source, put into another one that knows nothing of it.

use rusqlite::{OptionalExtension as _, params_from_iter, types::Value};

use super::{Ledger, LedgerError};

/// Rows that are copied in one transaction.
const BATCH: usize = 5_000;

/// What a source is called in the other ledger until all of it is there.
const UNFINISHED: &str = "carried over: ";

/// The tables that have rows of a source, by its number in the ledger.
const TABLES: [&str; 7] = ["accepted", "delivered", "details", "gap", "history", "lateness", "look_back"];

impl Ledger {
    /// Puts what another ledger knows of a source into this one, with the requests that its tenant was sent by that name,
    /// unless this one knows the source already. What broke off is begun again. Says how many rows that were.
    ///
    /// # Errors
    ///
    /// When one cannot be read, or the other one written: then this one does not know the source.
    pub(crate) fn carry_over(
        &mut self,
        from: &Self,
        source: &str,
        requests_of: Option<&str>,
    ) -> Result<Option<u64>, LedgerError> {
        let (Some(old), None) = (from.number_of(source)?, self.number_of(source)?) else { return Ok(None) };
        let unfinished = format!("{UNFINISHED}{source}");
        let new = {
            let transaction = self.write()?;
            let new = super::source_id(&transaction, &unfinished)?;
            // Of an attempt that broke off, what the other ledger has no more would stay. A row that was delivered then is
            // delivered now, and they may be too many for one transaction.
            for table in TABLES.iter().filter(|table| **table != "delivered") {
                transaction.execute(&format!("DELETE FROM {table} WHERE source = ?1"), [new])?;
            }
            transaction.commit()?;
            new
        };
        let mut rows = 0;
        for table in TABLES {
            rows += self.carry_table(from, table, old, new)?;
        }
        self.carry_source(from, (source, new), requests_of)?;
        Ok(Some(rows))
    }

    /// Whether anything is noted of a source.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn knows(&self, source: &str) -> Result<bool, LedgerError> {
        Ok(self.number_of(source)?.is_some())
    }

    fn number_of(&self, source: &str) -> Result<Option<i64>, LedgerError> {
        let query = "SELECT id FROM source WHERE name = ?1";
        Ok(self.connection.query_row(query, [source], |row| row.get(0)).optional()?)
    }

    fn carry_table(&mut self, from: &Self, table: &str, old: i64, new: i64) -> Result<u64, LedgerError> {
        let mut statement = from.connection.prepare(&format!("SELECT * FROM {table} WHERE source = ?1"))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.query([old])?;
        let put = put_statement(table, &columns);
        let (mut count, mut batch) = (0, Vec::new());
        loop {
            let row = found.next()?;
            if let Some(row) = &row {
                let mut values: Vec<Value> =
                    (0..columns.len()).map(|place| row.get(place)).collect::<Result<_, _>>()?;
                let is_source = |column: &String| column == "source";
                if let Some(place) = columns.iter().position(is_source) {
                    values[place] = Value::Integer(new);
                }
                batch.push(values);
            }
            let is_end = row.is_none();
            if batch.len() == BATCH || is_end {
                count += batch.len() as u64;
                let transaction = self.write()?;
                for values in batch.drain(..) {
                    transaction.prepare_cached(&put)?.execute(params_from_iter(values))?;
                }
                transaction.commit()?;
            }
            if is_end {
                return Ok(count);
            }
        }
    }

    /// The source itself, last: who knows it knows all of it.
    fn carry_source(
        &mut self,
        from: &Self,
        (source, new): (&str, i64),
        requests_of: Option<&str>,
    ) -> Result<(), LedgerError> {
        let mut statement = from.connection.prepare("SELECT * FROM source WHERE name = ?1")?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let values: Vec<Value> = statement
            .query_row([source], |row| (0..columns.len()).map(|place| row.get(place)).collect::<Result<_, _>>())?;
        let values = columns.iter().zip(values).map(|(column, value)| match column.as_str() {
            "id" => Value::Integer(new),
            _ => value,
        });
        let mut requests = from.connection.prepare("SELECT at FROM request WHERE tenant = ?1")?;
        let sent = requests.query_map([requests_of], |row| row.get::<_, i64>(0))?;
        let sent: Vec<_> = sent.collect::<Result<_, _>>()?;
        let transaction = self.write()?;
        transaction.execute(&put_statement("source", &columns), params_from_iter(values))?;
        // Another source of the tenant has brought them along, or this process has sent some meanwhile.
        let query = "SELECT EXISTS (SELECT 1 FROM request WHERE tenant = ?1 AND at = ?2)";
        for at in sent {
            if transaction.query_row(query, (requests_of, at), |row| row.get(0))? {
                continue;
            }
            let put = "INSERT INTO request (tenant, at) VALUES (?1, ?2)";
            transaction.prepare_cached(put)?.execute((requests_of, at))?;
        }
        transaction.commit()
    }
}

fn put_statement(table: &str, columns: &[String]) -> String {
    let places: Vec<_> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        ledger::{Delivered, Lateness, Next, PageDone, Window},
        support::record_key::RecordKey,
    };

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milliseconds).unwrap()
    }

    fn page(rows: std::ops::Range<u16>) -> PageDone {
        let delivered = rows.map(|row| {
            let mut key = RecordKey::default();
            key.identity[..2].copy_from_slice(&row.to_be_bytes());
            Delivered { key, received: at(50) }
        });
        let window = Window { start: at(0), end: at(100) };
        PageDone {
            window,
            delivered: delivered.collect(),
            touched: Vec::new(),
            changed: 0,
            late: 0,
            lateness: Lateness::default(),
            next: Next::Done,
            covered: Some(at(100)),
            read: vec![window],
            keep_from: None,
        }
    }

    fn count(ledger: &Ledger, query: &str) -> i64 {
        ledger.connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_source_is_known_as_before_and_no_other_one_is_touched() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [mut old, mut new] = folders.each_ref().map(|folder| Ledger::open(folder.path()).unwrap());
        old.commit_page("other", &page(0..3), &[]).unwrap();
        old.commit_page("wanted", &page(0..12_000), &[]).unwrap();
        old.note_gap("wanted", Window { start: at(3), end: at(4) }, "why").unwrap();
        old.note_request("tenant", at(5), at(0)).unwrap();
        old.note_request("another", at(6), at(0)).unwrap();
        new.commit_page("there", &page(7..9), &[]).unwrap();
        // As far as one came that broke off.
        new.commit_page("carried over: wanted", &page(0..5), &[]).unwrap();
        assert!(new.carry_over(&old, "wanted", Some("tenant")).unwrap() >= Some(12_001));
        assert_eq!(new.status("wanted").unwrap(), old.status("wanted").unwrap());
        assert_eq!(new.progress("wanted").unwrap(), old.progress("wanted").unwrap());
        let of = |name: &str| {
            format!("SELECT count(*) FROM delivered WHERE source = (SELECT id FROM source WHERE name = '{name}')")
        };
        assert_eq!([count(&new, &of("wanted")), count(&new, &of("there"))], [12_000, 2]);
        assert_eq!(count(&new, "SELECT count(*) FROM source"), 2);
        assert_eq!(count(&new, "SELECT sum(at) FROM request"), 5);
        // Once, and only what is known.
        assert_eq!(new.carry_over(&old, "wanted", Some("tenant")).unwrap(), None);
        assert_eq!(new.carry_over(&old, "there", None).unwrap(), None);
        assert_eq!(new.carry_over(&old, "unheard of", None).unwrap(), None);
        assert_eq!(count(&new, "SELECT sum(at) FROM request"), 5);
    }

    /// Files are not shared, and all else goes along.
    #[test]
    fn every_table_of_a_source_is_carried() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let query = "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                     WHERE t.type = 'table' AND c.name = 'source' AND c.type = 'INTEGER' AND t.name != 'file' ORDER BY 1";
        let mut statement = ledger.connection.prepare(query).unwrap();
        let found: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(found, TABLES);
    }
}
