//! Finished pieces of documents, kept for the next record that needs them.

use std::{
    hash::{BuildHasher as _, Hasher as _},
    ops::Range,
};

use foldhash::fast::FixedState;
use hashbrown::{HashTable, hash_table::Entry};

use crate::bytes::equal;

/// How many pieces are kept.
const MAX_ENTRIES: usize = 4096;

/// How long their keys may be together, in bytes: somebody else chooses the domains.
const MAX_KEY_BYTES: usize = 1024 * 1024;

/// Values by text. Never answers differently for having forgotten.
pub(crate) struct Cache<T> {
    places: HashTable<usize>,
    entries: Vec<CacheEntry<T>>,
    /// One after the other.
    keys: String,
}

struct CacheEntry<T> {
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
            // What has room for them stays: they are soon as many again.
            self.places.clear();
            self.entries.clear();
            self.keys.clear();
        }
    }

    /// Where the value of `key` is, and whether it was worked out just now.
    #[inline]
    pub(crate) fn find_or_insert(&mut self, key: &str, value: impl FnOnce() -> T) -> (usize, bool) {
        let Self { places, entries, keys } = self;
        let key_of = |place: &usize| keys.as_bytes().get(entries[*place].key.clone()).unwrap_or_default();
        let is_key = |place: &usize| equal(key_of(place), key.as_bytes());
        match places.entry(hash(key.as_bytes()), is_key, |place| hash(key_of(place))) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(vacant) => {
                let place = entries.len();
                vacant.insert(place);
                let start = keys.len();
                keys.push_str(key);
                entries.push(CacheEntry { key: start..keys.len(), value: value() });
                (place, true)
            }
        }
    }

    #[inline]
    pub(crate) fn get(&self, place: usize) -> &T {
        &self.entries[place].value
    }

    #[inline]
    pub(crate) fn set(&mut self, place: usize, value: T) {
        self.entries[place].value = value;
    }
}

fn hash(key: &[u8]) -> u64 {
    // The seed is the same every time: a component has nothing to be random with.
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(key);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_starts_over() {
        let mut cache = Cache::new();
        for number in 0..MAX_ENTRIES {
            cache.trim();
            assert_eq!(cache.find_or_insert(&number.to_string(), || number), (number, true));
        }
        assert_eq!(cache.find_or_insert("7", || 0), (7, false));
        assert_eq!(*cache.get(7), 7);
        cache.trim();
        assert_eq!(cache.find_or_insert("7", || 0), (0, true));
    }

    #[test]
    fn long_keys_fill_it_sooner() {
        let mut cache = Cache::new();
        cache.find_or_insert(&"x".repeat(MAX_KEY_BYTES), || ());
        cache.trim();
        assert!(cache.entries.is_empty());
    }
}
