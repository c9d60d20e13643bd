//! Replays that are killed.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use super::{DEAD_LETTER, Round, walk};
use crate::harness::guest;

/// Letters of every kind, and half of one, after those that a run has written.
fn letters_of_every_kind(round: &Round) {
    let text = round.read(DEAD_LETTER);
    let by_mapping: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let letter = |record: Value, changes: &[(&str, Value)]| {
        let mut letter = by_mapping.clone();
        for name in ["path", "offset"] {
            letter.as_object_mut().unwrap().remove(name);
        }
        letter["record"] = record.to_string().into();
        for (name, value) in changes {
            letter[*name] = value.clone();
        }
        letter.to_string() + "\n"
    };
    let number = |n: u32| json!({ "n": n });
    let (later, other) = ([("time", json!("2026-03-04T05:06:07Z"))], [("source", json!("another"))]);
    let mut more = String::new();
    for n in 0..3 {
        more += &letter(number(n), &[]);
    }
    more += &letter(number(3), &[("path", json!("a")), ("offset", json!(0))]);
    // The same record three times, twice in one batch.
    more += &(letter(number(4), &[]) + &letter(number(4), &later));
    more += &letter(number(5), &other);
    more += &letter(number(4), &[("time", json!("2027-03-04T05:06:07Z"))]);
    more += &letter(number(6), &[("stage", json!("output")), ("output", json!("away"))]);
    more += "{\"time\":\n";
    more += &letter(number(7), &[]);
    round.write(DEAD_LETTER, text + &more);
}

#[test]
fn no_dead_letter_is_lost_or_written_twice_at_any_step_a_replay_is_killed() {
    let (aside, unreadable) = (format!("{DEAD_LETTER}.replaying"), format!("{DEAD_LETTER}.unreadable"));
    let base = Round::new(None);
    let settings = |round: &Round, component: &str| {
        round.write("mapping.wasm", guest(component));
        let settings = format!(
            "state_dir = \"state\"\n[mapping]\npath = \"mapping.wasm\"\nwatch_interval = \"0s\"\n\
             [[source]]\ntype = \"file\"\npaths = [\"in/*\"]\n\
             [[output]]\ntype = \"file\"\npath = \"out/trace.ndjson\"\nrotate_bytes = 30\n\
             [[output]]\ntype = \"http\"\nname = \"away\"\nurl = \"{}/in\"\n",
            round.fake.url()
        );
        round.write_settings(&settings);
    };
    fs::create_dir(base.path("out")).unwrap();
    base.write("in/a.ndjson", "{\"x\":8}\n{\"x\":9}\n");
    settings(&base, "trap-on-record");
    base.finish(&["run", "--once"]);
    letters_of_every_kind(&base);
    let cold = || {
        let round = Round::new(None);
        for name in ["state", "in", "out"] {
            round.copy(&base, name);
        }
        settings(&round, "honest");
        round
    };
    // A mapping that the program was killed with while it was compiled is not used again: not what this is about.
    let warm = cold();
    warm.finish(&["replay", DEAD_LETTER]);
    let round = || {
        let round = cold();
        fs::remove_dir_all(round.path("state/cache")).unwrap();
        round.copy(&warm, "state/cache");
        round
    };
    let kills = walk(round, &["replay", DEAD_LETTER], |round, _| {
        // As a person does who is told of it.
        let is_aside = round.path(&aside).exists();
        round.finish(&["replay", if is_aside { &aside } else { DEAD_LETTER }]);
        assert!(!round.path(&aside).exists());
        let count = |documents: &[Value]| {
            let mut counts = BTreeMap::<String, usize>::new();
            documents.iter().for_each(|document| *counts.entry(document.to_string()).or_default() += 1);
            counts
        };
        let expected = |it: &[(&str, usize)]| it.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect();
        let of_file = [
            ("{\"n\":0}", 1),
            ("{\"n\":1}", 1),
            ("{\"n\":2}", 1),
            ("{\"n\":3}", 1),
            ("{\"n\":4}", 3),
            ("{\"n\":7}", 1),
            ("{\"x\":8}", 1),
            ("{\"x\":9}", 1),
        ];
        assert_eq!(count(&round.delivered()), expected(&of_file));
        let away = count(&round.fake.lines());
        for (text, count) in of_file.into_iter().chain([("{\"n\":6}", 1)]) {
            assert!(away.get(text).is_some_and(|found| *found >= count), "{text}: {away:?}");
        }
        // Of a source that is in no settings, and what is not a dead letter.
        let left = round.letters(DEAD_LETTER);
        assert!(!left.is_empty() && left.iter().all(|letter| letter["source"] == "another"), "{left:?}");
        let torn = round.read(&unreadable);
        assert!(torn.contains("{\"time\":\n"), "{torn}");
    });
    assert!(kills > 20, "{kills}");
}
