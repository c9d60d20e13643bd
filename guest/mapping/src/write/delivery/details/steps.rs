//! `microsoft.online_message_trace.details`: the steps, as the service tells of them.

use exotrace_details::{DeliveryDetails, Step};

use super::shown::Shown;
use crate::{
    date::Instant,
    json::Buffer,
    write::parts::{push_date, push_text},
};

/// Adds `details`.
pub(super) fn push_steps(out: &mut Buffer<'_>, details: &DeliveryDetails, shown: &Shown<'_>) {
    let start = out.len();
    out.push_ascii(br#""details":{"#);
    push_text(out, r#""cause":"#, details.cause.map(|cause| cause.sentence));
    push_text(out, r#""cause_id":"#, details.cause.map(|cause| cause.id));
    push_number(out, r#""latency_s":"#, details.latency_seconds());
    push_text(out, r#""route":"#, shown.route(details.route()).as_deref());
    push_number(out, r#""scl":"#, details.spam_confidence());
    let steps = out.len();
    out.push_ascii(br#""steps":["#);
    for step in &details.steps {
        push_step(out, step, shown);
    }
    out.close(steps, b"]");
    out.close(start, b"}");
}

fn push_step(out: &mut Buffer<'_>, step: &Step, shown: &Shown<'_>) {
    let start = out.len();
    out.push(b'{');
    push_text(out, r#""action":"#, shown.word(&step.action));
    push_date(out, r#""at":""#, step.at.and_then(Instant::from_milliseconds));
    push_text(out, r#""client_ip":"#, step.client_ip().and_then(|ip| shown.ip(ip)).as_deref());
    push_text(out, r#""connector":"#, step.connector().and_then(|connector| shown.text(connector)));
    push_text(out, r#""description":"#, shown.text(&step.description));
    push_text(out, r#""event":"#, shown.word(&step.name));
    let other = out.len();
    out.push_ascii(br#""other":["#);
    if !shown.hides_text() {
        for (name, value) in step.other_properties() {
            out.push_string(&format!("{name}={value}"));
            out.push(b',');
        }
    }
    out.close(other, b"]");
    push_text(out, r#""server":"#, step.server().and_then(|server| shown.host(server)).as_deref());
    push_text(out, r#""unread":"#, shown.text(&step.properties.unread));
    out.close(start, b"}");
}

fn push_number(out: &mut Buffer<'_>, key: &str, number: Option<impl ToString>) {
    if let Some(number) = number {
        out.push_str(key);
        out.push_str(&number.to_string());
        out.push(b',');
    }
}
