//! What other programs call our settings.

/// What is meant by some names that others use.
pub(crate) type Synonyms = &'static [(&'static [&'static str], Meant)];

/// The key that was meant, or what to know, for a key of Elastic's, Vector's or Microsoft's.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meant {
    Key(&'static str),
    Note(&'static str),
}

/// What was meant by an unknown key; what stands first counts first.
pub(super) fn meant(synonyms: &[Synonyms], unknown: &str) -> Option<Meant> {
    let name = snake(unknown);
    let mut all = synonyms.iter().copied().flatten();
    all.find(|(names, _)| names.contains(&name.as_str())).map(|(_, meant)| *meant)
}

/// `tenantId`, `tenant-id` and `tenant.id` as `tenant_id`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = ' ';
    for character in name.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            snake.push('_');
        }
        before = character;
        snake.push(if matches!(character, '-' | '.') { '_' } else { character.to_ascii_lowercase() });
    }
    snake
}

/// Whether a key is another spelling of a known one.
pub(super) fn is_spelling_of(unknown: &str, known: &str) -> bool {
    snake(unknown) == known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_one() {
        for name in ["tenantId", "tenant-id", "tenant.id", "TENANT_ID", "tenant_id"] {
            assert!(is_spelling_of(name, "tenant_id"), "{name}");
        }
    }
}
