//! Which directions of deliveries details are wanted of. A direction is what mappings of details write: whether the
//! domains of sender and recipient are among the local ones or below one of them.

use toml::Spanned;

use crate::{
    config::{ConfigError, ValueReader},
    pipeline::TracedRow,
};

/// The key in the settings.
const KEY: &str = "directions";

/// The directions that a delivery may have.
const DIRECTIONS: &[&str] = &["inbound", "outbound", "internal", "external"];

/// The directions that are wanted, and what they are told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directions {
    wanted: Vec<&'static str>,
    /// In lower case; those that begin with `*.` stand for sub-domains alone.
    local_domains: Vec<String>,
}

impl Directions {
    /// Reads them; the section begins at this byte. What is wrong with local domains is told elsewhere.
    pub(super) fn read(
        values: &[Spanned<String>],
        local_domains: Option<&[String]>,
        at: usize,
        reader: &ValueReader<'_>,
    ) -> Result<Self, ConfigError> {
        let at = values.first().map_or(at, |value| value.span().start);
        let word = |value: &Spanned<String>| reader.choice(KEY, &Some(value.clone()), DIRECTIONS);
        let wanted: Vec<_> = values.iter().map(word).collect();
        let wanted: Vec<_> = wanted.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        if wanted.is_empty() {
            let problem = format!("`{}` names no direction", reader.dotted(KEY));
            return Err(reader.error(at, problem, Some("leave it out for details of every direction")));
        }
        if local_domains.is_some_and(<[_]>::is_empty) {
            let problem = format!("`{}` needs the `local_domains` of the source", reader.dotted(KEY));
            return Err(reader.error(
                at,
                problem,
                Some("without them nobody knows which mail comes in and which goes out"),
            ));
        }
        let local_domains = local_domains.unwrap_or_default().iter().map(|domain| domain.to_lowercase()).collect();
        Ok(Self { wanted, local_domains })
    }

    /// Whether the direction of a delivery is one of them.
    pub(super) fn want(&self, row: &TracedRow) -> bool {
        let direction = match [&row.sender, &row.recipient].map(|address| self.is_local(address.as_deref())) {
            [false, true] => "inbound",
            [true, false] => "outbound",
            [true, true] => "internal",
            [false, false] => "external",
        };
        self.wanted.contains(&direction)
    }

    /// Whether an address is one of the tenant.
    fn is_local(&self, address: Option<&str>) -> bool {
        let Some((_, domain)) = address.and_then(|address| address.rsplit_once('@')) else { return false };
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_lowercase();
        let is_below = |parent: &str| {
            domain.strip_suffix(parent).and_then(|rest| rest.strip_suffix('.')).is_some_and(|rest| !rest.is_empty())
        };
        self.local_domains.iter().any(|local| match local.strip_prefix("*.") {
            Some(parent) => is_below(parent),
            None => *local == domain || is_below(local),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(local_domains: &[&str], sender: &str, recipient: &str, expected: &str) {
        let row = TracedRow {
            sender: Some(sender.to_owned()).filter(|it| !it.is_empty()),
            recipient: Some(recipient.to_owned()),
            ..TracedRow::default()
        };
        let local_domains: Vec<_> = local_domains.iter().map(ToString::to_string).collect();
        for direction in DIRECTIONS {
            let directions = Directions { wanted: vec![direction], local_domains: local_domains.clone() };
            assert_eq!(directions.want(&row), *direction == expected, "{sender} {recipient} {direction}");
        }
    }

    #[test]
    fn the_direction_is_that_of_both_domains() {
        let contoso = &["contoso.com", "*.fabrikam.com"];
        check(contoso, "a@b.example", "ann@Contoso.COM.", "inbound");
        check(contoso, "<>", "ann@mail.contoso.com", "inbound");
        check(contoso, "", "ann@contoso.com", "inbound");
        check(contoso, "ann@contoso.com", "a@fabrikam.com", "outbound");
        check(contoso, "ann@contoso.com", "a@b.fabrikam.com", "internal");
        check(contoso, "a@xcontoso.com", "a@contoso.com.example", "external");
        check(contoso, "a@contoso.com@b.example", "a@.contoso.com", "external");
        check(contoso, "contoso.com", "a@", "external");
        check(&["xn--bcher-kva.example", "bücher.example"], "a@BÜCHER.example", "a@xn--bcher-kva.example", "internal");
    }
}
