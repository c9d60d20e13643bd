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
