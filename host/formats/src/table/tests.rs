#![allow(clippy::string_slice, reason = "a test that panics has failed")]

use chrono::Utc;

use super::*;

/// Checks the records of a table, each without its braces; rows that do not fit are there as they are.
#[track_caller]
fn check(text: &str, order: Option<DateOrder>, expected: &[&str]) {
    let (mut table, mut at) = Table::begin(text).unwrap().expect("a table");
    let mut found = Vec::new();
    loop {
        let rest = &text[at..];
        let look = Look { end: End::Final, over_lines: true, has_nul: false, in_page: false };
        match table.cut(rest, order, &mut Values::new(Utc::now), look) {
            TableCut::Row(length, records) => {
                found.extend(records);
                at += length;
            }
            TableCut::Odd(place, _) => {
                found.push(format!("odd: {}", rest[place.clone()].trim()));
                at += place.end;
            }
            TableCut::Undecided => {
                found.push("undecided".to_owned());
                break;
            }
            TableCut::Refused(_, date, _) => {
                let date = date.to_string();
                found.push(format!("refused: {}", date.rsplit_once(' ').map_or("", |(text, _)| text)));
                break;
            }
            TableCut::More(_) => break,
        }
    }
    assert_eq!(found, expected);
}

#[track_caller]
fn check_refused(header: &str, expected: &str) {
    let error = Table::begin(header).err().unwrap().to_string();
    assert_eq!(error, expected);
}

const ROW: &str = r#"{"Received":"2026-11-20T08:01:02Z","SenderAddress":"a@b.c","RecipientAddress":"d@e.f","Size":12}"#;

#[test]
fn exports_of_every_version_of_powershell_are_read() {
    let header = "\"Received\",\"SenderAddress\",\"RecipientAddress\",\"Size\"\r\n";
    let row = "\"11/20/2026 8:01:02 AM\",\"a@b.c\",\"d@e.f\",\"12\"\r\n";
    check(&format!("#TYPE Selected.System\r\n{header}{row}"), None, &[ROW]);
    check(&format!("{header}{row}{header}{row}"), None, &[ROW, ROW]);
    check("received;SENDERADDRESS;RecipientAddress;size\n20.11.2026 08:01:02;a@b.c;d@e.f;12", None, &[ROW]);
    check(
        "receivedDateTime\tsenderAddress\trecipientAddress\tsize\n2026-11-20T08:01:02Z\ta@b.c\td@e.f\t12\n",
        None,
        &[ROW],
    );
}

#[test]
fn quotes_keep_everything_together() {
    check(
        "Received,SenderAddress,RecipientAddress,Subject,X\n2026-11-20T08:01:02Z,,b@c,\"one,\r\n\"\"two\"\"\",\n",
        None,
        &[
            r#"{"Received":"2026-11-20T08:01:02Z","SenderAddress":"","RecipientAddress":"b@c","Subject":"one,\r\n\"two\"","X":""}"#,
        ],
    );
}

#[test]
fn a_row_that_does_not_fit_goes_on_as_it_is() {
    let header = "Received,SenderAddress,RecipientAddress,Size\n";
    let row = "2026-11-20T08:01:02Z,a@b.c,d@e.f,12\n";
    check(&format!("{header}1,2\n{row}1,2,3,4,5\n{row}"), None, &["odd: 1,2", ROW, "odd: 1,2,3,4,5", ROW]);
    check(&format!("{header}\"open,1\n{row}"), None, &["odd: \"open,1", ROW]);
}

#[test]
fn day_and_month_are_told_apart_by_the_order_or_not_at_all() {
    let text = "Received,SenderAddress,RecipientAddress\n3/4/2026 8:01:02,a,b\n";
    check(text, None, &["undecided"]);
    check(
        text,
        Some(DateOrder::DayFirst),
        &[r#"{"Received":"2026-04-03T08:01:02Z","SenderAddress":"a","RecipientAddress":"b"}"#],
    );
    let (mut table, at) = Table::begin(text).unwrap().unwrap();
    assert_eq!(table.date_order(&text[at..]).unwrap(), None);
    assert_eq!(table.date_order("3/4/2026,a,b\n3/14/2026,a,b\n").unwrap(), Some(DateOrder::MonthFirst));
    assert!(table.date_order("13/4/2026,a,b\n3/14/2026,a,b\n").is_err());
}

#[test]
fn an_enhanced_summary_has_a_record_for_every_recipient() {
    check(
        "origin_timestamp,origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,network_message_id\n\
         x,2026-11-20T08:01:02.1Z,a@b.c,\"d#@e##Receive, Deliver;f@g##Receive, Fail\",s,7,n\n",
        None,
        &[
            r##"{"origin_timestamp":"x","Received":"2026-11-20T08:01:02.1Z","SenderAddress":"a@b.c","Subject":"s","Size":7,"MessageTraceId":"n","RecipientAddress":"d#@e","Status":"Delivered","RecipientStatus":"Receive, Deliver"}"##,
            r##"{"origin_timestamp":"x","Received":"2026-11-20T08:01:02.1Z","SenderAddress":"a@b.c","Subject":"s","Size":7,"MessageTraceId":"n","RecipientAddress":"f@g","Status":"Failed","RecipientStatus":"Receive, Fail"}"##,
        ],
    );
}

#[test]
fn tables_of_something_else_are_refused() {
    check_refused(
        "date_time_utc,event_id,message_id\n",
        "column `event_id` belongs to a report of events, not of messages\nhint: export the summary or the enhanced summary",
    );
    check_refused(
        "Date,Event,Action,Detail\n",
        "column `Event` belongs to a report of events, not of messages\nhint: export the summary or the enhanced summary",
    );
    check_refused(
        "Received,Name,What it is\n",
        "table has no column `SenderAddress`, `RecipientAddress`; it has `Received`, `Name` and 1 more\n\
         hint: export with `Get-MessageTraceV2` or `Get-MessageTrace`, or the summary or enhanced summary of the admin centre",
    );
    assert!(Table::begin("just a line\n").unwrap().is_none());
    assert!(Table::begin("{\"a\":1,\"b\":2}\n").unwrap().is_none());
}

#[test]
fn values_are_those_of_the_property() {
    check(
        "Date (UTC),Sender,Recipient,Subject,Status,From IP\n\
         2026-11-20 08:01:02,\"\"\"Ann\"\" <a@b.c>\",SMTP:d@e.f,<g@h.i>,Filtered as spam,[192.0.2.1]:25\n",
        None,
        &[
            r#"{"Received":"2026-11-20T08:01:02Z","SenderAddress":"a@b.c","RecipientAddress":"d@e.f","Subject":"<g@h.i>","Status":"FilteredAsSpam","FromIP":"192.0.2.1"}"#,
        ],
    );
    check(
        "Received,SenderAddress,RecipientAddress\n2099-11-20 08:01:02,a,b\n",
        None,
        &["refused: date of receipt 2099-11-20T08:01:02Z is more than a day ahead; the clock of this machine says"],
    );
}
