//! Takes the secrets of this process out of texts that others chose.
//!
//! A service, a gateway or an output may repeat what it was sent. Every text of a remote goes through here before it is
//! kept or shown: logs, error texts, the ledger, `status`, health, request traces, dead letters. Every [`Secret`] is known
//! here for as long as it lives, in the forms that answers write it in; the latest ones for longer.
//!
//! Records are not such texts: they are delivered as they are.

use std::{
    borrow::Cow,
    collections::VecDeque,
    ops::Range,
    sync::{Arc, PoisonError, RwLock, Weak},
};

mod forms;

pub(crate) use forms::Forms;

/// What stands in the place of a secret.
pub(crate) const HIDDEN: &str = "****";

/// A part of a secret that is shorter, in characters, is not told from an ordinary word. Longer beginnings are hidden as
/// well: texts are cut.
const SHORTEST_PREFIX: usize = 8;

/// A secret that is shorter may be in a link by chance, and not to follow that link would cost requests.
const SHORTEST_IN_LINK: usize = 6;

/// The longest text of a remote that is shown, in characters.
const SHOWN_CHARACTERS: usize = 300;

/// Number of secrets that are remembered after they are dropped: what was sent with a token may be answered after its end.
const KEPT: usize = 32;

static KNOWN: RwLock<KnownSecrets> = RwLock::new(KnownSecrets { living: Vec::new(), latest: VecDeque::new() });

struct KnownSecrets {
    living: Vec<Weak<Forms>>,
    latest: VecDeque<Arc<Forms>>,
}

/// Makes a secret known, for as long as the result lives at least.
pub(crate) fn know(secret: &str) -> Arc<Forms> {
    let forms = Arc::new(Forms::of(secret));
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.living.retain(|forms| forms.strong_count() > 0);
    known.living.push(Arc::downgrade(&forms));
    known.latest.push_back(Arc::clone(&forms));
    if known.latest.len() > KEPT {
        known.latest.pop_front();
    }
    forms
}

/// A text without our secrets.
pub(crate) fn scrub(text: &str) -> Cow<'_, str> {
    let mut places = Vec::new();
    each(|forms| forms.iter().for_each(|form| find(text, form, &mut places)));
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    places.sort_unstable_by_key(|place| place.start);
    let (mut scrubbed, mut at) = (String::new(), 0);
    for place in places {
        if place.start >= at {
            scrubbed.push_str(text.get(at..place.start).unwrap_or_default());
            scrubbed.push_str(HIDDEN);
        }
        at = at.max(place.end);
    }
    scrubbed.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(scrubbed)
}

/// Whether a secret is in a link as a whole, in any form.
pub(crate) fn holds_secret(link: &str) -> bool {
    let mut found = false;
    let is_in = |form: &String| form.len() >= SHORTEST_IN_LINK && link.contains(form.as_str());
    each(|forms| found |= forms.iter().any(is_in));
    found
}

/// A text of a remote as it may be shown: without our secrets, on one line, and cut with a mark when it is long.
pub(crate) fn shown(text: &str) -> String {
    let scrubbed = scrub(text);
    let mut characters = scrubbed.chars().map(|it| if is_odd(it) { ' ' } else { it });
    let mut shown: String = characters.by_ref().take(SHOWN_CHARACTERS).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, and those that turn or break lines.
fn is_odd(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn each(mut look: impl FnMut(&Forms)) {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    for forms in known.living.iter().filter_map(Weak::upgrade) {
        look(&forms);
    }
    for forms in &known.latest {
        look(forms);
    }
}

/// Finds a form, or a long beginning of it.
fn find(text: &str, form: &str, places: &mut Vec<Range<usize>>) {
    let prefix = form.char_indices().nth(SHORTEST_PREFIX).map_or(form, |(end, _)| form.get(..end).unwrap_or(form));
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(prefix)) {
        let start = from + found;
        let rest = text.get(start..).unwrap_or_default();
        let length: usize =
            rest.chars().zip(form.chars()).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
        places.push(start..start + length);
        from = start + length;
    }
}

#[cfg(test)]
mod tests;
