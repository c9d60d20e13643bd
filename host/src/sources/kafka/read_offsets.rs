//! Which offsets of a partition were read, and which were passed over: the messages there may be deleted, unread.
//!
//! Offsets are also passed over at the end of a transaction and in a compacted topic. Only where the partition begins
//! tells these apart.

use std::ops::Range;

/// The end of a gap behind which nothing was read yet.
const OPEN: i64 = i64::MAX;

/// Which offsets of a partition were read.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadOffsets {
    /// The offset that should be read next, once that is known.
    expected: Option<i64>,
    /// Whether something was read since the start or the last end.
    has_read: bool,
    passed_over: Vec<Range<i64>>,
}

impl ReadOffsets {
    /// Whether it is known where reading begins.
    pub(super) fn is_started(&self) -> bool {
        self.expected.is_some()
    }

    /// Reading begins at this offset.
    pub(super) fn start_at(&mut self, offset: i64) {
        self.expected = Some(offset);
    }

    /// A message was read.
    pub(super) fn read(&mut self, offset: i64) {
        self.passed_over.pop_if(|gap| gap.end == OPEN);
        if let Some(expected) = self.expected.filter(|expected| *expected < offset) {
            self.passed_over.push(expected..offset);
        }
        self.expected = Some(offset + 1);
        self.has_read = true;
    }

    /// All that is in the partition was read. If that was nothing, all of it may be deleted.
    pub(super) fn end(&mut self) {
        if !self.has_read
            && let Some(expected) = self.expected
        {
            self.passed_over.pop_if(|gap| gap.end == OPEN);
            self.passed_over.push(expected..OPEN);
        }
        self.has_read = false;
    }

    /// Whether offsets were passed over.
    pub(super) fn has_gap(&self) -> bool {
        !self.passed_over.is_empty()
    }

    /// Whether all that was to be read is deleted, when the partition begins at `oldest`.
    pub(super) fn is_emptied(&self, oldest: i64) -> bool {
        self.passed_over.last().is_some_and(|gap| gap.end == OPEN && gap.start < oldest)
    }

    /// How many of the offsets that were passed over are deleted, when the partition begins at `oldest`. Forgets them.
    pub(super) fn take_deleted(&mut self, oldest: i64) -> u64 {
        let mut deleted = 0;
        for gap in self.passed_over.drain(..) {
            deleted += u64::try_from(gap.end.min(oldest) - gap.start).unwrap_or(0);
            if gap.end == OPEN {
                self.expected = self.expected.max(Some(oldest));
            }
        }
        deleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started_at(offset: i64) -> ReadOffsets {
        let mut offsets = ReadOffsets::default();
        assert!(!offsets.is_started());
        offsets.start_at(offset);
        offsets
    }

    #[test]
    fn what_the_topic_deleted_is_told_from_the_end_of_a_transaction() {
        let mut offsets = started_at(5);
        offsets.read(5);
        assert!(!offsets.has_gap());
        // A mark of a transaction.
        offsets.read(7);
        assert!(offsets.has_gap());
        assert_eq!((offsets.take_deleted(0), offsets.has_gap()), (0, false));
        offsets.read(20);
        assert_eq!(offsets.take_deleted(20), 12);
        // More is deleted while it reads: what was read before is no loss.
        offsets.read(30);
        offsets.read(31);
        assert_eq!(offsets.take_deleted(40), 9);
        offsets.read(40);
        assert_eq!(offsets.take_deleted(40), 8);
    }

    #[test]
    fn a_topic_whose_messages_are_all_deleted_is_noticed_once() {
        let mut offsets = started_at(5);
        offsets.end();
        offsets.end();
        assert!(offsets.is_emptied(12) && !offsets.is_emptied(5));
        assert_eq!(offsets.take_deleted(12), 7);
        offsets.read(12);
        assert!(!offsets.has_gap());
        offsets.end();
        assert!(!offsets.has_gap(), "something was read before the end");
        offsets.end();
        assert_eq!(offsets.take_deleted(0), 0);
        // A message comes before anybody has looked.
        offsets.end();
        offsets.read(20);
        assert!(!offsets.is_emptied(20));
        assert_eq!(offsets.take_deleted(20), 7);
    }

    #[test]
    fn a_topic_that_begins_anew_has_no_gap() {
        let mut offsets = started_at(50);
        offsets.read(0);
        offsets.read(1);
        assert!(!offsets.has_gap());
    }
}
