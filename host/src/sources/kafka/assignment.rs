//! Which partitions this process has, what was read from them, and what of that is being delivered: shared by the thread
//! that reads and by the loop.
//!
//! A partition that is given away and comes back is another one: it has another term. What was read in a term that is
//! over is nobody's to deliver.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::read_offsets::ReadOffsets;
use crate::kafka::KafkaClientError;

/// Maximum size of the messages that wait, in bytes, beside the batch under way.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Maximum number of messages that wait.
const MOST_MESSAGES: usize = 20_000;

/// The bytes of one batch, unless a single message has more.
const MOST_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A message of a partition in its term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadMessage {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) term: u64,
    /// None for a tombstone.
    pub(super) payload: Option<Vec<u8>>,
}

/// Partitions with the terms in which they were read.
pub(super) type Terms = BTreeMap<i32, u64>;

/// Which partitions this process has, and what was read from them.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    state: Mutex<AssignmentState>,
    changed: Notify,
    /// Something that was under way is done.
    done: Condvar,
}

#[derive(Debug, Default)]
struct AssignmentState {
    partitions: BTreeMap<i32, PartitionTerm>,
    /// The last term that was given to a partition.
    last_term: u64,
    /// Whether the group has told this process what it has, be it nothing.
    is_known: bool,
    waiting: VecDeque<ReadMessage>,
    bytes: usize,
    under_way: Option<Terms>,
    /// Whether partitions are about to be given away: nothing new is begun then.
    is_revoking: bool,
    trouble: Option<KafkaClientError>,
    is_stopped: bool,
}

#[derive(Debug)]
struct PartitionTerm {
    term: u64,
    /// Whether all that is there was read.
    is_at_end: bool,
    offsets: ReadOffsets,
    /// The offset behind what is delivered, once that is known.
    next: Option<i64>,
}

impl Assignment {
    fn lock(&self) -> MutexGuard<'_, AssignmentState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This process has these partitions from now on.
    pub(super) fn assign(&self, partitions: impl Iterator<Item = i32>) {
        let mut state = self.lock();
        state.is_known = true;
        for partition in partitions {
            state.last_term += 1;
            let term = state.last_term;
            let offsets = ReadOffsets::default();
            state.partitions.insert(partition, PartitionTerm { term, is_at_end: false, offsets, next: None });
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The group wants these partitions back: waits until what is under way of them is delivered, for as long as `grace`.
    /// What is not delivered then is given up.
    pub(super) fn revoke(&self, partitions: &[i32], grace: Duration) {
        let began = Instant::now();
        let mut state = self.lock();
        // Else the next batch would be under way before this is heard of.
        state.is_revoking = true;
        while !state.is_stopped && state.delivers_of(partitions) {
            let left = grace.saturating_sub(began.elapsed());
            if left.is_zero() {
                break;
            }
            state = self.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        (state.is_known, state.is_revoking) = (true, false);
        state.partitions.retain(|partition, _| !partitions.contains(partition));
        state.drop_foreign();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether it is not known yet where reading a partition begins.
    pub(super) fn needs_start(&self, partition: i32) -> bool {
        self.lock().partitions.get(&partition).is_some_and(|known| !known.offsets.is_started())
    }

    /// Reading a partition begins at this offset.
    pub(super) fn start_at(&self, partition: i32, offset: i64) {
        if let Some(known) = self.lock().partitions.get_mut(&partition) {
            known.offsets.start_at(offset);
        }
    }

    /// A message was read.
    pub(super) fn push(&self, partition: i32, offset: i64, payload: Option<Vec<u8>>) {
        let mut state = self.lock();
        let Some(known) = state.partitions.get_mut(&partition) else { return };
        known.is_at_end = false;
        known.offsets.read(offset);
        let term = known.term;
        state.bytes += payload.as_ref().map_or(0, Vec::len);
        state.waiting.push_back(ReadMessage { partition, offset, term, payload });
        drop(state);
        self.changed.notify_waiters();
    }

    /// All that is in a partition was read.
    pub(super) fn reached_end(&self, partition: i32) {
        if let Some(known) = self.lock().partitions.get_mut(&partition) {
            known.is_at_end = true;
            known.offsets.end();
        }
        self.changed.notify_waiters();
    }

    /// The partitions in which offsets were passed over.
    pub(super) fn with_gaps(&self) -> Vec<i32> {
        let state = self.lock();
        state.partitions.iter().filter(|(_, known)| known.offsets.has_gap()).map(|(partition, _)| *partition).collect()
    }

    /// Whether all that was to be read of a partition is deleted, when it begins at `oldest`, and all before is delivered.
    pub(super) fn is_emptied(&self, partition: i32, oldest: i64) -> bool {
        let state = self.lock();
        let is_emptied = state.partitions.get(&partition).is_some_and(|known| known.offsets.is_emptied(oldest));
        is_emptied && !state.has_undelivered(partition)
    }

    /// How many of the offsets that were passed over are deleted, when the partition begins at `oldest`.
    pub(super) fn take_deleted(&self, partition: i32, oldest: i64) -> u64 {
        let mut state = self.lock();
        let deleted = state.partitions.get_mut(&partition).map_or(0, |known| known.offsets.take_deleted(oldest));
        drop(state);
        self.changed.notify_waiters();
        deleted
    }

    /// Something is wrong with reading.
    pub(super) fn fail(&self, trouble: KafkaClientError) {
        self.lock().trouble.get_or_insert(trouble);
        self.changed.notify_waiters();
    }

    /// Ends the reading.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.done.notify_all();
        self.changed.notify_waiters();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    /// Whether more is to wait before anything else is read.
    pub(super) fn is_full(&self) -> bool {
        let state = self.lock();
        state.bytes >= MOST_BYTES || state.waiting.len() >= MOST_MESSAGES
    }

    /// Whether there is room for more again.
    pub(super) fn has_room(&self) -> bool {
        let state = self.lock();
        state.bytes < MOST_BYTES / 2 && state.waiting.len() < MOST_MESSAGES / 2
    }

    /// What is wrong with reading, once.
    pub(super) fn take_trouble(&self) -> Option<KafkaClientError> {
        self.lock().trouble.take()
    }

    /// The next messages, which are under way from now on; none when nothing waits.
    pub(super) fn take(&self, most: usize) -> Vec<ReadMessage> {
        let mut state = self.lock();
        let (mut taken, mut bytes) = (Vec::new(), 0);
        // The group moves past a gap when it is known what was in it: else nobody would ever tell.
        if state.is_revoking || state.has_gap() {
            return taken;
        }
        while let Some(message) = state.waiting.front() {
            let length = message.payload.as_ref().map_or(0, Vec::len);
            if taken.len() >= most || (!taken.is_empty() && bytes + length > MOST_BATCH_BYTES) {
                break;
            }
            bytes += length;
            taken.extend(state.waiting.pop_front());
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        if !taken.is_empty() {
            state.under_way = Some(taken.iter().map(|message| (message.partition, message.term)).collect());
        }
        taken
    }

    /// What was under way is delivered, up to these offsets.
    pub(super) fn delivered(&self, next: &[(i32, i64)]) {
        let mut state = self.lock();
        for (partition, offset) in next {
            if let Some(known) = state.partitions.get_mut(partition) {
                known.next = Some(*offset);
            }
        }
        state.under_way = None;
        drop(state);
        self.done.notify_all();
    }

    /// What was under way is not delivered: it waits again, unless it is given away.
    pub(super) fn give_back(&self, messages: Vec<ReadMessage>) {
        let mut state = self.lock();
        state.under_way = None;
        for message in messages.into_iter().rev() {
            state.bytes += message.payload.as_ref().map_or(0, Vec::len);
            state.waiting.push_front(message);
        }
        state.drop_foreign();
        drop(state);
        self.done.notify_all();
        self.changed.notify_waiters();
    }

    /// Whether this process still has these partitions, in these terms.
    pub(super) fn holds(&self, terms: &Terms) -> bool {
        let state = self.lock();
        terms.iter().all(|(partition, term)| state.partitions.get(partition).is_some_and(|known| known.term == *term))
    }

    /// Whether all that is there was read, and nothing waits.
    pub(super) fn is_caught_up(&self) -> bool {
        let state = self.lock();
        let is_at_end = state.partitions.values().all(|known| known.is_at_end);
        state.is_known && state.waiting.is_empty() && is_at_end && !state.has_gap()
    }

    /// How many messages of a partition are not delivered, of which the last stands before `end`; `read_from` is where
    /// reading began if nothing is delivered yet. None when this process does not have it.
    pub(super) fn lag(&self, partition: i32, end: i64, read_from: i64) -> Option<i64> {
        let state = self.lock();
        let known = state.partitions.get(&partition)?;
        // Behind the last message, there may be marks of transactions.
        if known.is_at_end && !state.has_undelivered(partition) {
            return Some(0);
        }
        Some((end - known.next.unwrap_or(read_from)).max(0))
    }

    /// Waits until something is so.
    pub(super) async fn until<T>(&self, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = find(self) {
                return found;
            }
            changed.await;
        }
    }
}

impl AssignmentState {
    fn delivers_of(&self, partitions: &[i32]) -> bool {
        self.under_way.as_ref().is_some_and(|terms| partitions.iter().any(|partition| terms.contains_key(partition)))
    }

    fn has_undelivered(&self, partition: i32) -> bool {
        self.delivers_of(&[partition]) || self.waiting.iter().any(|message| message.partition == partition)
    }

    fn has_gap(&self) -> bool {
        self.partitions.values().any(|known| known.offsets.has_gap())
    }

    /// Forgets messages of terms that are over.
    fn drop_foreign(&mut self) {
        let Self { partitions, waiting, bytes, .. } = self;
        waiting.retain(|message| partitions.get(&message.partition).is_some_and(|known| known.term == message.term));
        *bytes = waiting.iter().map(|message| message.payload.as_ref().map_or(0, Vec::len)).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    fn with_messages() -> Assignment {
        let assignment = Assignment::default();
        assignment.assign([0, 1].into_iter());
        for offset in 0..3 {
            assignment.push(0, offset, Some(b"a".to_vec()));
            assignment.push(1, offset, Some(b"b".to_vec()));
        }
        assignment
    }

    #[test]
    fn what_is_given_away_is_given_up_and_the_rest_comes_again() {
        let assignment = with_messages();
        let taken = assignment.take(4);
        let terms: Terms = taken.iter().map(|message| (message.partition, message.term)).collect();
        assert!(assignment.holds(&terms));
        assignment.revoke(&[1], Duration::ZERO);
        assert!(!assignment.holds(&terms));
        assignment.give_back(taken);
        let again = assignment.take(10);
        assert_eq!(
            again.iter().map(|message| (message.partition, message.offset)).collect::<Vec<_>>(),
            [(0, 0), (0, 1), (0, 2)]
        );
        // The same partition again is another one.
        assignment.assign([1].into_iter());
        assert!(!assignment.holds(&terms));
    }

    #[test]
    fn a_revocation_waits_for_what_is_under_way() {
        let assignment = Arc::new(with_messages());
        let taken = assignment.take(2);
        let revoking = Arc::clone(&assignment);
        let revoked = thread::spawn(move || revoking.revoke(&[0, 1], Duration::from_secs(60)));
        assert!(assignment.holds(&taken.iter().map(|message| (message.partition, message.term)).collect()));
        assignment.delivered(&[(0, 1), (1, 1)]);
        revoked.join().unwrap();
        assert!(assignment.take(10).is_empty());
    }

    #[test]
    fn nothing_behind_a_gap_is_delivered_before_it_is_known_what_was_there() {
        let assignment = Assignment::default();
        assignment.assign([0].into_iter());
        assert!(assignment.needs_start(0) && !assignment.needs_start(1));
        assignment.start_at(0, 3);
        assignment.push(0, 8, Some(b"a".to_vec()));
        assignment.reached_end(0);
        assert_eq!(assignment.with_gaps(), [0]);
        assert!(assignment.take(10).is_empty() && !assignment.is_caught_up());
        assert_eq!(assignment.take_deleted(0, 8), 5);
        assert_eq!(assignment.take(10).len(), 1);
    }

    #[test]
    fn all_is_read_when_every_partition_says_so() {
        let assignment = Assignment::default();
        assert!(!assignment.is_caught_up(), "nobody knows what it has");
        assignment.assign([0, 1].into_iter());
        assignment.reached_end(0);
        assert!(!assignment.is_caught_up());
        assignment.reached_end(1);
        assert!(assignment.is_caught_up());
        assignment.push(0, 7, None);
        assert!(!assignment.is_caught_up());
        assert_eq!(assignment.lag(0, 12, 7), Some(5));
        let taken = assignment.take(10);
        assignment.delivered(&[(0, taken[0].offset + 1)]);
        assert_eq!((assignment.lag(0, 12, 7), assignment.lag(2, 12, 7)), (Some(4), None));
        assignment.reached_end(0);
        assert_eq!(assignment.lag(0, 12, 7), Some(0));
    }
}
