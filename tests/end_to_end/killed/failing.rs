//! Every step fails, one at a time: on a full or broken disk, with too many open files, or interrupted by a signal.

use std::collections::BTreeMap;

use rand::{Rng as _, rngs::StdRng};

use super::{Kill, Tried, is_every_step_tried, kind, rounds, tenant};
use crate::harness::random;

/// What a step can fail with.
const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EMFILE: i32 = 24;
const EINTR: i32 = 4;

/// The errors that a call can have, as far as the program has to live with them; and whether half of it may be done.
fn errors(call: &str) -> &'static [(i32, bool)] {
    match call {
        "write" | "pwrite" | "writev" => &[(ENOSPC, false), (ENOSPC, true), (EIO, false), (EINTR, false)],
        "open" => &[(ENOSPC, false), (EMFILE, false), (EIO, false), (EINTR, false)],
        "look" => &[(EMFILE, false), (EIO, false), (EINTR, false)],
        "read" | "pread" => &[(EIO, false), (EINTR, false)],
        "fsync" | "fdatasync" | "fallocate" | "mkdir" | "rename" | "link" => &[(ENOSPC, false), (EIO, false)],
        "ftruncate" | "unlink" | "chmod" => &[(EIO, false)],
        // What goes out over sockets has tests of its own.
        _ => &[],
    }
}

/// Which of these steps to let fail, and how: of those that are alike one, or all.
fn failing(steps: &[String], random: &mut StdRng) -> Vec<Kill> {
    let mut kinds: BTreeMap<_, Vec<Kill>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        let kind = kind(step);
        for &(error, is_half) in errors(kind.0) {
            let kill = Kill { step: index + 1, is_half, error: Some(error) };
            kinds.entry((kind.clone(), is_every_step_tried().then_some(kill.step))).or_default().push(kill);
        }
    }
    let mut chosen = Vec::new();
    for alike in kinds.into_values() {
        if is_every_step_tried() {
            chosen.extend(alike);
        } else {
            chosen.push(alike[random.random_range(0..alike.len())]);
        }
    }
    chosen
}

#[test]
fn nothing_is_missing_or_twice_at_any_step_a_call_fails() {
    let tenant = tenant();
    let refused = tenant.simulator.rows()[7].id.clone();
    let once = ["run", "--once"];
    let round = rounds(&tenant, &refused);
    let count = round();
    let whole = count.run(&once, Some(Kill { step: 0, is_half: false, error: Some(EIO) }));
    assert!(matches!(whole.code(), Some(0 | 2)), "{}", count.log());
    let failing = failing(&count.steps(), &mut random());
    assert!(failing.len() > 60, "{}", failing.len());
    for kill in failing {
        let round = round();
        let tried = Tried(&round, kill);
        let ended = round.run(&once, Some(kill));
        assert!(ended.code().is_some() && !round.log().contains("panicked"), "{ended}");
        round.finish(&once);
        round.check(&tenant.simulator, &refused);
        drop(tried);
    }
}
