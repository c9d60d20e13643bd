//! The people of a delivery: `related.user` and `user`.

use crate::{address::Address, bytes::equal, document::Direction, endpoint::Addresses, json::Buffer};

/// Adds `related.user` (row 26): recipient before sender, addresses before local parts, none twice.
#[inline(always)]
pub(crate) fn push_related(out: &mut Buffer<'_>, addresses: &Addresses<'_>) {
    let Addresses { sender, recipient } = *addresses;
    let [first, second, third, fourth] = [whole(recipient), whole(sender), local_part(recipient), local_part(sender)];
    let start = out.len();
    out.push_ascii(br#""related":{"user":["#);
    // Not a loop: every one of its rounds would cost as much as what it does.
    push_new(out, first, [""; 3]);
    push_new(out, second, [first, "", ""]);
    push_new(out, third, [first, second, ""]);
    push_new(out, fourth, [first, second, third]);
    out.close(start, b"]}");
}

/// Adds a text, unless it is empty or among those before it.
#[inline(always)]
fn push_new(out: &mut Buffer<'_>, text: &str, [first, second, third]: [&str; 3]) {
    if !(text.is_empty() || same(first, text) || same(second, text) || same(third, text)) {
        out.push_str(text);
        out.push(b',');
    }
}

fn whole(address: Option<&Address>) -> &str {
    address.map_or("", |address| &address.json)
}

fn local_part(address: Option<&Address>) -> &str {
    address.map_or("", |address| &address.local_part_json)
}

#[inline(always)]
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && is_equal(a, b)
}

/// Apart: texts are seldom as long as each other.
#[inline(never)]
fn is_equal(a: &str, b: &str) -> bool {
    equal(a.as_bytes(), b.as_bytes())
}

/// Adds `user` (row 27): whoever of the two belongs to the tenant.
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
