//! Finished pieces of documents, kept for the next record that needs them.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// How many pieces are kept.
const MAX_ENTRIES: usize = 4096;

/// How long their keys may be together, in bytes: somebody else chooses the domains.
const MAX_KEY_BYTES: usize = 1024 * 1024;

/// Values by text. Never answers differently for having forgotten.
pub(crate) struct Cache<T> {
    places: HashMap<Box<str>, usize, FixedState>,
    values: Vec<T>,
    key_bytes: usize,
}

impl<T> Cache<T> {
    pub(crate) fn new() -> Self {
        Self { places: HashMap::default(), values: Vec::new(), key_bytes: 0 }
    }

    /// Forgets everything when it has become too much. Places found before are then no longer valid.
    pub(crate) fn trim(&mut self) {
        if self.values.len() >= MAX_ENTRIES || self.key_bytes >= MAX_KEY_BYTES {
            *self = Self::new();
        }
    }

    /// Where the value of `key` is.
    #[inline]
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Keeps a value, and says where.
    pub(crate) fn insert(&mut self, key: &str, value: T) -> usize {
        let place = self.values.len();
        self.values.push(value);
        self.key_bytes += key.len();
        self.places.insert(key.into(), place);
        place
    }

    #[inline]
    pub(crate) fn get(&self, place: usize) -> &T {
        &self.values[place]
    }
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
        assert!(cache.values.is_empty());
    }
}
