//! What mail is about.

use rand::Rng;

use super::address::pick;

/// Subjects with quotes, emoji, several scripts and directions; `#` stands for a number.
const SUBJECTS: &[&str] = &[
    "Invoice #",
    "Re: Order # has been shipped",
    "Minutes of the meeting on Tuesday",
    "FW: \"urgent\": contract # to be signed",
    "Lunch? 🍕",
    "🎉 Release # is out 🎉",
    "Grüße aus Köln",
    "Réunion reportée à jeudi",
    "Ticket #: printer on floor 3 'does not work'",
    "会議の議事録 (第#回)",
    "Счёт № #",
    "مرحبا: الفاتورة #",
    "Your weekly report #",
    "Password expires in 14 days",
    "C:\\shares\\finance\\budget-#.xlsx",
    "<b>Special offer</b> & more: 20 % off",
    "=?utf-8?Q?Caf=C3=A9_#?=",
    "Tab\there, and a trailing space ",
    "=SUM(A1:A#)",
    "Accepted: Project review #",
    "Automatic reply: out of office (case #)",
];

/// Returns a subject; one in sixteen messages has an empty one or none.
pub(super) fn subject(rng: &mut impl Rng) -> Option<String> {
    match rng.random_range(0..32) {
        0 => None,
        1 => Some(String::new()),
        _ => {
            let number = rng.random_range(1..100_000_u32).to_string();
            Some(pick(SUBJECTS, rng).replace('#', &number))
        }
    }
}

/// What people write in subjects.
const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "for",
    "your",
    "to",
    "with",
    "on",
    "in",
    "a",
    "new",
    "update",
    "meeting",
    "project",
    "order",
    "invoice",
    "report",
    "contract",
    "review",
    "request",
    "confirmation",
    "weekly",
    "monthly",
    "team",
    "customer",
    "delivery",
    "payment",
    "agenda",
    "offer",
    "question",
    "ticket",
    "access",
    "account",
    "training",
    "schedule",
    "proposal",
    "budget",
    "notes",
    "reminder",
    "information",
    "shipment",
    "quarterly",
    "documentation",
    "registration",
    "appointment",
    "draft",
    "final",
    "version",
    "approval",
    "newsletter",
];

/// Returns a subject as long as those of real mail: half of them have up to 45 characters, one in a hundred 120.
///
/// One in twenty has something to escape or is not in ASCII.
pub(super) fn long_subject(rng: &mut impl Rng) -> Option<String> {
    match rng.random_range(0..100) {
        0..2 => return None,
        2..4 => return Some(String::new()),
        4..9 => return subject(rng),
        _ => {}
    }
    let mut text = match rng.random_range(0..10) {
        0..3 => "Re: ".to_owned(),
        3 => "FW: ".to_owned(),
        _ => String::new(),
    };
    let scale = 1 << rng.random_range(1..5);
    for number in 0..3 + rng.random_range(0..scale) {
        if number > 0 {
            text.push(' ');
        }
        text.push_str(pick(WORDS, rng));
    }
    if rng.random_bool(0.4) {
        text.push_str(&format!(" {}", rng.random_range(1000..1_000_000)));
    }
    Some(text)
}
