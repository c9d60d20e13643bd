use super::*;

/// 2026-11-28T20:00:00Z.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_896_000, 0).unwrap()
}

#[track_caller]
fn check_record(record: &str, expected: &str) {
    let found = Values::new(now).record(record, None);
    let found = found.map(|rewritten| rewritten.unwrap_or_else(|| record.to_owned()));
    assert_eq!(found.as_deref(), Ok(expected));
}

#[track_caller]
fn check_refused(record: &str, expected: &str) {
    match Values::new(now).record(record, None) {
        Err(ValueTrouble::Refused(date)) => assert_eq!(date.to_string(), expected, "{record}"),
        other => panic!("{record}: {other:?}"),
    }
}

#[test]
fn dates_of_convertto_json_are_rewritten_in_their_place() {
    check_record(
        r#"{"a": 1,"Received":"\/Date(1326441600000)\/","x":[ ]}"#,
        r#"{"a": 1,"Received":"2012-01-13T08:00:00Z","x":[ ]}"#,
    );
    check_record(
        r#"{"EndDate":"/Date(1326441600123+0100)/","Received":"/Date(-1)/"}"#,
        r#"{"EndDate":"2012-01-13T08:00:00.123Z","Received":"1969-12-31T23:59:59.999Z"}"#,
    );
    check_record(
        r#"{"Received":{"value":"\/Date(1326441600000)\/","DisplayHint":2,"DateTime":"Friday"}}"#,
        r#"{"Received":"2012-01-13T08:00:00Z"}"#,
    );
    check_record(
        r#"{"Received":{"value":"2026-03-04T05:06:07Z","DateTime":"x"}}"#,
        r#"{"Received":"2026-03-04T05:06:07Z"}"#,
    );
}

#[test]
fn other_text_that_looks_like_a_date_stays() {
    for record in [
        r#"{"Subject":"/Date(1)/"}"#,
        r#"{"Received":"/Date(x)/"}"#,
        r#"{"Received":"/Date()/"}"#,
        r#"{"Received":1"Date("#,
    ] {
        check_record(record, record);
    }
}

#[test]
fn what_a_service_sends_is_not_touched() {
    for record in [
        include_str!("../../../../fixtures/records/well-formed.ndjson"),
        include_str!("../../../../fixtures/records/odd.ndjson"),
    ]
    .into_iter()
    .flat_map(str::lines)
    {
        let found = Values::new(now).record(record, None);
        assert!(matches!(found, Ok(None)), "{record}: {found:?}");
    }
}

#[test]
fn every_kind_of_value_is_made_what_the_mapping_takes() {
    check_record(
        r#"{"FROMIP":"[192.0.2.1]:25","toIP":"fe80::1%3","SenderAddress":"\u003cann@contoso.com\u003e","status":"Filtered as spam","Subject":"<a@b.c>"}"#,
        r#"{"FROMIP":"192.0.2.1","toIP":"fe80::1","SenderAddress":"ann@contoso.com","status":"FilteredAsSpam","Subject":"<a@b.c>"}"#,
    );
    check_record(
        r#"{"received":"11/20/2026 8:01:02 AM","StartDate":"20.11.2026 08:01:02"}"#,
        r#"{"received":"2026-11-20T08:01:02Z","StartDate":"2026-11-20T08:01:02Z"}"#,
    );
    check_record(r#"{"Rec\u0065ived":"2026-11-20 08:01:02Z"}"#, r#"{"Rec\u0065ived":"2026-11-20T08:01:02Z"}"#);
    check_record(r#"{"x":{"Received":"2026-11-20 08:01:02Z"}}"#, r#"{"x":{"Received":"2026-11-20 08:01:02Z"}}"#);
}

#[test]
fn a_date_of_receipt_more_than_a_day_ahead_is_refused() {
    let record = |date: &str| format!(r#"{{"Received":"{date}"}}"#);
    for date in [
        "2026-11-28T20:00:00Z",
        "2026-11-29T19:59:59Z",
        "2026-11-29T20:00:00.000",
        "2026-11-30T08:00:00+14:00",
        "2026",
        "2026-11-29",
    ] {
        check_record(&record(date), &record(date));
    }
    let ahead = |received: &str| {
        format!(
            "date of receipt {received} is more than a day ahead; the clock of this machine says 2026-11-28T20:00:00Z"
        )
    };
    check_refused(&record("2026-11-29T20:00:01Z"), &ahead("2026-11-29T20:00:01Z"));
    check_refused(&record("2026-11-29T10:00:01-11:00"), &ahead("2026-11-29T21:00:01Z"));
    check_refused(&record("2026-11-30"), &ahead("2026-11-30T00:00:00Z"));
    check_refused(&record("2569-11-20T08:01:02Z"), &ahead("2569-11-20T08:01:02Z"));
    check_refused(&record("2569-11-20 08:01:02"), &ahead("2569-11-20T08:01:02Z"));
    check_refused(&record("20.11.2569 08:01:02"), &ahead("2569-11-20T08:01:02Z"));
    check_refused(&record("2027"), &ahead("2027-01-01T00:00:00Z"));
    check_refused(&record("/Date(4102444800000)/"), &ahead("2100-01-01T00:00:00Z"));
    check_refused(&record("1448-06-10T08:01:02"), "year 1448 is not one of the Gregorian calendar");
    // The end of what was asked for may be to come.
    check_record(r#"{"EndDate":"2099-01-01T00:00:00Z"}"#, r#"{"EndDate":"2099-01-01T00:00:00Z"}"#);
}

#[test]
fn the_clock_is_looked_at_again_before_anything_is_refused() {
    use std::sync::atomic::{AtomicI64, Ordering};
    static SECONDS_LATER: AtomicI64 = AtomicI64::new(0);
    fn later() -> DateTime<Utc> {
        now() + TimeDelta::seconds(SECONDS_LATER.load(Ordering::Relaxed))
    }
    let mut values = Values::new(later);
    SECONDS_LATER.store(2 * 24 * 60 * 60, Ordering::Relaxed);
    assert!(matches!(values.record(r#"{"Received":"2026-11-30T20:00:00Z"}"#, None), Ok(None)));
}

#[test]
fn day_and_month_of_a_record_are_never_guessed() {
    let record = r#"{"Received":"3/4/2026 8:01:02 AM"}"#;
    assert_eq!(Values::new(now).record(record, None), Err(ValueTrouble::Ambiguous));
    let found = Values::new(now).record(record, Some(DateOrder::DayFirst));
    assert_eq!(found, Ok(Some(r#"{"Received":"2026-04-03T08:01:02Z"}"#.to_owned())));
    let later = r#"{"Received":"3\/4\/2026"},{"received" : "3\/14\/2026 8:00"},{"Subject":"14/3/2026"}"#;
    assert_eq!(date_order(later).unwrap(), Some(DateOrder::MonthFirst));
    assert!(date_order(r#"{"Received":"14/3/2026"}{"Received":"3/14/2026"}"#).is_err());
    assert_eq!(date_order(record).unwrap(), None);
}
