//! How many rows a page has.

use super::error::TraceError;

/// The page size if a client names none.
pub(super) const DEFAULT_RESULT_SIZE: usize = 1000;

/// The largest page size.
const LARGEST_RESULT_SIZE: usize = 5000;

/// Reads a page size; 0 stands for the default.
pub(super) fn result_size(text: &str) -> Result<usize, TraceError> {
    match text.parse() {
        Ok(0) => Ok(DEFAULT_RESULT_SIZE),
        Ok(size) if size <= LARGEST_RESULT_SIZE => Ok(size),
        _ => Err(TraceError::BadResultSize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<usize, TraceError>) {
        assert_eq!(result_size(text), expected);
    }

    #[test]
    fn a_page_has_1_to_5000_rows() {
        check("1", Ok(1));
        check("5000", Ok(5000));
        check("5001", Err(TraceError::BadResultSize));
        check("-1", Err(TraceError::BadResultSize));
        check("many", Err(TraceError::BadResultSize));
    }

    #[test]
    fn zero_stands_for_the_default_page_size() {
        check("0", Ok(1000));
    }
}
