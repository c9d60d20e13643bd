//! Components that are small and take a compiler gigabytes, or hours: functions to put behind `prelude.wat`.

use std::fmt::Write as _;

/// Their names, and what stands behind the prelude.
pub(crate) fn bombs() -> [(&'static str, String); 3] {
    [
        ("compile-bomb-locals", loops_of_locals(10_000, 2000)),
        ("compile-bomb-loops", loops_of_locals(4000, 240)),
        ("compile-bomb-many-loops", many(8, &loops_of_locals(1000, 990))),
    ]
}

/// A function in which every loop around the same body carries every local.
fn loops_of_locals(locals: usize, loops: usize) -> String {
    let mut text = String::from("(func (param i64) (result i64) ");
    text += &"(local i64)".repeat(locals);
    text += &"(loop ".repeat(loops);
    for local in 1..=locals {
        write!(text, "(local.set {local} (i64.add (local.get 0) (local.get {local})))").expect("a text takes everything");
    }
    text += &"(br_if 0 (i64.eqz (local.get 0))))".repeat(loops);
    text + "(local.get 0))"
}

fn many(times: usize, function: &str) -> String {
    vec![function; times].join("\n")
}
