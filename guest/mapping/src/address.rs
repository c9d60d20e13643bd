//! Mail addresses, split the way that Elastic's pipeline splits them.

use crate::{
    domain::Domain,
    json::{Kind, Raw, build, decode},
};

/// What a document says about a mail address, worked out once.
pub(crate) struct Address {
    text: String,
    /// Where the first `@` is in the text.
    at: Option<usize>,
    /// Whether its domain is one of the tenant's.
    pub(crate) is_local: bool,
    /// The whole of it as a JSON string.
    pub(crate) json: String,
    /// What stands before the first `@` as a JSON string, or nothing.
    pub(crate) local_part_json: String,
    /// `domain`, `registered_domain`, `subdomain`, `top_level_domain` and `user`, each with a comma after it.
    pub(crate) members: String,
}

impl Address {
    /// Works out the address that `raw`, a string, stands for. `domain` knows domains.
    pub(crate) fn new<'d>(raw: &Raw<'_>, domain: impl FnOnce(&str) -> &'d Domain) -> Self {
        let text = decode(raw).into_owned();
        let at = text.find('@');
        let mut address = Self {
            text,
            at,
            is_local: false,
            json: String::new(),
            local_part_json: String::new(),
            members: String::new(),
        };
        let domain = address.has_at().then(|| domain(address.domain()));
        // The same text is the same string, however it was escaped.
        let is_plain = raw.kind == Kind::Plain;
        let string = |text: &str| match text {
            "" => String::new(),
            _ if is_plain => format!("\"{text}\""),
            _ => build(|out| out.push_string(text)),
        };
        address.is_local = domain.is_some_and(|domain| domain.is_local);
        address.json = string(&address.text);
        address.local_part_json = string(address.local_part());
        let user = [
            (r#""domain":"#, &string(address.user_domain())),
            (r#""email":"#, &address.json),
            (r#""id":"#, &address.json),
            (r#""name":"#, &address.local_part_json),
        ];
        address.members = build(|out| {
            out.push_str(domain.map_or("", |domain| &domain.members));
            let start = out.len();
            out.push_ascii(br#""user":{"#);
            for (key, value) in user.into_iter().filter(|(_, value)| !value.is_empty()) {
                out.push_str(key);
                out.push_str(value);
                out.push(b',');
            }
            out.close(start, b"}");
        });
        address
    }

    /// The whole address, decoded.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is an `@` at all.
    pub(crate) fn has_at(&self) -> bool {
        self.at.is_some()
    }

    fn split(&self) -> (&str, &str) {
        let split = self.at.and_then(|at| Some((self.text.get(..at)?, self.text.get(at + 1..)?)));
        split.unwrap_or_default()
    }

    /// What stands before the first `@`.
    pub(crate) fn local_part(&self) -> &str {
        self.split().0
    }

    /// What follows the first `@`, to the end of the line (guest/docs/facts/mapping.md, section 2.4).
    fn domain(&self) -> &str {
        let (_, rest) = self.split();
        rest.split_once('\n').map_or(rest, |(line, _)| line)
    }

    /// What `user.domain` says: all that follows the first `@`, but nothing when a second one follows at once
    /// (section 2.5).
    fn user_domain(&self) -> &str {
        let (_, rest) = self.split();
        if rest.starts_with('@') { "" } else { rest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, local_part: &str, domain: &str, user_domain: &str) {
        let json = serde_json::to_string(address).unwrap();
        let unknown = Domain { is_local: false, members: String::new() };
        let address = Address::new(&Raw { text: &json, kind: Kind::Escaped }, |_| &unknown);
        assert_eq!((address.local_part(), address.domain()), (local_part, domain));
        assert_eq!(address.user_domain(), user_domain);
    }

    #[test]
    fn the_first_at_splits() {
        check("a@b.com", "a", "b.com", "b.com");
        check("x@y@z", "x", "y@z", "y@z");
        check("\"a@b\"@c.com", "\"a", "b\"@c.com", "b\"@c.com");
        check("@b.com", "", "b.com", "b.com");
        check("a@", "a", "", "");
    }

    #[test]
    fn two_ats_in_a_row_leave_no_user_domain() {
        check("a@@b", "a", "@b", "");
    }

    #[test]
    fn a_domain_ends_with_its_line() {
        check("a@b\nc@d", "a", "b", "b\nc@d");
    }
}
