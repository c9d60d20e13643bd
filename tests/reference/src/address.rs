//! Taking an address apart at its first `@`.

/// The local part, the domain, and what stands as the domain of the user, of an address.
///
/// The domain ends with its line. A second `@` right after the first leaves the user without a domain. All three are
/// empty for a text without `@`, which is not an address.
pub fn split_address(text: &str) -> (String, String, String) {
    let Some((local_part, rest)) = text.split_once('@') else {
        return Default::default();
    };
    let domain = rest.split('\n').next().unwrap_or_default();
    let user_domain = if rest.starts_with('@') { "" } else { rest };
    (local_part.to_owned(), domain.to_owned(), user_domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::split_address;

    #[track_caller]
    fn check(text: &str, local_part: &str, domain: &str, user_domain: &str) {
        assert_eq!(split_address(text), (local_part.to_owned(), domain.to_owned(), user_domain.to_owned()));
    }

    #[test]
    fn addresses_are_split_at_the_first_at_sign() {
        check("a@b.com", "a", "b.com", "b.com");
        check("x@y@z", "x", "y@z", "y@z");
        check("\"a@b\"@c.com", "\"a", "b\"@c.com", "b\"@c.com");
        check("a@@b", "a", "@b", "");
        check("@b.com", "", "b.com", "b.com");
        check("a@", "a", "", "");
        check("<>", "", "", "");
    }

    #[test]
    fn the_domain_ends_with_its_line() {
        check("a@b\nc@d", "a", "b", "b\nc@d");
    }
}
