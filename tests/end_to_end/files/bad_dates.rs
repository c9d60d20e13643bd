//! Records with dates that no message was received at: each is put aside with its reason, and the others go on.

use serde_json::{Value, json};

use super::Inbox;
use crate::harness::{documents, sized_record, wait_for};

const DEAD_LETTER: &str = "state/dead-letter.ndjson";

/// A record that was received in a year to come.
const AHEAD: &str = "{\"MessageTraceId\":\"1\",\"Received\":\"2569-11-20T08:01:02\",\"Subject\":\"ahead\"}";

fn letters(inbox: &Inbox) -> Vec<Value> {
    documents(&inbox.read(DEAD_LETTER))
}

#[test]
fn a_date_to_come_costs_nothing_but_its_own_record() {
    let table = "MessageTraceId,SenderAddress,RecipientAddress,Received,Status,Subject,Size\n";
    let row = |date: &str, size: u64| format!("id,a@b.example,c@d.example,{date},Delivered,x,{size}\n");
    let page = |records: &[&str]| format!("{{\"@odata.context\":\"x\",\"value\":[{}]}}", records.join(","));
    let (one, two) = (sized_record(1), sized_record(2));
    for (name, text, line) in [
        ("lines.ndjson", format!("{one}{AHEAD}\n{two}"), 2),
        ("first.ndjson", format!("{AHEAD}\n{one}{two}"), 1),
        ("last.ndjson", format!("{one}{two}{AHEAD}\n"), 3),
        ("array.json", format!("[{},\n{AHEAD},\n{}]\n", one.trim(), two.trim()), 2),
        ("page.json", page(&[one.trim(), AHEAD, two.trim()]), 1),
        (
            "table.csv",
            [table, &row("2026-03-04T05:06:07Z", 1), &row("9999-12-31 23:59:59", 7), &row("2026-03-04T05:06:08Z", 2)]
                .concat(),
            3,
        ),
        (
            "calendar.csv",
            [table, &row("2026-03-04T05:06:07Z", 1), &row("1448-06-10T08:01:02", 7), &row("2026-03-04T05:06:08Z", 2)]
                .concat(),
            3,
        ),
    ] {
        let mut inbox = Inbox::new();
        inbox.put(name, text);
        let ended = inbox.check_once(2, 2);
        assert_eq!(inbox.counts().keys().copied().collect::<Vec<_>>(), [1, 2], "{name}: {ended}");
        let letters = letters(&inbox);
        let [letter] = letters.as_slice() else { panic!("{name}: {letters:?}") };
        let reason = letter["reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("line {line} of `files/{name}`: ")), "{name}: {reason}");
        assert!(reason.contains("is more than a day ahead") || reason.contains("Gregorian"), "{name}: {reason}");
        assert_eq!(letter["stage"], json!("source"), "{name}");
        let record: Value = serde_json::from_str(letter["record"].as_str().unwrap()).unwrap();
        assert!(record["Received"].is_string(), "{name}: {record}");
        assert!(ended.said().contains("2 documents delivered, 1 to the dead letter"), "{name}: {ended}");
        // It is done with: neither the file nor the row comes again.
        inbox.check_once(0, 2);
        let listed = inbox.exotrace(&["replay", "--list"]).run().stdout;
        assert!(listed.contains("source `file`: line # of `…`: "), "{name}: {listed}");
        // Who knows better has it delivered.
        let replayed = inbox.exotrace(&["replay"]).ends(0);
        assert_eq!(replayed.documents().len(), 1, "{name}: {replayed}");
    }
}

#[test]
fn a_file_that_grows_goes_on_behind_a_date_to_come() {
    let inbox = Inbox::new();
    inbox.put("a.ndjson", sized_record(0) + AHEAD + "\n");
    let daemon = inbox.exotrace(&["run"]).start();
    wait_for("a dead letter", || inbox.path(DEAD_LETTER).exists());
    inbox.add("a.ndjson", sized_record(1));
    wait_for("documents", || daemon.output().matches('\n').count() == 2);
    assert_eq!(letters(&inbox).len(), 1);
    let status = inbox.exotrace(&["status"]).ends(1).stdout;
    assert!(status.contains("  source `file`: line # of `…`: date of receipt"), "{status}");
}

/// Also when there are more of them than a batch has records.
#[test]
fn nothing_but_dates_to_come_is_no_trouble() {
    let mut inbox = Inbox::new();
    inbox.put("a.ndjson", format!("{AHEAD}\n").repeat(2500) + &sized_record(0));
    inbox.check_once(2, 1);
    assert_eq!(letters(&inbox).len(), 2500);
}
