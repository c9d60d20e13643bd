use std::fs;

use super::*;

#[track_caller]
fn check(text: &str, order: Option<DateOrder>, expected: &str) {
    let found = match read(text, order) {
        Date::AsItIs => "as it is".to_owned(),
        Date::Rewritten(iso) => iso,
        Date::Ambiguous => "ambiguous".to_owned(),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn dates_of_many_cultures_are_read() {
    check("11/20/2026 8:01:02 AM", None, "2026-11-20T08:01:02Z");
    check("11/20/2026 12:01:02\u{202f}PM", None, "2026-11-20T12:01:02Z");
    check("11/20/2026 12:00 AM", None, "2026-11-20T00:00:00Z");
    check("20.11.2026 08:01:02", None, "2026-11-20T08:01:02Z");
    check("3.4.2026 8.01.02", None, "2026-04-03T08:01:02Z");
    check("20/11/2026 08:01:02", None, "2026-11-20T08:01:02Z");
    check("20-11-2026 23:01", None, "2026-11-20T23:01:00Z");
    check("2026-11-20 08:01:02", None, "2026-11-20T08:01:02Z");
    check("2026/11/20 8:01:02", None, "2026-11-20T08:01:02Z");
    check("2026. 11. 20. 8:01:02", None, "2026-11-20T08:01:02Z");
    check("2026-11-20 08:01:02.1234567", None, "2026-11-20T08:01:02.1234567Z");
    check("11/11/2026 1:02:03 p.m.", None, "2026-11-11T13:02:03Z");
}

#[test]
fn the_forms_of_dotnet_that_have_no_culture_are_read() {
    check("2026-11-20 08:01:02Z", None, "2026-11-20T08:01:02Z");
    check("Fri, 20 Nov 2026 08:01:02 GMT", None, "2026-11-20T08:01:02Z");
    check("2026-11-20T08:01:02", None, "as it is");
    check("2026-11-20T08:01:02.1234567+02:00", None, "as it is");
    check("11/20/2026 8:01:02 AM +00:00", None, "2026-11-20T08:01:02Z");
    check("20.11.2026 08:01:02 +02:00", None, "2026-11-20T06:01:02Z");
    check("2026-11-20 23:01:02 -0330", None, "2026-11-21T02:31:02Z");
    check("2026-11-20 08:01:02 UTC", None, "2026-11-20T08:01:02Z");
    check("2026-11-20 08:01:02 (UTC+01:00)", None, "2026-11-20T07:01:02Z");
    check("2026-11-20 08:01:02 CET", None, "as it is");
}

#[test]
fn older_forms_of_windows_are_read() {
    check("20.11.2026 08:01:02", None, "2026-11-20T08:01:02Z");
    check("20-11-2026 08:01:02", None, "2026-11-20T08:01:02Z");
    check("2026-11-20 오전 8:01:02", None, "2026-11-20T08:01:02Z");
    check("2026/11/20 上午 08:01:02", None, "2026-11-20T08:01:02Z");
    check("20/11/2026 2:01:02 μμ", None, "2026-11-20T14:01:02Z");
    check("3/4/2026 2:01:02 μμ", None, "2026-04-03T14:01:02Z");
    check("20-Nov-26 2:01:02 PM", None, "2026-11-20T14:01:02Z");
    check("20/11/2026 08:01:02 ص", None, "2026-11-20T08:01:02Z");
    check("٢٠/١١/٢٠٢٦ ٠٨:٠١:٠٢ م", None, "2026-11-20T20:01:02Z");
    check("11/20/26 8:01 A.M.", None, "2026-11-20T08:01:00Z");
    check("08:01:02 20/11/2026", None, "2026-11-20T08:01:02Z");
}

#[test]
fn years_of_two_digits_are_never_guessed_either() {
    check("20/11/26 08:01", None, "2026-11-20T08:01:00Z");
    check("3/4/26 08:01", None, "ambiguous");
    check("3/4/26 08:01", Some(DateOrder::DayFirst), "2026-04-03T08:01:00Z");
    check("26-11-20 14 h 37", None, "ambiguous");
    check("26-11-20 14 h 37", Some(DateOrder::MonthFirst), "2026-11-20T14:37:00Z");
    check("10-11-09 08:01", Some(DateOrder::MonthFirst), "ambiguous");
    check("26. 11. 20. 오후 2:37", None, "2026-11-20T14:37:00Z");
    check("20.11.26 08:01", None, "2026-11-20T08:01:00Z");
}

#[test]
fn other_calendars_are_converted_when_that_is_certain_and_never_taken_for_this_one() {
    check("20/11/2569 8:01:02", None, "2026-11-20T08:01:02Z");
    check("3/4/2569 8:01:02", None, "2026-04-03T08:01:02Z");
    check("20 พฤศจิกายน พ.ศ. 2569 8:01:02", None, "2026-11-20T08:01:02Z");
    check("20 พ.ย. 2569 8:01:02", None, "2026-11-20T08:01:02Z");
    check("民國115年11月20日 上午8:01:02", None, "2026-11-20T08:01:02Z");
    check("令和8年11月20日 8:01:02", None, "2026-11-20T08:01:02Z");
    for text in ["115/11/20 上午 8:01:02", "10/06/1448 08:01:02 ص", "1448/6/10 8:01:02", "29/8/1405 8:01"] {
        check(text, None, "as it is");
    }
}

#[test]
fn day_and_month_are_never_guessed() {
    check("3/4/2026 8:01:02 AM", None, "ambiguous");
    check("3/4/2026 8:01:02 AM", Some(DateOrder::MonthFirst), "2026-03-04T08:01:02Z");
    check("03-04-2026 08:01", Some(DateOrder::DayFirst), "2026-04-03T08:01:00Z");
    let orders = ["3/4/2026", "13/4/2026", "3/14/2026", "5/5/2026", "2026-03-04 05:06", "3.4.2026"].map(order);
    let [day, month] = [Some(DateOrder::DayFirst), Some(DateOrder::MonthFirst)];
    assert_eq!(orders, [None, day, month, None, None, day]);
}

#[test]
fn what_the_mapping_takes_or_has_to_judge_stays() {
    for text in ["2026-11-20T08:01:02.1234567", "2026-11-20T08:01:02Z", "", "soon", "31/31/2026", "1/2/3/4", "2026"] {
        check(text, None, "as it is");
    }
}

/// The table of dates as many cultures write them, made from CLDR: culture, form, what stands first, the truth, the text.
fn table() -> Vec<[String; 5]> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cultures/dates.tsv");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()).collect()
}

/// Which order has to be said to read the dates of a culture that begin like this.
fn order_of(first: &str) -> DateOrder {
    if first == "D" { DateOrder::DayFirst } else { DateOrder::MonthFirst }
}

#[test]
fn dates_of_every_culture_are_read_once_their_order_is_known() {
    // Croatian and Polish give some names to different months: these are never guessed.
    let shared = ["listopad", "lip", "lis", "srp"];
    let mut unread = Vec::new();
    for [culture, form, first, truth, text] in table() {
        let found = read(&text, Some(order_of(&first)));
        let is_shared = shared.iter().any(|name| text.to_lowercase().contains(name));
        if found != Date::Rewritten(truth.clone()) && !(is_shared && found == Date::AsItIs) {
            unread.push(format!("{culture} {form}: `{text}` is {truth}, read as {found:?}"));
        }
    }
    assert!(unread.is_empty(), "{}:\n{}", unread.len(), unread.join("\n"));
}

#[test]
fn no_date_of_any_culture_is_read_wrongly_without_its_order() {
    let (mut read_at_once, mut all) = (0, 0);
    for [culture, form, _, truth, text] in table() {
        all += 1;
        match read(&text, None) {
            Date::Rewritten(found) => {
                read_at_once += 1;
                assert_eq!(found, truth, "{culture} {form}: `{text}`");
            }
            Date::Ambiguous | Date::AsItIs => {}
        }
    }
    assert!(read_at_once * 100 > all * 60, "{read_at_once} of {all}");
}

#[test]
fn what_a_date_gives_away_is_the_order_of_its_culture() {
    for [culture, form, first, _, text] in table() {
        let found = order(&text);
        assert!(found.is_none_or(|found| found == order_of(&first)), "{culture} {form}: `{text}` {found:?}");
    }
}
