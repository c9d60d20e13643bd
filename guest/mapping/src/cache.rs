//! Finished pieces of documents, kept for the next record that needs them.

use std::{hash::BuildHasher as _, ops::Range};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::bytes::equal;

/// How many pieces are kept.
const MAX_ENTRIES: usize = 4096;

/// How long their keys may be together, in bytes: somebody else chooses the domains.
const MAX_KEY_BYTES: usize = 1024 * 1024;

/// Values by text. Never answers differently for having forgotten.
pub(crate) struct Cache<T> {
    places: HashTable<usize>,
    entries: Vec<Entry<T>>,
    /// One after the other.
    keys: String,
}

struct Entry<T> {
    /// Where its key is among the keys.
    key: Range<usize>,
    value: T,
}

impl<T> Cache<T> {
    pub(crate) fn new() -> Self {
        Self { places: HashTable::new(), entries: Vec::new(), keys: String::new() }
    }

    /// Forgets everything when it has become too much. Places found before are then no longer valid.
    pub(crate) fn trim(&mut self) {
        if self.entries.len() >= MAX_ENTRIES || self.keys.len() >= MAX_KEY_BYTES {
            *self = Self::new();
        }
    }

    /// Where the value of `key` is.
    #[inline]
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        let is_key = |place: &usize| {
            let known = self.keys.as_bytes().get(self.entries[*place].key.clone()).unwrap_or_default();
            equal(known, key.as_bytes())
        };
        self.places.find(hash(key), is_key).copied()
    }

    /// Keeps the value of a key that is not there yet, and says where.
    pub(crate) fn insert(&mut self, key: &str, value: T) -> usize {
        let place = self.entries.len();
        let start = self.keys.len();
        self.keys.push_str(key);
        self.entries.push(Entry { key: start..self.keys.len(), value });
        let Self { keys, entries, places } = self;
        let hash_of = |place: &usize| hash(keys.get(entries[*place].key.clone()).unwrap_or_default());
        places.insert_unique(hash(key), place, hash_of);
        place
    }

    #[inline]
    pub(crate) fn get(&self, place: usize) -> &T {
        &self.entries[place].value
    }
}

fn hash(key: &str) -> u64 {
    // The seed is the same every time: a component has nothing to be random with.
    FixedState::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_starts_over() {
        let mut cache = Cache::new();
        for number in 0..MAX_ENTRIES {
            cache.trim();
            assert_eq!(cache.insert(&number.to_string(), number), number);
        }
        assert_eq!(cache.find("7"), Some(7));
        cache.trim();
        assert_eq!(cache.find("7"), None);
    }

    #[test]
    fn long_keys_fill_it_sooner() {
        let mut cache = Cache::new();
        cache.insert(&"x".repeat(MAX_KEY_BYTES), ());
        cache.trim();
        assert!(cache.entries.is_empty());
    }
}
