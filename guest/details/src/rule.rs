//! The rule that a step names.

/// Whose rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Of data loss prevention.
    Dlp,
    /// Of the mail flow.
    Transport,
}

/// The rule that a step names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whose rule it is.
    pub kind: RuleKind,
    /// Its name.
    pub name: String,
    /// Its GUID, if it is named.
    pub id: Option<String>,
    /// The name of the policy that it belongs to.
    pub policy: Option<String>,
}

impl RuleKind {
    /// As documents have it: `dlp` or `transport`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dlp => "dlp",
            Self::Transport => "transport",
        }
    }
}

impl Rule {
    /// The rule in a description: `DLP rule: 'name', ID: ('guid'), DLP policy: 'name', ID: (guid).`
    pub(crate) fn parse(kind: RuleKind, description: &str) -> Option<Self> {
        let (name, rest) = quoted(description, "rule: '")?;
        let (policy, rest) = match quoted(rest, "policy: '") {
            Some((policy, _)) => {
                (Some(policy.to_owned()), rest.split_once("policy: '").map_or("", |(before, _)| before))
            }
            None => (None, rest),
        };
        Some(Self { kind, name: name.to_owned(), id: id(rest), policy })
    }
}

/// The text between quotes, and what follows. A name may have a quote in it.
fn quoted<'t>(text: &'t str, start: &str) -> Option<(&'t str, &'t str)> {
    let at = text.to_ascii_lowercase().find(&start.to_ascii_lowercase())?;
    let inside = text.get(at + start.len()..)?;
    inside.split_once("', ID:").or_else(|| inside.split_once("',")).or_else(|| inside.split_once('\''))
}

fn id(text: &str) -> Option<String> {
    let inside = text.split_once('(')?.1.split_once(')')?.0.trim_matches('\'').trim();
    let is_guid = inside.len() == 36 && inside.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_guid.then(|| inside.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(description: &str, expected: Option<(&str, Option<&str>, Option<&str>)>) {
        let found = Rule::parse(RuleKind::Dlp, description);
        let found = found.as_ref().map(|rule| (rule.name.as_str(), rule.id.as_deref(), rule.policy.as_deref()));
        assert_eq!(found, expected, "{description}");
    }

    #[test]
    fn rules_are_named_in_descriptions() {
        let guid = "aaaaaaaa-1111-2222-3333-444444444444";
        let dlp = format!("DLP rule: 'Bob's cards', ID: ('{}'), DLP policy: 'PCI', ID: ({guid}).", guid.to_uppercase());
        check(&dlp, Some(("Bob's cards", Some(guid), Some("PCI"))));
        check(&format!("Transport rule: 'No zip', ID: ({guid})"), Some(("No zip", Some(guid), None)));
        check("DLP rule: 'x', ID: (), DLP policy: 'PCI', ID: ()", Some(("x", None, Some("PCI"))));
        check("Transport rule: 'cut", None);
        check("nothing", None);
    }
}
