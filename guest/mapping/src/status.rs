//! What became of a message, as ECS says it.

use std::borrow::Cow;

use crate::{bytes::equal, ignore_case::equal_ignoring_case};

/// What became of a message, as ECS says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// For `event.action`: lower case with hyphens between words. Empty when nobody says.
    pub(crate) action: Cow<'static, str>,
    /// For `event.outcome`.
    pub(crate) outcome: &'static str,
}

/// The statuses that the services document, the action that each is, and its outcome: expanding a group is something
/// that was tried and has worked.
const KNOWN: [(&str, &str, &str); 10] = [
    ("delivered", "delivered", "success"),
    ("failed", "failed", "failure"),
    ("filteredAsSpam", "filtered-as-spam", "failure"),
    ("quarantined", "quarantined", "failure"),
    ("expanded", "expanded", "success"),
    ("pending", "pending", "unknown"),
    ("gettingStatus", "getting-status", "unknown"),
    ("recalled", "recalled", "unknown"),
    ("resolved", "resolved", "unknown"),
    ("none", "none", "unknown"),
];

impl Status {
    /// Without a status.
    pub(crate) const NONE: Self = Self { action: Cow::Borrowed(""), outcome: "unknown" };

    /// What a status says that a service or an export has written in its way.
    pub(crate) fn of(text: &str) -> Self {
        // As Graph writes it, or else in any other way.
        let known = KNOWN.iter().find(|(name, ..)| equal(name.as_bytes(), text.as_bytes())).or_else(|| {
            let is = |name: &str| name.len() == text.len() && equal_ignoring_case(name, text);
            KNOWN.iter().find(|(name, action, _)| is(name) || is(action))
        });
        if let Some((_, action, outcome)) = known {
            return Self { action: Cow::Borrowed(action), outcome };
        }
        let action = kebab_case(text);
        match KNOWN.iter().find(|(_, known, _)| *known == action) {
            Some((_, action, outcome)) => Self { action: Cow::Borrowed(action), outcome },
            None => Self { action: Cow::Owned(action), outcome: "unknown" },
        }
    }
}

/// Whether a text is a few plain words, as all statuses of the services are.
pub(crate) fn is_plain(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _-".contains(&byte))
}

/// Words in lower case with hyphens between them. A word begins with a capital, unless the character before is one as
/// well, and after anything but letters and digits.
fn kebab_case(text: &str) -> String {
    let mut result = String::new();
    let mut characters = text.chars().peekable();
    let mut before = None;
    while let Some(character) = characters.next() {
        let begins_word = match before {
            _ if !character.is_uppercase() => false,
            Some(before) if char::is_uppercase(before) => characters.peek().is_some_and(|next| next.is_lowercase()),
            Some(before) => char::is_alphanumeric(before),
            None => false,
        };
        if (begins_word || !character.is_alphanumeric()) && !result.is_empty() && !result.ends_with('-') {
            result.push('-');
        }
        if character.is_alphanumeric() {
            result.extend(character.to_lowercase());
        }
        before = Some(character);
    }
    result.truncate(result.trim_end_matches('-').len());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, action: &str, outcome: &str) {
        let status = Status::of(text);
        assert_eq!((&*status.action, status.outcome), (action, outcome), "{text}");
    }

    #[test]
    fn every_documented_status_has_its_action() {
        for (name, action, outcome) in KNOWN {
            check(name, action, outcome);
            check(&name.to_uppercase(), action, outcome);
            check(action, action, outcome);
            let (first, rest) = name.split_at(1);
            check(&format!("{}{rest}", first.to_uppercase()), action, outcome);
        }
        check("Filtered as spam", "filtered-as-spam", "failure");
        check("Getting_Status", "getting-status", "unknown");
    }

    #[test]
    fn other_statuses_are_written_by_the_same_rule() {
        check("unknownFutureValue", "unknown-future-value", "unknown");
        check("HTTPFailed", "http-failed", "unknown");
        check("Held by DLP2Rule", "held-by-dlp2-rule", "unknown");
        check("deferred", "deferred", "unknown");
        check("DEFERRED", "deferred", "unknown");
        check(" a -- b ", "a-b", "unknown");
        check("ÜberPrüft", "über-prüft", "unknown");
        check(" ", "", "unknown");
        check("", "", "unknown");
        check("\"\n", "", "unknown");
    }
}
