//! Files of anything: reading comes to an end, every batch has the records that it counts, and a file that grows is read
//! forwards.

use exotrace_formats::{AtEnd, Batch, BatchLimits, Notice, Reader, Sink, Start, leading_nuls, lines::lines, read};

#[derive(Default)]
struct Found(Vec<String>);

impl Sink for Found {
    fn batch(&mut self, batch: Batch) -> bool {
        let records: Vec<_> = lines(&batch.records).map(|line| line.record().to_owned()).collect();
        assert_eq!(records.len(), batch.count, "a record of a batch is none, or more than one");
        self.0.extend(records);
        true
    }

    fn notice(&mut self, _: Notice) {}
}

/// Reads an input as a whole file, and as one that grows.
pub fn read_records(input: &[u8]) {
    let mut found = Found::default();
    // What it refuses, it refuses; what matters is that it comes back.
    drop(read(input, None, &mut found));
    follow(input);
}

/// Reads a file that grows, a third at a time, as a source does: positions go forward, and everything ends.
fn follow(input: &[u8]) {
    let nuls = leading_nuls(input);
    let mut position = None;
    for end in [input.len() / 3, 2 * input.len() / 3, input.len()] {
        let Some(head) = input.get(nuls..end) else { continue };
        let start = match Start::of(head, nuls as u64) {
            Ok(Some(start)) => start,
            Ok(None) => continue,
            Err(_) => return,
        };
        let from = position.unwrap_or(start.position);
        let offset = usize::try_from(from.offset).expect("a place in the input");
        let rest = input.get(offset..end).unwrap_or_else(|| panic!("{offset} is behind {end}"));
        let mut reader = Reader::new(start, rest, from, BatchLimits { records: 2, bytes: 100 });
        let mut found = Found::default();
        while let Ok(Some(batch)) = reader.next(AtEnd::Wait) {
            found.batch(batch);
        }
        assert!(reader.position().offset >= from.offset && reader.position().offset <= end as u64);
        position = Some(reader.position());
    }
}
