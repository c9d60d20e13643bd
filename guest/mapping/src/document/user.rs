//! The people of a delivery: `related.user` and `user`.

use super::{Direction, Document, party::Party};
use crate::json::Buffer;

/// Adds `related.user` (row 26): recipient before sender, addresses before local parts, none twice.
pub(crate) fn push_related(out: &mut Buffer, document: &Document<'_>) {
    let (sender, recipient) = (&document.source, &document.destination);
    let users = [
        (recipient, recipient.text()),
        (sender, sender.text()),
        (recipient, recipient.local_part()),
        (sender, sender.local_part()),
    ];
    let start = out.len();
    out.push_ascii(br#""related":{"user":["#);
    for (index, (party, text)) in users.iter().enumerate() {
        let is_known = users.iter().take(index).any(|(_, known)| known == text);
        if !text.is_empty() && !is_known {
            out.push(b'"');
            party.push_part(out, text);
            out.push_ascii(b"\",");
        }
    }
    out.close(start, b"]}");
}

/// Adds `user` (row 27): whoever of the two belongs to the tenant.
pub(crate) fn push_user(out: &mut Buffer, document: &Document<'_>) {
    let (sender, recipient) = (&document.source, &document.destination);
    let people: &[&Party<'_>] = match document.direction {
        Some(Direction::Inbound) => &[recipient],
        Some(Direction::Outbound) => &[sender],
        Some(Direction::Internal) => &[recipient, sender],
        Some(Direction::External) | None => return,
    };
    let start = out.len();
    out.push_ascii(br#""user":{"#);
    push_texts(out, r#""email":"#, people, Party::text);
    push_texts(out, r#""id":"#, people, Party::text);
    push_texts(out, r#""name":"#, people, Party::local_part);
    out.close(start, b"}");
}

/// One text as a string, two as an array. Two of which one is empty are an array of one: Elastic reduces the array
/// before it removes what is empty (section 2.10).
fn push_texts<'p>(out: &mut Buffer, key: &str, people: &[&'p Party<'p>], text: impl Fn(&'p Party<'p>) -> &'p str) {
    let is_array = matches!(people, [first, second] if text(first) != text(second));
    let start = out.len();
    out.push_str(key);
    if is_array {
        out.push(b'[');
    }
    let people = if is_array { people } else { people.get(..1).unwrap_or_default() };
    for person in people.iter().filter(|person| !text(person).is_empty()) {
        out.push(b'"');
        person.push_part(out, text(person));
        out.push_ascii(b"\",");
    }
    if is_array {
        out.close(start, b"]");
    } else if out.ends_with_key() {
        out.truncate(start);
    }
}
