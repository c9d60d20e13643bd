//! How the report spells a status.

use crate::Status;

/// Returns a status in the report's spelling: the first letter is a capital.
pub(super) fn status(status: Status) -> String {
    let mut chars = status.as_str().chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
