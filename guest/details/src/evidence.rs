//! What the cause of a delivery is judged by.

use crate::{kind::EventKind, step::Step};

/// What the cause of a delivery is judged by.
pub(crate) struct Evidence<'a> {
    /// In lower case, without blanks.
    pub(crate) status: String,
    pub(crate) steps: &'a [Step],
    /// Which of them has decided.
    pub(crate) deciding: Option<usize>,
    /// The enhanced status code, part by part.
    code: Option<[u16; 3]>,
    /// What was answered and described, in lower case.
    words: String,
}

/// Domains of servers that are Microsoft's own.
const OWN_SERVERS: [&str; 4] = [".outlook.com", ".office365.com", ".exchangelabs.com", ".microsoft.com"];

impl<'a> Evidence<'a> {
    pub(crate) fn new(status: &str, steps: &'a [Step]) -> Self {
        let status: String = status.chars().filter(|it| it.is_alphanumeric()).collect();
        let status = status.to_ascii_lowercase();
        let deciding = deciding(&status, steps);
        let step = deciding.and_then(|place| steps.get(place));
        let code = step.and_then(|step| code_of(step.reply.as_ref()?.code.as_deref()?));
        let status_text = step.and_then(|step| step.properties.get("RecipientStatus")).unwrap_or_default();
        let words = step.map(|step| format!("{} {status_text}", step.description).to_ascii_lowercase());
        Self { status, steps, deciding, code, words: words.unwrap_or_default() }
    }

    /// The step that has decided.
    pub(crate) fn step(&self) -> Option<&'a Step> {
        self.steps.get(self.deciding?)
    }

    pub(crate) fn kind(&self) -> Option<EventKind> {
        self.step().map(|step| step.kind)
    }

    /// Whether the code is one of these: `5.7.321-325 4.4.*`.
    pub(crate) fn has_code(&self, codes: &str) -> bool {
        self.code.is_some_and(|code| codes.split(' ').any(|pattern| matches(code, pattern)))
    }

    /// Whether one of these words was answered; they are in lower case.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }

    /// Whether this part of Exchange has decided.
    pub(crate) fn is_by(&self, component: &str) -> bool {
        self.step().and_then(Step::component).is_some_and(|found| found.contains(component))
    }

    /// The steps of a kind.
    pub(crate) fn steps_of(&self, kind: EventKind) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.kind == kind)
    }

    /// Whether the server of somebody else has answered.
    pub(crate) fn is_remote(&self) -> bool {
        let Some(step) = self.step() else { return false };
        match step.properties.get("IsSmtpResponseFromExternalServer") {
            Some(text) => text.eq_ignore_ascii_case("true") || text == "1",
            None => {
                let host = step.reply.as_ref().and_then(|reply| reply.host.as_deref());
                let host = host.map(str::to_ascii_lowercase);
                host.is_some_and(|host| host.contains('.') && !OWN_SERVERS.iter().any(|own| host.ends_with(own)))
            }
        }
    }
}

/// Which step has decided. Of a message that has arrived, its arrival has.
fn deciding(status: &str, steps: &[Step]) -> Option<usize> {
    use EventKind::{Defer, Deliver, Drop, Expand, Fail, Send};
    let order = match status {
        "delivered" | "filteredasspam" => [Deliver, Send, Fail, Defer, Expand, Drop],
        "expanded" => [Expand, Fail, Defer, Deliver, Drop, Send],
        _ => [Fail, Defer, Deliver, Expand, Drop, Send],
    };
    order.into_iter().find_map(|kind| steps.iter().rposition(|step| step.kind == kind))
}

fn code_of(text: &str) -> Option<[u16; 3]> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

/// Whether a code is `5.7.1`, within `5.7.321-325`, or one of `4.4.*`.
fn matches(code: [u16; 3], pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('.').collect();
    parts.len() == 3
        && parts.iter().zip(code).all(|(part, number)| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            *part == "*"
                || matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&number))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_with_ranges() {
        for (pattern, expected) in [
            ("5.7.321", true),
            ("5.7.300-321", true),
            ("5.7.322-325", false),
            ("5.7.*", true),
            ("*.7.*", true),
            ("4.7.*", false),
            ("5.7", false),
            ("", false),
        ] {
            assert_eq!(matches([5, 7, 321], pattern), expected, "{pattern}");
        }
    }
}
