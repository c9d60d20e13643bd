//! What a status is called in documents of a delivery.

use crate::text::equals_ignoring_case;

/// The names of Graph's interface, and the outcome that each stands for.
const STATUSES: [(&str, &str); 10] = [
    ("getting-status", "unknown"),
    ("pending", "unknown"),
    ("failed", "failure"),
    ("delivered", "success"),
    ("expanded", "success"),
    ("quarantined", "failure"),
    ("filtered-as-spam", "failure"),
    ("recalled", "unknown"),
    ("none", "unknown"),
    ("resolved", "unknown"),
];

/// `event.action`, empty if there is none, and `event.outcome`.
pub(crate) fn action_and_outcome(status: &str) -> (String, &'static str) {
    let is_same =
        |action: &str| equals_ignoring_case(action, status) || equals_ignoring_case(&action.replace('-', ""), status);
    if let Some((action, outcome)) = STATUSES.iter().find(|(action, _)| is_same(action)) {
        return ((*action).to_owned(), outcome);
    }
    let action = words(status).join("-");
    let outcome = STATUSES.iter().find(|(known, _)| *known == action).map_or("unknown", |(_, outcome)| outcome);
    (action, outcome)
}

/// The words of a text in lower case, whether blanks, capitals or anything else divides them.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.split(|character: char| !character.is_alphanumeric()) {
        let characters: Vec<char> = run.chars().collect();
        let mut word = String::new();
        for (at, character) in characters.iter().enumerate() {
            let follows_capital = at > 0 && characters[at - 1].is_uppercase();
            let precedes_small = characters.get(at + 1).is_some_and(|next| next.is_lowercase());
            if at > 0 && character.is_uppercase() && (!follows_capital || precedes_small) {
                words.push(std::mem::take(&mut word));
            }
            word.extend(character.to_lowercase());
        }
        words.push(word);
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_words_with_hyphens() {
        for (status, action, outcome) in [
            ("Delivered", "delivered", "success"),
            ("FILTEREDASSPAM", "filtered-as-spam", "failure"),
            ("Filtered as spam", "filtered-as-spam", "failure"),
            ("Expanded", "expanded", "success"),
            ("GettingStatus", "getting-status", "unknown"),
            ("heldByDLPRule2", "held-by-dlp-rule2", "unknown"),
            (" ", "", "unknown"),
        ] {
            assert_eq!(action_and_outcome(status), (action.to_owned(), outcome), "{status}");
        }
    }
}
