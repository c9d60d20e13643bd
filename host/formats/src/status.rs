//! The words for what became of a message: those of the property, and those that the portal shows.

/// The words of the property as PowerShell and the Reporting Web Service write them (host/docs/facts/ms-api.md,
/// section 6).
const WORDS: [&str; 10] = [
    "Delivered",
    "Expanded",
    "Failed",
    "FilteredAsSpam",
    "GettingStatus",
    "None",
    "Pending",
    "Quarantined",
    "Recalled",
    "Unknown",
];

/// The property's own word for a word of the portal, such as `Filtered as spam`; `None` when it is that already, or
/// none that is known.
pub(super) fn word(text: &str) -> Option<String> {
    // The property's own words have no blanks: nothing to do for nearly every record.
    let is_one = text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_one {
        return None;
    }
    let simple: String = text.chars().filter(|it| it.is_alphanumeric()).collect();
    WORDS.iter().find(|word| word.eq_ignore_ascii_case(&simple)).map(|word| (*word).to_owned())
}

/// The status that the last of some events comes to, such as `Receive, Deliver`; what is not known stays as it is.
pub(super) fn of_events(events: &str) -> Option<&str> {
    let last = events.split(',').map(str::trim).rfind(|event| !event.is_empty())?;
    let simple: String = last.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(match simple.as_str() {
        "deliver" | "send" | "sendexternal" => "Delivered",
        "fail" => "Failed",
        "expand" => "Expanded",
        "quarantine" => "Quarantined",
        "spam" => "FilteredAsSpam",
        "defer" => "Pending",
        simple => WORDS.into_iter().find(|word| word.eq_ignore_ascii_case(simple)).unwrap_or(last),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_portal_is_one_of_the_property() {
        for (shown, expected) in [
            ("Filtered as spam", "FilteredAsSpam"),
            ("FILTERED AS SPAM", "FilteredAsSpam"),
            ("filtered-as-spam", "FilteredAsSpam"),
            ("Getting status", "GettingStatus"),
            ("Getting Status...", "GettingStatus"),
            (" Delivered ", "Delivered"),
            ("Quarantined\u{a0}", "Quarantined"),
            ("Pending ", "Pending"),
            ("Expanded ", "Expanded"),
            ("Failed ", "Failed"),
            ("Recalled ", "Recalled"),
            ("None ", "None"),
            ("Unknown ", "Unknown"),
        ] {
            assert_eq!(word(shown).as_deref(), Some(expected), "{shown}");
        }
    }

    #[test]
    fn the_words_of_the_services_stay() {
        for text in
            WORDS.into_iter().chain(["filteredAsSpam", "gettingStatus", "delivered", "", "Resolved", "gone away"])
        {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[test]
    fn events_come_to_a_status() {
        let all =
            ["Receive, Deliver", "Receive, Fail", "Receive, Filtered as spam", "Receive, Frob", ", ", "Getting status"];
        let expected =
            [Some("Delivered"), Some("Failed"), Some("FilteredAsSpam"), Some("Frob"), None, Some("GettingStatus")];
        assert_eq!(all.map(of_events), expected);
    }
}
