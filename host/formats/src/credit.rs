//! How much of a file may be looked at in vain, so that reading stays linear for every file.

/// The most that is looked at in vain before reading keeps to single lines, in bytes.
const MOST: i64 = 16 * 1024 * 1024;

/// How much more may be looked at for every byte that is used up.
const PER_BYTE: i64 = 4;

/// How many more bytes may be looked at in vain. Below zero, reading keeps to single lines.
#[derive(Debug)]
pub(super) struct Credit(i64);

impl Credit {
    pub(super) fn new() -> Self {
        Self(MOST)
    }

    /// Whether values may go over several lines.
    pub(super) fn is_left(&self) -> bool {
        self.0 > 0
    }

    /// Bytes were looked at in vain.
    pub(super) fn spend(&mut self, wasted: usize) {
        self.0 -= i64::try_from(wasted).unwrap_or(MOST);
    }

    /// Bytes were used up.
    pub(super) fn earn(&mut self, used: usize) {
        let earned = i64::try_from(used).unwrap_or(MOST).saturating_mul(PER_BYTE);
        self.0 = self.0.saturating_add(earned).min(MOST);
    }

    /// All that was looked at was in vain: nothing is left until as much is used up.
    pub(super) fn exhaust(&mut self, seen: usize) {
        self.0 = i64::try_from(seen).map_or(-MOST, |seen| self.0.min(0) - seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_is_spent_and_earned_up_to_a_limit() {
        let mut credit = Credit::new();
        credit.spend(16 * 1024 * 1024);
        assert!(!credit.is_left());
        credit.earn(1);
        assert_eq!(credit.0, 4);
        credit.earn(usize::MAX);
        assert_eq!(credit.0, MOST);
        credit.exhaust(100);
        credit.earn(25);
        assert!(!credit.is_left());
        credit.earn(1);
        assert!(credit.is_left());
    }
}
