//! Copies a value without what is empty in it (guest/docs/facts/mapping.md, section 2.11).

use std::borrow::Cow;

use super::{
    scan::Scanner,
    text::decode,
    value::{Kind, Member, Raw},
    write::Buffer,
};

/// Adds `value` without the nulls, empty strings, and then-empty arrays and objects at any depth.
/// Returns whether anything is left of it; if not, nothing was added.
#[inline(always)]
pub(crate) fn copy_pruned(out: &mut Buffer<'_>, value: &Raw<'_>) -> bool {
    match value.kind {
        Kind::Array | Kind::Object => out.push_with(|out| copy_nested(out, value)),
        _ if value.is_empty() => false,
        Kind::Surrogate => {
            // Decoded and encoded again: half a surrogate pair would make the document unreadable for many.
            out.push_with(|out| out.push_string(&decode(value)));
            true
        }
        _ => {
            out.push_str(value.text);
            true
        }
    }
}

/// Values are read again level by level; it is rare that there are any.
#[inline(never)]
fn copy_nested(out: &mut Buffer<'_>, value: &Raw<'_>) -> bool {
    let start = out.len();
    let mut scanner = Scanner::new(value.text);
    let end = if value.kind == Kind::Array {
        out.push(b'[');
        let mut elements = Vec::new();
        scanner.elements(0, |element| elements.push(element)).expect("scanned before");
        for element in &elements {
            if copy_pruned(out, element) {
                out.push(b',');
            }
        }
        b"]"
    } else {
        out.push(b'{');
        let mut members = Vec::new();
        scanner.members(0, |member| members.push(member)).expect("scanned before");
        for Member { key, value, .. } in last_of_each(&members, |member| decode(&member.key)) {
            let before = out.len();
            push_key(out, key);
            if copy_pruned(out, value) {
                out.push(b',');
            } else {
                out.truncate(before);
            }
        }
        b"}"
    };
    let left = out.close(start, end);
    if left {
        out.pop(); // the comma: the caller knows what comes next
    }
    left
}

/// Adds a key and its colon.
#[inline(always)]
pub(crate) fn push_key(out: &mut Buffer<'_>, key: &Raw<'_>) {
    if key.kind == Kind::Surrogate {
        out.push_with(|out| out.push_string(&decode(key)));
    } else {
        out.push_str(key.text);
    }
    out.push(b':');
}

/// The members without those whose key comes again later: of equal keys the last one counts.
pub(crate) fn last_of_each<M>(members: &[M], key: impl Fn(&M) -> Cow<'_, str>) -> impl Iterator<Item = &M> {
    let mut repeated = vec![false; members.len()];
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by(|a, b| key(&members[*a]).cmp(&key(&members[*b])));
    for pair in order.windows(2) {
        // The sort is stable, so of two equal keys the later one stands right after the earlier one.
        repeated[pair[0]] = key(&members[pair[0]]) == key(&members[pair[1]]);
    }
    members.iter().zip(repeated).filter(|(_, repeated)| !repeated).map(|(member, _)| member)
}
