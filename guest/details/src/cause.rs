//! Why mail did not arrive: thirty causes with ids that stay the same. The first that fits is the one.

use crate::{evidence::Evidence, kind::EventKind, step::Step};

/// Why mail did not arrive, or not where it should have.
#[derive(Debug)]
pub struct Cause {
    /// What programs know it by. It stays the same.
    pub id: &'static str,
    /// What it is, for people.
    pub sentence: &'static str,
    /// What shows it; any of these is enough.
    signs: &'static [Sign],
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Cause {}

/// What shows a cause.
#[derive(Debug)]
enum Sign {
    /// The enhanced status code is one of these.
    Code(&'static str),
    /// One of these words was answered.
    Says(&'static [&'static str]),
    /// This part of Exchange has decided.
    By(&'static str),
    /// Anything else.
    If(fn(&Evidence<'_>) -> bool),
}

use Sign::{By, Code, If, Says};

/// Codes of a recipient that does not exist.
const NOT_FOUND: &str = "5.1.1-3 5.1.6 5.1.10 5.5.0";

/// Codes of a mailbox that is full.
const FULL: &str = "5.2.2 4.2.2";

/// Every cause, in the order in which they are tried.
pub const CAUSES: &[Cause] = &[
    cause(
        "dlp",
        "a rule of data loss prevention has blocked it",
        &[
            By("DLP Policy Agent"),
            If(|it| it.has_code("*.7.*") && it.steps_of(EventKind::DlpRule).any(is_blocking)),
            Code("5.7.171"),
        ],
    ),
    cause(
        "etr-deleted",
        "a mail flow rule has deleted it",
        &[
            If(|it| it.steps_of(EventKind::TransportRule).any(|step| step.does("delete"))),
            Says(&["transport.rules.deletemessage"]),
        ],
    ),
    cause(
        "etr-quarantine",
        "a mail flow rule has put it into quarantine",
        &[If(|it| it.steps_of(EventKind::TransportRule).any(|step| step.does("quarantine")))],
    ),
    cause(
        "etr",
        "a mail flow rule has rejected it",
        &[By("Transport Rule Agent"), Says(&["transport.rules"]), Code("5.7.900-999")],
    ),
    cause(
        "malware-quarantine",
        "malware was found in it, and it is in quarantine",
        &[If(|it| it.steps_of(EventKind::Malware).any(|step| it.status == "quarantined" || step.does("quarantine")))],
    ),
    cause("malware", "malware was found in it", &[If(|it| it.steps_of(EventKind::Malware).next().is_some())]),
    cause("tabl", "an entry of the tenant's allow/block list has blocked it", &[Code("5.7.703")]),
    cause(
        "tls",
        "the connection could not be secured as it has to be",
        &[Code("5.7.321-325 4.4.8"), Says(&["starttls", "certificate"])],
    ),
    cause("expired", "it could not be delivered for too long", &[Code("4.4.7 5.4.7 5.4.300")]),
    cause(
        "network",
        "the server of the recipient could not be found or reached",
        &[Code("4.4.* 5.4.4 5.4.310 5.4.312 5.4.316 5.4.317 5.7.510")],
    ),
    cause(
        "remote-not-found",
        "the server of the recipient says that the recipient does not exist",
        &[If(|it| it.is_remote() && it.has_code(NOT_FOUND))],
    ),
    cause(
        "remote-mailbox-full",
        "the server of the recipient says that the mailbox is full",
        &[If(|it| it.is_remote() && it.has_code(FULL))],
    ),
    cause("remote", "the server of the recipient has refused it", &[If(|it| it.is_remote())]),
    cause(
        "restricted",
        "the recipient takes no mail from this sender, or only after approval",
        &[
            Code("5.7.12 5.7.13 5.7.124 5.7.133-136"), // `RESOLVER.RST.RecipSizeLimit` is about the message.
            If(|it| it.says(&["resolver.rst", "moderation", "moderator"]) && !it.says(&["sizelimit"])),
        ],
    ),
    cause(
        "not-found",
        "the recipient does not exist",
        &[Code(NOT_FOUND), If(|it| it.has_code("5.4.1") && !it.says(&["relay"]))],
    ),
    cause("mailbox-full", "the mailbox of the recipient is full", &[Code(FULL)]),
    cause(
        "auth",
        "the sender could not be authenticated (SPF, DKIM, DMARC)",
        &[Code("5.7.23 5.7.25 5.7.26 5.7.509 4.7.26")],
    ),
    cause("forwarding", "forwarding to other organizations is not allowed", &[Code("5.7.520")]),
    cause(
        "limits",
        "a limit of the sender or the recipient was exceeded",
        &[Code("5.2.121 5.2.122 4.3.2 5.7.232 5.7.233 5.7.236 5.7.705")],
    ),
    cause(
        "sender-blocked",
        "the sender, or the IP address it comes from, is blocked",
        &[Code("5.1.8 5.7.501-508 5.7.511 5.7.513 5.7.606-649 5.7.700-750 5.7.800 4.7.500-699")],
    ),
    cause(
        "relay",
        "the server may not relay it",
        &[Code("5.7.57 5.7.64 5.7.367"), If(|it| it.has_code("5.4.1") && it.says(&["relay"]))],
    ),
    cause("loop", "it went round in a loop", &[Code("5.4.6-20")]),
    cause("format", "it is too large, or not formed as it has to be", &[Code("5.3.4 5.2.3 5.1.20 5.7.512 5.6.*")]),
    cause(
        "spam-quarantine",
        "it was taken for spam or phishing, and is in quarantine",
        &[
            If(|it| it.steps_of(EventKind::Spam).any(|step| step.does("quarantine"))),
            If(|it| it.steps.iter().any(|step| step.properties.get("DI") == Some("SQ"))),
            If(|it| it.step().is_some_and(|step| step.is_in_folder("Quarantine"))),
            If(|it| it.status == "quarantined"),
        ],
    ),
    cause(
        "spam-blocked",
        "it was taken for spam, and blocked",
        &[If(|it| it.kind() != Some(EventKind::Deliver) && it.steps_of(EventKind::Spam).next().is_some())],
    ),
    cause(
        "junk",
        "it was taken for spam, and is in the junk folder",
        &[
            If(|it| it.step().is_some_and(|step| step.is_in_folder("JunkEmail"))),
            If(|it| it.steps.iter().any(|step| step.properties.get("DI") == Some("SJ"))),
            If(|it| it.status == "filteredasspam"),
        ],
    ),
    cause("policy", "a policy of the organization has rejected it", &[Says(&["policy", "access denied"])]),
    cause(
        "deferred",
        "it could not be delivered yet, and is tried again",
        &[If(|it| it.kind() == Some(EventKind::Defer))],
    ),
    cause("dropped", "it was dropped", &[If(|it| it.kind() == Some(EventKind::Drop))]),
    cause(
        "other",
        "it failed for another reason",
        &[If(|it| it.kind() == Some(EventKind::Fail) || it.status == "failed")],
    ),
];

/// Causes of mail that is in a mailbox: nothing else went wrong with it.
const OF_ARRIVED: [&str; 4] = ["etr-quarantine", "malware-quarantine", "spam-quarantine", "junk"];

const fn cause(id: &'static str, sentence: &'static str, signs: &'static [Sign]) -> Cause {
    Cause { id, sentence, signs }
}

/// The cause, if anything went wrong.
pub(crate) fn cause_of(evidence: &Evidence<'_>) -> Option<&'static Cause> {
    if evidence.steps.is_empty() {
        return None;
    }
    let has_arrived = match evidence.kind() {
        Some(EventKind::Deliver | EventKind::Send) => true,
        // Its members have deliveries of their own.
        Some(EventKind::Expand) => return None,
        _ => false,
    };
    let may_be = |cause: &&Cause| !has_arrived || OF_ARRIVED.contains(&cause.id);
    CAUSES.iter().filter(may_be).find(|cause| cause.signs.iter().any(|sign| sign.is_in(evidence)))
}

impl Sign {
    fn is_in(&self, evidence: &Evidence<'_>) -> bool {
        match self {
            Code(codes) => evidence.has_code(codes),
            Says(words) => evidence.says(words),
            By(component) => evidence.is_by(component),
            If(is_so) => is_so(evidence),
        }
    }
}

/// The codes of actions that keep mail from being delivered begin so (`BA`: block access).
fn is_blocking(step: &Step) -> bool {
    let action = step.action.trim();
    action.starts_with('B') || step.does("block")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_causes_and_each_has_an_id_of_its_own() {
        let mut ids: Vec<_> = CAUSES.iter().map(|cause| cause.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), CAUSES.len()), (30, 30));
        for id in OF_ARRIVED {
            assert!(ids.contains(&id), "{id}");
        }
    }
}
