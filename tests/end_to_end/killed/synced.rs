//! What is written is on the disk before anything relies on it: a machine that loses power loses no more than a process
//! that is killed.

use std::{collections::BTreeSet, fs, path::Path};

use super::{Kill, Round, tenant};

/// Files that the ledger relies on when it moves.
const RELIED_ON: [&str; 2] = ["dead-letter.ndjson", "trace.ndjson"];

/// The name of a file of which `name` is the unfinished one, as in `.mapping.json.Xy12.new`.
fn finished(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(".new")?.rsplit_once('.').map(|(name, _random)| name)
}

#[test]
fn what_is_written_is_on_the_disk_before_anything_relies_on_it() {
    let tenant = tenant();
    let refused = tenant.simulator.rows()[7].id.clone();
    let round = Round::new(Some(&refused));
    fs::create_dir(round.path("out")).unwrap();
    // One source, so that nothing else moves the ledger meanwhile.
    round.write_settings(&format!(
        "{}batch_size = 15\n[[output]]\ntype = \"file\"\npath = \"out/trace.ndjson\"\n\
         [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\n",
        tenant.source(),
        round.fake.url(),
    ));
    round.run(&["run", "--once"], Some(Kill { step: 0, is_half: false, error: None }));
    let (mut waiting, mut synced) = (BTreeSet::new(), BTreeSet::new());
    for step in round.steps() {
        let (call, path) = step.split_once(' ').unwrap();
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_watched = RELIED_ON.contains(&&*name) || finished(&name).is_some();
        match call {
            "write" | "writev" | "pwrite" if is_watched => drop(waiting.insert(name)),
            "fsync" | "fdatasync" if is_watched => {
                waiting.remove(&name);
                synced.insert(finished(&name).unwrap_or(&name).to_owned());
            }
            "rename" | "link" => {
                let is_of_it = |it: &String| finished(it) == Some(&name);
                assert!(!waiting.iter().any(is_of_it), "`{name}` is put in place before it is on the disk");
            }
            "pwrite" if name.starts_with("ledger.sqlite3") => {
                let early = RELIED_ON.iter().find(|it| waiting.contains(**it));
                assert_eq!(early, None, "the ledger moves before it is on the disk");
            }
            _ => {}
        }
    }
    for name in RELIED_ON.iter().chain(&["mapping.json"]) {
        assert!(synced.contains(*name), "`{name}` was never written: {synced:?}");
    }
}
