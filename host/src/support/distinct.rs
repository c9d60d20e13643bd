//! Texts without those that come again.

/// Each text once, in the order in which they come first.
pub(crate) fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut known: Vec<&str> = Vec::new();
    for text in texts {
        if !known.contains(&text) {
            known.push(text);
        }
    }
    known.join(", ")
}
