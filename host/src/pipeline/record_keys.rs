//! What the records of a batch are known by, made when somebody asks.

use std::sync::OnceLock;

use crate::support::record_key::RecordKey;

/// Makes the keys of records of their text.
type MakeKeys = Box<dyn Fn(&str) -> Vec<RecordKey> + Send + Sync>;

/// What the records of a batch are known by, in their order.
pub(crate) struct RecordKeys {
    count: usize,
    known: OnceLock<Vec<RecordKey>>,
    make: MakeKeys,
}

impl RecordKeys {
    /// Keys of this number of records, which are made when somebody asks: nobody does where every output has accepted a batch
    /// before it is noted.
    pub(crate) fn later(count: usize, make: impl Fn(&str) -> Vec<RecordKey> + Send + Sync + 'static) -> Self {
        Self { count, known: OnceLock::new(), make: Box::new(make) }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn of(&self, records: &str) -> &[RecordKey] {
        self.known.get_or_init(|| (self.make)(records))
    }
}

impl From<Vec<RecordKey>> for RecordKeys {
    fn from(keys: Vec<RecordKey>) -> Self {
        Self { count: keys.len(), known: OnceLock::from(keys), make: Box::new(|_| Vec::new()) }
    }
}

impl FromIterator<RecordKey> for RecordKeys {
    fn from_iter<I: IntoIterator<Item = RecordKey>>(keys: I) -> Self {
        keys.into_iter().collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[test]
    fn keys_are_made_once_and_only_when_somebody_asks() {
        let made = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&made);
        let keys = RecordKeys::later(2, move |records| {
            counted.fetch_add(1, Ordering::Relaxed);
            records.lines().map(RecordKey::of).collect()
        });
        assert_eq!((keys.count(), made.load(Ordering::Relaxed)), (2, 0));
        let known: RecordKeys = ["{}", "[]"].map(RecordKey::of).into_iter().collect();
        assert_eq!(keys.of("{}\n[]\n"), known.of(""));
        assert_eq!(keys.of("{}\n[]\n").len(), known.count());
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
