//! Numbers with what they count, as people read them.

use indicatif::HumanCount;

/// A number with what it counts: `1 row`, `2,164 rows`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_thousands_are_separated() {
        let pages = |count| counted(count, "page", "pages");
        assert_eq!([0, 1, 2, 2164].map(pages), ["0 pages", "1 page", "2 pages", "2,164 pages"]);
    }
}
