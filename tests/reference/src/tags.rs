//! The tags of documents.

use crate::settings::Settings;

/// The tag that keeps `event.original`.
pub(crate) const PRESERVE: &str = "preserve_original_event";

/// The tags of every document: each once, none empty, and first of all the one that the setting to keep the original
/// gives.
pub(crate) fn tags(settings: &Settings) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    if settings.preserve_original_event {
        tags.push(PRESERVE.to_owned());
    }
    for tag in &settings.tags {
        if !tag.is_empty() && !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags
}
