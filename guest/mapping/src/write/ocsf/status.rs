//! What became of a message, as OCSF says it: `status`, and what was done about it, `action` and `disposition`.

use exotrace_details::DeliveryDetails;

use crate::{
    document::Document,
    json::{Buffer, copy_pruned},
    property::Property,
    write::{parts::push_text, shown::Shown},
};

/// Adds `status`, `action` and `disposition`, each with its id.
#[inline(always)]
pub(super) fn push_status(out: &mut Buffer<'_>, document: &Document<'_>) {
    let action = &*document.status.action;
    out.push_str(measures(action));
    push_outcome(out, document);
    if !action.is_empty() {
        out.push_ascii(br#""status_detail":""#);
        out.push_str(action);
        out.push_ascii(b"\",");
    }
}

/// Adds the same for a delivery with its steps: what the server has answered, and what was done by the cause.
pub(super) fn push_details_status(
    out: &mut Buffer<'_>,
    document: &Document<'_>,
    details: &DeliveryDetails,
    shown: &Shown<'_>,
) {
    let action = &*document.status.action;
    out.push_str(measures_of(action, details));
    push_outcome(out, document);
    let reply = details.reply();
    let code = reply.and_then(|reply| reply.code.as_deref().or(reply.smtp_code.as_deref()));
    push_text(out, r#""status_code":"#, code);
    push_text(out, r#""status_detail":"#, shown.reason(details).as_deref().or(Some(action)));
}

/// Adds `status` and its id.
#[inline(always)]
fn push_outcome(out: &mut Buffer<'_>, document: &Document<'_>) {
    if document.status.action.is_empty() {
        out.push_ascii(br#""status":"Unknown","status_id":0,"#);
        return;
    }
    match document.status.outcome {
        "success" => out.push_ascii(br#""status":"Success","status_id":1,"#),
        "failure" => out.push_ascii(br#""status":"Failure","status_id":2,"#),
        _ => {
            out.push_ascii(br#""status":"#);
            copy_pruned(out, &document.record.get(Property::Status));
            out.push_ascii(br#","status_id":99,"#);
        }
    }
}

const BLOCKED: &str = r#""action":"Denied","action_id":2,"disposition":"Blocked","disposition_id":2,"#;
const DELAYED: &str = r#""action":"Observed","action_id":3,"disposition":"Delayed","disposition_id":14,"#;
const ERROR: &str = r#""action":"Unknown","action_id":0,"disposition":"Error","disposition_id":27,"#;

/// Causes of a failure that are a policy of somebody, or what is in the message.
const OF_POLICY: [&str; 14] = [
    "auth",
    "dlp",
    "etr",
    "etr-deleted",
    "etr-quarantine",
    "forwarding",
    "junk",
    "malware",
    "malware-quarantine",
    "policy",
    "sender-blocked",
    "spam-blocked",
    "spam-quarantine",
    "tabl",
];

/// Causes of a failure that lie beyond the service: nobody here has denied anything.
const OF_OTHERS: [&str; 7] = ["expired", "loop", "network", "remote", "remote-mailbox-full", "remote-not-found", "tls"];

/// What the service did, as the status and the steps say it.
fn measures_of(action: &str, details: &DeliveryDetails) -> &'static str {
    match (action, details.cause.map(|cause| cause.id)) {
        ("failed", Some(cause)) if OF_POLICY.contains(&cause) => BLOCKED,
        ("failed", Some(cause)) if OF_OTHERS.contains(&cause) => ERROR,
        ("pending" | "getting-status", _) if details.is_deferred() => DELAYED,
        _ => measures(action),
    }
}

/// What the service did, as far as the status says it.
fn measures(action: &str) -> &'static str {
    match action {
        "delivered" => r#""action":"Allowed","action_id":1,"disposition":"Allowed","disposition_id":1,"#,
        "expanded" => r#""action":"Allowed","action_id":1,"disposition":"Logged","disposition_id":17,"#,
        "quarantined" => r#""action":"Denied","action_id":2,"disposition":"Quarantined","disposition_id":3,"#,
        "filtered-as-spam" => BLOCKED,
        "failed" => r#""action":"Denied","action_id":2,"disposition":"Rejected","disposition_id":25,"#,
        "recalled" => r#""action":"Denied","action_id":2,"disposition":"Deleted","disposition_id":5,"#,
        "deferred" => DELAYED,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_by_causes_that_there_are() {
        for id in OF_POLICY.iter().chain(&OF_OTHERS) {
            assert!(exotrace_details::CAUSES.iter().any(|cause| cause.id == *id), "{id}");
        }
        assert!(!OF_POLICY.iter().any(|id| OF_OTHERS.contains(id)));
    }
}
