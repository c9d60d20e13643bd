//! Rows cut into batches for the mapper.

use std::iter;

use super::page::Row;

/// How many rows are mapped and delivered together.
const BATCH_ROWS: usize = 1000;

/// How many bytes of rows are mapped and delivered together, unless a single row is longer.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Rows cut into batches.
pub(super) fn batches(mut rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |row: &&Row| {
            bytes += row.text.len();
            bytes <= BATCH_BYTES
        };
        let count = rows.iter().take(BATCH_ROWS).take_while(fits).count().max(1).min(rows.len());
        let (batch, rest) = rows.split_at(count);
        rows = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Rows as the mapper takes them: one a line.
pub(super) fn records(rows: &[Row]) -> String {
    let texts: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::record_key::RecordKey;

    #[test]
    fn batches_have_a_bounded_size() {
        let key = RecordKey { identity: [0; 16], content: [0; 8] };
        let row = |length| Row { text: "x".repeat(length), key, received: None };
        let sizes = |rows: &[Row]| batches(rows).map(<[Row]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec![row(1); 2 * BATCH_ROWS + 1]), [BATCH_ROWS, BATCH_ROWS, 1]);
        assert_eq!(sizes(&[row(BATCH_BYTES + 1), row(BATCH_BYTES), row(1), row(1)]), [1, 1, 2]);
    }
}
