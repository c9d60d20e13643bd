//! What documents of every schema have of the steps of a delivery.

use exotrace_details::{DeliveryDetails, Step};

use super::{
    parts::{push_date, push_text},
    shown::Shown,
};
use crate::{date::Instant, json::Buffer};

/// How many clients are looked at.
const MOST_CLIENTS: usize = 64;

/// The IP addresses of those that sent the message to a server, as they are shown.
pub(crate) fn clients(details: &DeliveryDetails, shown: &Shown<'_>) -> Vec<String> {
    let clients = details.steps.iter().filter_map(Step::client_ip).take(MOST_CLIENTS);
    clients.filter_map(|ip| shown.ip(ip)).collect()
}

/// Puts the cause behind the `message` of the row, which was added at `start` if there is one.
pub(crate) fn push_cause(out: &mut Buffer<'_>, start: usize, details: &DeliveryDetails, shown: &Shown<'_>) {
    if out.len() == start {
        return;
    }
    // Without the quote and the comma.
    out.truncate(out.len().saturating_sub(2));
    out.push_ascii(b": ");
    out.push_escaped(&shown.sentence(details));
    out.push_ascii(b"\",");
}

/// Adds `tls`: how the last connection was secured.
pub(crate) fn push_tls(out: &mut Buffer<'_>, details: &DeliveryDetails, shown: &Shown<'_>) {
    let Some(tls) = details.tls() else { return };
    let start = out.len();
    out.push_ascii(br#""tls":{"#);
    push_text(out, r#""cipher":"#, tls.cipher.as_deref().and_then(|cipher| shown.word(cipher)));
    push_text(out, r#""version":"#, tls.version.as_deref());
    push_text(out, r#""version_protocol":"#, tls.version.is_some().then_some("tls"));
    out.close(start, b"}");
}

/// Adds `details`: the steps, as the service tells of them, and what they come to. `push_more` adds what else belongs
/// there.
pub(crate) fn push_steps(
    out: &mut Buffer<'_>,
    details: &DeliveryDetails,
    shown: &Shown<'_>,
    push_more: impl FnOnce(&mut Buffer<'_>),
) {
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
    push_more(out);
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
