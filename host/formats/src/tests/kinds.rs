//! What people's files really hold: one test for each kind of trouble.
#![allow(clippy::string_slice, reason = "a test that panics has failed")]

use super::*;
use crate::date_order::DateOrder;

const A: &str = r#"{"Received":"2026-03-04T05:06:07Z","Size":1}"#;
const B: &str = r#"{"Received":"2026-03-04T05:06:08Z","Size":2}"#;

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

fn little(text: &str) -> Vec<u8> {
    utf16(text, u16::to_le_bytes)
}

fn big(text: &str) -> Vec<u8> {
    utf16(text, u16::to_be_bytes)
}

/// What is read while more may come.
fn collect_waiting(input: &[u8], at_end: AtEnd) -> (Vec<String>, bool) {
    let Some(start) = Start::of(input, 0).unwrap() else { return (Vec::new(), true) };
    let position = start.position;
    let offset = usize::try_from(position.offset).unwrap();
    let mut reader = Reader::new(start, &input[offset..], position, LIMITS);
    let mut found = Vec::new();
    while let Some(batch) = reader.next(at_end).unwrap() {
        found.extend(crate::lines::lines(&batch.records).map(|line| line.record().to_owned()));
    }
    (found, reader.is_waiting())
}

#[test]
fn what_is_closed_is_whole_at_once_and_only_a_bare_line_waits() {
    let indented = format!("{{\n{}\n}}", &A[1..A.len() - 1]);
    let flat = indented.replace('\n', " ");
    for (input, expected) in [
        (indented.clone(), vec![flat.clone()]),
        (format!("{indented}\n{indented}"), vec![flat.clone(), flat.clone()]),
        (format!("[\n{A},\n{B}\n]"), vec![A.to_owned(), B.to_owned()]),
        (format!("{{\n\"value\": [\n{A},\n{B}\n]\n}}"), vec![A.to_owned(), B.to_owned()]),
        (A.to_owned(), vec![A.to_owned()]),
        (format!("{A}\n{B}"), vec![A.to_owned(), B.to_owned()]),
    ] {
        for bytes in [input.clone().into_bytes(), little(&input), big(&input), little(&format!("\u{feff}{input}"))] {
            assert_eq!(collect_waiting(&bytes, AtEnd::Wait), (expected.clone(), false), "{input}");
        }
    }
    for (input, expected) in [(format!("{A}\nbare"), vec![A]), (format!("[{A},7"), vec![A])] {
        let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(collect_waiting(input.as_bytes(), AtEnd::Wait), (expected, true), "{input}");
    }
}

#[test]
fn something_broken_does_not_hide_the_end_of_its_array() {
    let collected = collect(format!("[{A},oops]").as_bytes());
    assert_eq!((collected.records, collected.notices.len()), (vec![A.to_owned(), "oops".to_owned()], 0));
}

#[test]
fn several_values_on_one_line_are_several_records() {
    check(format!("{A}{B}\n{A} {B}\n{A},{B}"), &[A, B, A, B, A, B]);
    check(format!("{A}{B}"), &[A, B]);
}

#[test]
fn nul_bytes_are_left_out_wherever_they_are_and_said_once() {
    let (head, tail) = A.split_at(20);
    let nuls = "\0".repeat(37);
    for (input, count) in [
        (format!("{}{A}\n{B}\n", "\0".repeat(100_000)), 100_000),
        (format!("{A}\n{nuls}{B}\n"), 37),
        (format!("{A}{nuls}\n{B}\n{nuls}"), 74),
        (format!("{head}{nuls}{tail}\n{nuls}\n{B}"), 74),
        (format!("\0{A}\n{B}\0"), 2),
        (format!("[{nuls}{A},{nuls}{B}{nuls}]"), 111),
    ] {
        let collected = collect(input.as_bytes());
        assert_eq!(collected.records, [A, B], "{input:?}");
        let problems: Vec<_> = collected.notices.iter().map(|notice| notice.problem).collect();
        assert_eq!(problems, [Problem::Nuls(count)], "{input:?}");
    }
    // Something torn before them costs nothing that comes behind.
    assert_eq!(collect(format!("{head}{nuls}{B}\n").as_bytes()).records, [head, B]);
    let table = format!("Received,SenderAddress,RecipientAddress\n{nuls}2026-03-04T05:06:07Z,{nuls}a,b\n{nuls}\n");
    check(table, &[r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"a","RecipientAddress":"b"}"#]);
}

#[test]
fn nul_bytes_at_the_end_wait_because_they_may_be_written_over() {
    let input = format!("{A}\n\0\0\0\0\0\0\0\0");
    let start = Start::of(input.as_bytes(), 0).unwrap().unwrap();
    let mut reader = Reader::new(start, input.as_bytes(), Position::default(), LIMITS);
    while reader.next(AtEnd::Wait).unwrap().is_some() {}
    assert_eq!((reader.position().offset, reader.is_waiting()), (A.len() as u64 + 1, false));
}

#[test]
fn an_encoding_may_change_within_a_file() {
    let lines = |records: &[&str]| records.iter().map(|it| format!("{it}\r\n")).collect::<String>();
    let mark = "\u{feff}";
    for parts in [
        vec![lines(&[A, B]).into_bytes(), little(&lines(&[A, B]))],
        vec![little(&lines(&[A, B])), lines(&[A, B]).into_bytes()],
        vec![lines(&[A, B]).into_bytes(), little(&(mark.to_owned() + &lines(&[A, B])))],
        vec![little(&(mark.to_owned() + &lines(&[A, B]))), (mark.to_owned() + &lines(&[A, B])).into_bytes()],
        vec![lines(&[A, B]).into_bytes(), big(&lines(&[A, B]))],
        vec![big(&(mark.to_owned() + &lines(&[A, B]))), lines(&[A, B]).into_bytes()],
        vec![little(&lines(&[A, B])), big(&lines(&[A, B]))],
        // The line before has no end.
        vec![[&lines(&[A]), B].concat().into_bytes(), little(&lines(&[A, B]))],
        vec![little(&[&lines(&[A]), B].concat()), lines(&[A, B]).into_bytes()],
        vec![[&lines(&[A]), B].concat().into_bytes(), big(&(mark.to_owned() + &lines(&[A, B])))],
        // At an odd place, and with padding between.
        vec![format!("{A}\n{B}\n").into_bytes(), vec![0; 5], little(&lines(&[A, B]))],
        vec![little(&lines(&[A, B])), vec![0; 5], little(&lines(&[A, B]))],
        vec![big(&lines(&[A, B])), vec![0; 3], big(&lines(&[A, B]))],
        vec![little(&lines(&[A, B])), vec![0; 4], lines(&[A, B]).into_bytes()],
    ] {
        let input = parts.concat();
        assert_eq!(collect(&input).records, [A, B, A, B], "{:?}", String::from_utf8_lossy(&input));
    }
    // One byte is missing: what follows is read.
    let mut input = little(&lines(&[A, B, A]));
    input.remove(2 * (A.len() + 10) + 1);
    let found = collect(&input).records;
    assert!(found.starts_with(&[A.to_owned()]) && found.ends_with(&[A.to_owned()]), "{found:?}");
}

#[test]
fn a_line_of_utf_16_may_begin_with_any_character() {
    let table = "Received,SenderAddress,RecipientAddress\r\n2026-03-04T05:06:07Z,a,b\r\n";
    let table = format!("Subject,{table}").replace("\r\n2026", "\r\n上海上海上海上海上海上海,2026");
    let expected = r#"{"Subject":"上海上海上海上海上海上海","Received":"2026-03-04T05:06:07Z","SenderAddress":"a","RecipientAddress":"b"}"#;
    for bytes in [little(&table), little(&format!("\u{feff}{table}")), big(&format!("\u{feff}{table}"))] {
        assert_eq!(collect(&bytes).records, [expected]);
    }
}

#[test]
fn an_object_with_rows_in_an_array_is_a_page_of_any_service() {
    let next = r#""@odata.nextLink":"y""#;
    for page in [
        format!("{{\"value\":[{A},{B}]}}"),
        format!("{{\"results\":[{A},{B}],{next}}}"),
        format!("{{\"count\":2,\n \"data\" : [\n{A},\n{B}\n]\n}}"),
        format!("{{\"d\":{{\"results\":[{A},{B}]}}}}"),
        format!("{{\"a\":[{A}],\"b\":[1],\"c\":[{B}]}}"),
        format!("[{{\"value\":[{A}]}},{{\"value\":[{B}]}}]"),
        format!("[[{A}],[{B}]]"),
        format!("\u{feff}{{\"value\":[{A},{B}]}}"),
    ] {
        check(&page, &[A, B]);
    }
    let details = r#"{"MessageId":"x","Received":"y","Events":[{"MessageId":"x"}]}"#;
    check(details, &[details]);
    check("{\"a\":[1,2]}", &["{\"a\":[1,2]}"]);
}

#[test]
fn the_line_for_excel_names_the_delimiter() {
    let expected = r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"a","RecipientAddress":"b"}"#;
    for delimiter in [";", ",", "\t", "|", ":", "^", "~", "#", " "] {
        let date = if delimiter == ":" { "\"2026-03-04T05:06:07Z\"" } else { "2026-03-04T05:06:07Z" };
        let header = ["Received", "SenderAddress", "RecipientAddress"].join(delimiter);
        let row = [date, "a", "b"].join(delimiter);
        for line in [format!("sep={delimiter}"), format!("\"sep={delimiter}\""), format!("SEP={delimiter}")] {
            let table = format!("{line}\r\n{header}\r\n{row}\r\n");
            assert_eq!(collect(table.as_bytes()).records, [expected], "{table}");
            assert_eq!(collect(&little(&format!("\u{feff}{table}"))).records, [expected], "{table}");
            // Put together from several files.
            assert_eq!(collect(format!("{table}{table}").as_bytes()).records, [expected, expected], "{table}");
        }
    }
    let error = read("sep=§\na§b\n".as_bytes(), None, &mut Collected::default()).unwrap_err();
    assert!(error.to_string().contains("`§`"), "{error}");
}

#[test]
fn what_has_no_records_is_refused_with_what_it_looks_like() {
    for (start, expected) in [
        (b"PK\x03\x04\x14\0\0\0\x08\0 MTSummary.csv".as_slice(), "a zip archive"),
        (b"PK\x03\x04\x14\0\0\0\x08\0 [Content_Types].xml", "an Excel workbook"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"BZh91AY&SY\0\x01", "bzip2"),
        (b"\xfd7zXZ\0\0\x04", "xz"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "an image (PNG)"),
        (b"\x7fELF\x02\x01\x01\0", "a program (ELF)"),
        (b"<!DOCTYPE html>\n<html><body>{}</body>", "a web page (HTML)"),
        (b"\n <html>", "a web page (HTML)"),
        (b"<?xml version=\"1.0\"?>\n<a/>", "XML"),
        (b"<Objs Version=\"1.1.0.1\">", "Export-Clixml"),
        (b"Dear all,\nplease find attached\n", "plain text"),
        (b"Received   SenderAddress\n--------   -------------\n3/4/2026   a@b.c\n", "a listing of PowerShell"),
        (b"1\n2\n3\n", "plain text"),
    ] {
        let error = read(start, None, &mut Collected::default()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("\nhint: "), "{error}");
    }
    let mut random = 7_u32;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        random.to_be_bytes()[0] & 0x3f
    })
    .take(4096)
    .collect();
    let error = read(bytes.as_slice(), None, &mut Collected::default()).unwrap_err().to_string();
    assert!(error.contains("a binary file"), "{error}");
    // One line of nonsense is not enough.
    check(format!("nonsense\n{A}"), &["nonsense", A]);
}

#[test]
fn of_a_file_that_ends_in_the_middle_everything_whole_is_given_and_the_place_is_named() {
    let torn = &B[..30];
    for (input, expected, line) in [
        (format!("[\n{A},\n{torn}"), vec![A], 3),
        (format!("[\n{A},\n{B}"), vec![A, B], 3),
        (format!("{A}\n{torn}"), vec![A], 2),
        (format!("{A}\n{{\n\"Received\": \"2026-03-04T05:06:08Z\",\n"), vec![A], 2),
        (format!("{{\"@odata.context\":\"x\",\"value\":[{A},\n{B},\n{torn}"), vec![A, B], 3),
        (format!("{{\n\"value\": [\n{A},\n{B},\n"), vec![A, B], 5),
        (format!("{{\"value\":[{A},{B}],\"@odata.next"), vec![A, B], 1),
        (format!("{{\"d\":{{\"results\":[{A},{torn}"), vec![A], 1),
        (format!("{{\"a\":\n{A}\n"), vec![A], 1),
    ] {
        let collected = collect(input.as_bytes());
        assert_eq!(collected.records, expected, "{input}");
        assert_eq!(collected.notices, [Notice { line, problem: Problem::Torn }], "{input}");
    }
}

#[test]
fn a_last_look_takes_what_is_whole_and_can_be_gone_on_from() {
    let page = format!("{{\"@odata.context\":\"x\",\"value\":[{A},{B},{A}],\"@odata.nextLink\":\"y\"}}\n{B}\n");
    for end in 0..page.len() {
        let input = &page.as_bytes()[..end];
        let Some(start) = Start::of(input, 0).unwrap() else { continue };
        let mut reader = Reader::new(start, input, Position { line: 1, ..Position::default() }, LIMITS);
        let mut found = Vec::new();
        while let Some(batch) = reader.next(AtEnd::Last).unwrap() {
            found.extend(batch.records.lines().filter(|it| !it.is_empty()).map(str::to_owned));
        }
        let position = reader.position();
        let start = Start::of(page.as_bytes(), 0).unwrap().unwrap();
        let rest = &page.as_bytes()[usize::try_from(position.offset).unwrap()..];
        let mut reader = Reader::new(start, rest, position, LIMITS);
        while let Some(batch) = reader.next(AtEnd::Take).unwrap() {
            found.extend(batch.records.lines().filter(|it| !it.is_empty()).map(str::to_owned));
        }
        assert_eq!(found, [A, B, A, B], "{end}");
    }
}

/// A hundred thousand lines of each: what is quadratic does not come to an end here.
#[test]
fn reading_time_is_linear_in_the_size_of_any_file() {
    let header = "MessageTraceId,SenderAddress,RecipientAddress,Received,Status,Subject\n";
    for input in [
        header.to_owned() + &"\"a\",\"b\n".repeat(100_000),
        "{\"a\":\n".repeat(100_000),
        "[{\"a\":\n".repeat(100_000),
        "{\"a\":[\n".repeat(100_000),
        "{\"a\":[[[\n".repeat(100_000),
        "{}".repeat(100_000),
        "{\"a\":1}\0".repeat(100_000),
        format!("{A}\n").repeat(50) + &"{\"a\":\0\n".repeat(100_000),
        "{\"a\":[{\"b\":\n".repeat(100_000),
        format!("{{\"value\":[{A},") + &"{\"a\":\n".repeat(100_000),
    ] {
        let mut collected = Collected::default();
        let outcome = read(input.as_bytes(), Some(DateOrder::DayFirst), &mut collected);
        assert!(outcome.is_ok(), "{outcome:?} {:?}", input.get(..20));
    }
    for input in ["{\"a\":\n", "\"a\",\"b\n", "a\0b\0", "\0\0{\0"] {
        let bytes = little(&format!("{}[{}", format!("{A}\n").repeat(50), input.repeat(100_000)));
        let outcome = read(&bytes[..bytes.len() - 1], None, &mut Collected::default());
        assert!(outcome.is_ok(), "{outcome:?} {input:?}");
    }
}

#[test]
fn a_page_longer_than_any_value_is_read_row_by_row() {
    let row = format!("{{\"Received\":\"2026\",\"Subject\":\"{}\"}}", "x".repeat(1024 * 1024));
    let count = MAX_LINE_BYTES / row.len() + 3;
    let page = format!("{{\"value\":[{}],\"@odata.nextLink\":\"y\"}}\n{A}\n", vec![row.as_str(); count].join(","));
    let collected = collect(page.as_bytes());
    assert_eq!((collected.records.len(), collected.notices.len()), (count + 1, 0));
    assert_eq!(collected.records.last().map(String::as_str), Some(A));
}
