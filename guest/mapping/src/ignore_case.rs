//! Comparing texts ignoring case.

/// As Java's `equalsIgnoreCase`: character by character, by the lower case of the upper case.
pub(crate) fn equal_ignoring_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().map(fold).eq(b.chars().map(fold))
}

fn fold(character: char) -> char {
    // Java looks at one character at a time: one whose upper case is two stays as it is.
    let mut upper = character.to_uppercase();
    let upper = upper.next().filter(|_| upper.next().is_none()).unwrap_or(character);
    upper.to_lowercase().next().unwrap_or(upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_character_by_character() {
        assert!(equal_ignoring_case("Contoso.COM", "cONTOSO.com"));
        assert!(equal_ignoring_case("BÜCHER.de", "bücher.DE"));
        assert!(equal_ignoring_case("\u{212a}elvin", "kelvin"));
        assert!(equal_ignoring_case("ẞ", "ß"));
        assert!(!equal_ignoring_case("ß", "ss"));
        assert!(!equal_ignoring_case("contoso.com", "contoso.co"));
        assert!(!equal_ignoring_case("contoso.co", "contoso.com"));
    }
}
