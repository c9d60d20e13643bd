//! Mail addresses, split the way that Elastic's pipeline splits them.

use std::borrow::Cow;

use crate::json::{Buffer, Kind, Raw, copy_pruned, decode};

/// One end of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Address<'a> {
    raw: Raw<'a>,
    text: Cow<'a, str>,
    /// Where the first `@` is.
    at: Option<usize>,
}

impl<'a> Address<'a> {
    pub(crate) fn new(raw: Raw<'a>) -> Self {
        let text = decode(&raw);
        let at = text.bytes().position(|byte| byte == b'@');
        Self { raw, text, at }
    }

    /// Whether every part of it can stand in a JSON string as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.raw.kind == Kind::Plain
    }

    /// Adds the address as a JSON string.
    pub(crate) fn push(&self, out: &mut Buffer) {
        copy_pruned(out, &self.raw);
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

    /// What follows the first `@`, to the end of the line (mapping-spec.md, section 2.4).
    pub(crate) fn domain(&self) -> &str {
        let (_, rest) = self.split();
        rest.split_once('\n').map_or(rest, |(line, _)| line)
    }

    /// What `user.domain` says: all that follows the first `@`, but nothing when a second one follows at once
    /// (section 2.5).
    pub(crate) fn user_domain(&self) -> &str {
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
        let address = Address::new(Raw { text: &json, kind: Kind::Escaped });
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
