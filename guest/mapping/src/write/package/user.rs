//! The people of a delivery: `related.user` and `user`.

use crate::{
    address::Address,
    document::Direction,
    endpoint::Addresses,
    json::Buffer,
    write::parts::{local_part, push_users, same, whole},
};

/// Adds `related.user` (row 26).
#[inline(always)]
pub(crate) fn push_related(out: &mut Buffer<'_>, addresses: &Addresses<'_>) {
    let start = out.len();
    out.push_ascii(br#""related":{"#);
    push_users(out, addresses);
    out.close(start, b"}");
}

/// Adds `user` (row 27): the one of the two that belongs to the tenant.
#[inline(always)]
pub(crate) fn push_user(out: &mut Buffer<'_>, direction: Option<Direction>, addresses: &Addresses<'_>) {
    let Addresses { sender, recipient } = *addresses;
    let people = match direction {
        Some(Direction::Inbound) => (recipient, None),
        Some(Direction::Outbound) => (sender, None),
        Some(Direction::Internal) => (recipient, Some(sender)),
        Some(Direction::External) | None => return,
    };
    let start = out.len();
    out.push_ascii(br#""user":{"#);
    push_texts(out, r#""email":"#, people, whole);
    push_texts(out, r#""id":"#, people, whole);
    push_texts(out, r#""name":"#, people, local_part);
    out.close(start, b"}");
}

/// One text as a string, two as an array. Two of which one is empty are an array of one: Elastic reduces the array
/// before it removes what is empty (section 2.10).
#[inline(always)]
fn push_texts(
    out: &mut Buffer<'_>,
    key: &str,
    (first, second): (Option<&Address>, Option<Option<&Address>>),
    text: fn(Option<&Address>) -> &str,
) {
    let first = text(first);
    let start = out.len();
    out.push_str(key);
    if let Some(second) = second.map(text).filter(|second| !same(first, second)) {
        out.push(b'[');
        for text in [first, second].into_iter().filter(|text| !text.is_empty()) {
            out.push_str(text);
            out.push(b',');
        }
        out.close(start, b"]");
    } else if first.is_empty() {
        out.truncate(start);
    } else {
        out.push_str(first);
        out.push(b',');
    }
}
