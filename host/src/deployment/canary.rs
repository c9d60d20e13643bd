//! Which share of deliveries a record belongs to: always the same one, in every batch.

use crate::support::record_key::RecordKey;

/// Whether a record is among this percentage of all deliveries. A share contains every smaller one.
pub(super) fn is_in_share(record: &str, percent: u8) -> bool {
    let [first, second, ..] = RecordKey::of(record.trim()).identity;
    // 65536 is far from 100: no percent is noticeably larger than another.
    u16::from_be_bytes([first, second]) % 100 < u16::from(percent)
}

/// Cuts records into runs that belong to the share or do not, each with where it begins.
pub(super) fn runs(records: &str, percent: u8) -> Vec<(usize, &str, bool)> {
    let mut runs = Vec::new();
    let (mut begin, mut end, mut last) = (0, 0, None);
    for line in records.split_inclusive('\n') {
        let is_candidate = is_in_share(line, percent);
        if let Some(last) = last.filter(|last| *last != is_candidate) {
            runs.push((begin, records.get(begin..end).unwrap_or_default(), last));
            begin = end;
        }
        last = Some(is_candidate);
        end += line.len();
    }
    if let Some(last) = last {
        runs.push((begin, records.get(begin..end).unwrap_or_default(), last));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_in_the_same_share_however_it_is_told() {
        for n in 0..200 {
            let records = [
                format!(r#"{{"id":"a{n}","recipientAddress":"Bob@contoso.com","status":"pending"}}"#),
                format!(r#"{{"id":"A{n}","status":"delivered","recipientAddress":"bob@contoso.com"}}"#),
                format!("{{\"MessageTraceId\":\"a{n}\",\"RecipientAddress\":\"bob@contoso.com\"}}\n"),
                format!("{{\"MESSAGETRACEID\":\"a{n}\",\"Recipientaddress\":\"bob@contoso.com\"}}\n"),
            ];
            let shares = records.map(|record| is_in_share(&record, 50));
            assert!(shares == [true; 4] || shares == [false; 4], "{n}");
        }
    }

    #[test]
    fn shares_are_as_large_as_they_should_be() {
        let record = |n: u32| format!(r#"{{"id":"{n}","recipientAddress":"bob@contoso.com"}}"#);
        for percent in [0, 1, 10, 50, 100] {
            let inside = (0..10_000).filter(|n| is_in_share(&record(*n), percent)).count();
            let expected = usize::from(percent) * 100;
            assert!(inside.abs_diff(expected) <= 200, "{percent}: {inside}");
            assert!(!(1..100).contains(&percent) || inside > 0, "{percent}");
        }
    }

    #[test]
    fn what_is_no_record_is_in_a_share_as_well() {
        assert!(is_in_share("no json", 100) && !is_in_share("no json", 0));
    }
}
