//! What became of a message, as OCSF says it: `status`, and what was done about it, `action` and `disposition`.

use crate::{
    document::Document,
    json::{Buffer, copy_pruned},
    property::Property,
};

/// Adds `status`, `action` and `disposition`, each with its id.
#[inline(always)]
pub(super) fn push_status(out: &mut Buffer<'_>, document: &Document<'_>) {
    let action = &*document.status.action;
    if action.is_empty() {
        out.push_ascii(br#""status":"Unknown","status_id":0,"#);
        return;
    }
    out.push_str(measures(action));
    match document.status.outcome {
        "success" => out.push_ascii(br#""status":"Success","status_id":1,"#),
        "failure" => out.push_ascii(br#""status":"Failure","status_id":2,"#),
        _ => {
            out.push_ascii(br#""status":"#);
            copy_pruned(out, &document.record.get(Property::Status));
            out.push_ascii(br#","status_id":99,"#);
        }
    }
    out.push_ascii(br#""status_detail":""#);
    out.push_str(action);
    out.push_ascii(b"\",");
}

/// What the service did, as far as the status says it.
fn measures(action: &str) -> &'static str {
    match action {
        "delivered" => r#""action":"Allowed","action_id":1,"disposition":"Allowed","disposition_id":1,"#,
        "expanded" => r#""action":"Allowed","action_id":1,"disposition":"Logged","disposition_id":17,"#,
        "quarantined" => r#""action":"Denied","action_id":2,"disposition":"Quarantined","disposition_id":3,"#,
        "filtered-as-spam" => r#""action":"Denied","action_id":2,"disposition":"Blocked","disposition_id":2,"#,
        "failed" => r#""action":"Denied","action_id":2,"disposition":"Rejected","disposition_id":25,"#,
        "recalled" => r#""action":"Denied","action_id":2,"disposition":"Deleted","disposition_id":5,"#,
        "deferred" => r#""action":"Observed","action_id":3,"disposition":"Delayed","disposition_id":14,"#,
        _ => "",
    }
}
