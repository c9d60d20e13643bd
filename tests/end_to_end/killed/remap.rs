//! Remaps that are killed.

use std::fs;

use super::{FILE_RECORDS, Round, size, walk};
use crate::harness::sized_records;

/// An output that nothing was delivered to before.
const AGAIN: &str = "[[output]]\ntype = \"file\"\nname = \"again\"\npath = \"again.ndjson\"\n";

fn settings(round: &Round, more: &str) {
    round.write_settings(&format!(
        "state_dir = \"state\"\n[archive]\ndir = \"kept\"\n[[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
         [[output]]\ntype = \"file\"\nname = \"first\"\npath = \"out/trace.ndjson\"\n{more}"
    ));
}

#[test]
fn no_document_is_missing_or_twice_at_any_step_a_remap_is_killed() {
    let base = Round::new(None);
    base.write("in/one.ndjson", sized_records(0..FILE_RECORDS));
    base.write("in/two.ndjson", sized_records(FILE_RECORDS..2 * FILE_RECORDS));
    settings(&base, "");
    base.finish(&["run", "--once"]);
    let round = || {
        let round = Round::new(None);
        for name in ["state", "in", "out", "kept"] {
            round.copy(&base, name);
        }
        settings(&round, AGAIN);
        round
    };
    let remap = ["remap", "--from", "2026-03-04", "--to", "2026-03-05", "--output", "again"];
    let kills = walk(round, &remap, |round, _| {
        let status = round.exotrace(&["status", "--json"]).run().json();
        // One that was killed when all was done would begin again.
        if !status["archive"]["remap"].is_null() || !round.path("again.ndjson").exists() {
            round.finish(&remap);
            let names = fs::read_dir(round.path("state")).unwrap().map(|entry| entry.unwrap().file_name());
            let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".seen")).collect();
            assert!(left.is_empty(), "{left:?}");
        }
        let mut sizes: Vec<_> = round.documents("again").iter().map(size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, (0..2 * FILE_RECORDS).collect::<Vec<_>>());
    });
    assert!(kills > 15, "{kills}");
}
