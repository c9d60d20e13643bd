use super::{bad_date::BadDate, whole::LIMITS, *};

mod generated;
mod kinds;

#[derive(Default)]
struct Collected {
    records: Vec<String>,
    sizes: Vec<usize>,
    notices: Vec<Notice>,
}

impl Sink for Collected {
    fn batch(&mut self, batch: Batch) -> bool {
        let records: Vec<_> = batch.records.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        assert_eq!(records.len(), batch.count);
        self.records.extend(records);
        self.sizes.push(batch.count);
        true
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

fn collect(input: &[u8]) -> Collected {
    let mut collected = Collected::default();
    read(input, None, &mut collected).unwrap();
    collected
}

/// Reads `input` byte by byte, stopping and going on from the position after every batch, and sees that every record
/// is where its batch says.
#[track_caller]
fn check_piecewise(input: &[u8], expected: &[&str]) {
    let mut found = Vec::new();
    let mut position = None;
    for end in (0..=input.len()).step_by(1 + input.len() / 200).chain([input.len()]) {
        let Ok(Some(start)) = Start::of(&input[..end], 0) else { continue };
        let from = position.unwrap_or(start.position);
        let offset = usize::try_from(from.offset).unwrap();
        let limits = BatchLimits { records: 2, bytes: 1000 };
        let mut reader = Reader::new(start, &input[offset..end], from, limits);
        let at_end = if end == input.len() { AtEnd::Take } else { AtEnd::Wait };
        while let Some(batch) = reader.next(at_end).unwrap() {
            let mut at = batch.offset;
            for line in batch.records.split_inclusive('\n') {
                if let Some(at) = &mut at {
                    let begin = usize::try_from(*at).unwrap();
                    let record = line.trim_end();
                    let place = String::from_utf8_lossy(&input[begin..begin + record.len()]).replace(['\r', '\n'], " ");
                    assert_eq!(place, record);
                    *at += line.len() as u64;
                }
            }
            found.extend(batch.records.lines().filter(|line| !line.is_empty()).map(str::to_owned));
        }
        position = Some(reader.position());
    }
    assert_eq!(found, expected);
}

#[track_caller]
fn check(input: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(collect(input.as_ref()).records, expected);
    check_piecewise(input.as_ref(), expected);
}

#[test]
fn lines_are_records() {
    check("", &[]);
    check("\n \n", &[]);
    check("{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}", &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
    check("\u{feff}{\"a\":1}\n", &[r#"{"a":1}"#]);
}

#[test]
fn lines_that_are_not_json_go_on_as_they_are() {
    check("{\"a\":\nnonsense\n{}", &["{\"a\":", "nonsense", "{}"]);
    check(
        "{\"a\":\"open\n{\"b\":1}\n{\"c\":[1,\n{\"d\":1}\n{}\n",
        &["{\"a\":\"open", r#"{"b":1}"#, "{\"c\":[1,", r#"{"d":1}"#, "{}"],
    );
    check("{}\n7\n8", &["{}", "7", "8"]);
}

#[test]
fn arrays_are_cut_into_their_elements() {
    check("[]", &[]);
    check("[{\"a\":1},\n {\"b\":\n 2}]\n", &[r#"{"a":1}"#, r#"{"b":  2}"#]);
    check("\n[\n1]", &["1"]);
    check(
        "[{\"a\":1}]\r\n[{\"b\":1},{\"c\":1}]\n{\"d\":1}\n",
        &[r#"{"a":1}"#, r#"{"b":1}"#, r#"{"c":1}"#, r#"{"d":1}"#],
    );
}

#[test]
fn a_broken_array_costs_a_line() {
    check("[{\"a\":1},oops,\n{\"b\":1}\n]\n{\"c\":1}", &[r#"{"a":1}"#, "oops,", r#"{"b":1}"#, r#"{"c":1}"#]);
}

#[test]
fn pages_are_cut_into_their_rows() {
    let page = r#"{"@odata.context":"x","value":[{"a":1},{"b":2}],"@odata.nextLink":"y"}"#;
    check(page, &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check(
        format!("{page}\n{{\"c\":3}}\n{page}"),
        &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#, r#"{"a":1}"#, r#"{"b":2}"#],
    );
    check("{\n \"@odata.context\": \"x\",\n \"value\": [\n {\n\"a\": 1}\n]\n}\n", &["{ \"a\": 1}"]);
    check(r#"{"odata.metadata":"x","value":[]}"#, &[r#"{"odata.metadata":"x","value":[]}"#]);
}

#[test]
fn indented_objects_are_records() {
    check("{\n  \"a\": 1\n}\n{\r\n  \"b\": 2\r\n}\n", &["{   \"a\": 1 }", "{    \"b\": 2  }"]);
}

#[test]
fn every_encoding_of_powershell_is_read() {
    let text = "{\"a\":\"é\"}\r\n{\"b\":\"日\"}\r\n";
    let expected = ["{\"a\":\"é\"}", "{\"b\":\"日\"}"];
    check(text, &expected);
    let utf16 = |unit: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(unit).collect::<Vec<_>>();
    check(utf16(u16::to_le_bytes, &format!("\u{feff}{text}")), &expected);
    check(utf16(u16::to_be_bytes, &format!("\u{feff}{text}")), &expected);
    check(utf16(u16::to_le_bytes, text), &expected);
    assert_eq!(collect(b"{\"a\":\"\xe9\"}\n{}\n").records, ["{\"a\":\"é\"}", "{}"]);
    assert_eq!(collect(b"{}\n\xe9\n").notices[0].problem, Problem::NotUtf8);
}

#[test]
fn tables_are_read() {
    let table = "\u{feff}Received,SenderAddress,RecipientAddress\r\n2026-03-04T05:06:07Z,a,b\r\n3,4\r\n";
    check(table, &[r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"a","RecipientAddress":"b"}"#, "3,4"]);
    let notice = Notice { line: 3, problem: Problem::Odd };
    assert_eq!(collect(table.as_bytes()).notices, [notice]);
}

#[test]
fn a_later_row_gives_the_order_of_dates_away() {
    let table = "Received;SenderAddress;RecipientAddress\n3/4/2026 1:00;a;b\n3/14/2026 1:00;a;b\n";
    let record =
        |date| format!(r#"{{"Received":"2026-03-{date}T01:00:00Z","SenderAddress":"a","RecipientAddress":"b"}}"#);
    check(table, &[&record("04"), &record("14")]);
    let (ambiguous, _) = table.split_at(table.find("3/14").unwrap());
    let error = read(ambiguous.as_bytes(), None, &mut Collected::default()).unwrap_err();
    assert!(matches!(error, RecordsError::AmbiguousDates(2)), "{error}");
    let mut collected = Collected::default();
    read(ambiguous.as_bytes(), Some(DateOrder::MonthFirst), &mut collected).unwrap();
    assert_eq!(collected.records, [record("04")]);
}

#[test]
fn what_is_no_text_is_refused() {
    for bytes in [b"PK\x03\x04\x00".as_slice(), b"\x89PNG\r\n\x1a\n\0\0\0"] {
        let error = read(bytes, None, &mut Collected::default()).unwrap_err();
        assert!(matches!(error, RecordsError::Unlike(_)), "{error}");
    }
}

#[test]
fn gzip_is_unpacked() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"{}\n[1]").unwrap();
    let packed = packed.finish().unwrap();
    let mut text = String::new();
    let two = [packed.clone(), packed.clone()].concat();
    Unpacked::new(two.as_slice()).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "{}\n[1]{}\n[1]");
    // Zeros of a tape, and anything else: what was unpacked is given.
    for (behind, left_out) in [(vec![0; 2048], 0), (b"garbage".to_vec(), 7), ([vec![0; 3], vec![7]].concat(), 1)] {
        let (mut text, input) = (String::new(), [packed.clone(), behind].concat());
        let mut unpacked = Unpacked::new(input.as_slice()).unwrap();
        unpacked.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), unpacked.left_out()), ("{}\n[1]", left_out));
    }
    // Damaged in the middle: what came before is given, then the error.
    let many: String = (0..20_000).map(|number| format!("{{\"a\":{number}}}\n")).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(many.as_bytes()).unwrap();
    let mut packed = packed.finish().unwrap();
    let half = packed.len() / 2;
    packed[half..half + 64].fill(0xff);
    let mut collected = Collected::default();
    assert!(matches!(read(packed.as_slice(), None, &mut collected), Err(RecordsError::Read(_))));
    assert!(collected.records.len() > 1000, "{}", collected.records.len());
}

#[test]
fn line_by_line_nothing_waits_for_the_next_line() {
    struct Given(Vec<String>);
    impl Sink for Given {
        fn batch(&mut self, batch: Batch) -> bool {
            self.0.push(batch.records);
            true
        }
        fn notice(&mut self, notice: Notice) {
            self.0.push(format!("line {}", notice.line));
        }
    }
    let mut given = Given(Vec::new());
    let input = b"{\n\n[1]\n\xff\n{\"odata.metadata\":1,\"value\":[1,2]}\nend";
    read_line_by_line(input.as_slice(), None, &mut given).unwrap();
    assert_eq!(given.0, ["{\n", "", "[1]\n", "line 4", "ÿ\n", "1\n2\n", "end\n"]);
}

#[test]
fn batches_have_a_bounded_size() {
    let sizes = collect("{}\n".repeat(2 * LIMITS.records + 1).as_bytes()).sizes;
    assert_eq!(sizes, [LIMITS.records, LIMITS.records, 1]);
    let sizes = collect(format!("{{{}\n", "x".repeat(LIMITS.bytes / 2)).repeat(3).as_bytes()).sizes;
    assert_eq!(sizes, [1, 1, 1]);
}

#[test]
fn a_blank_line_of_any_kind_is_passed_over() {
    for blank in ["\u{c}", "\u{b}", "\u{a0}", "\u{85}", "\u{2028}", "\u{3000}", "\u{feff}", "\u{1a}", " \u{a0}\t\u{c}"]
    {
        check(format!("{{\"a\":1}}\n{blank}\n{{\"b\":2}}\n{blank}"), &[r#"{"a":1}"#, r#"{"b":2}"#]);
        check(format!("[{{\"a\":1}},\n{blank}\n{{\"b\":2}}\n{blank}\n]"), &[r#"{"a":1}"#, r#"{"b":2}"#]);
        let table = format!("Received,SenderAddress,RecipientAddress\n2026-03-04T05:06:07Z,a,b\n{blank}\n");
        check(table, &[r#"{"Received":"2026-03-04T05:06:07Z","SenderAddress":"a","RecipientAddress":"b"}"#]);
    }
}

#[test]
fn a_control_character_in_a_subject_does_not_hide_the_file() {
    let table = "Received,SenderAddress,RecipientAddress,Subject\n2026-03-04T05:06:07Z,a,b,\u{7}ding\n";
    let expected = "{\"Received\":\"2026-03-04T05:06:07Z\",\"SenderAddress\":\"a\",\"RecipientAddress\":\"b\",\
                    \"Subject\":\"\\u0007ding\"}";
    check(table, &[expected]);
}

#[test]
fn dates_in_json_are_read_as_in_tables() {
    let record = |date: &str| format!(r#"{{"Received":"{date}"}}"#);
    check(
        format!("{}\n{}\n", record("3/4/2026 8:01:02 AM"), record("3/14/2026 8:01:02 AM")),
        &[&record("2026-03-04T08:01:02Z"), &record("2026-03-14T08:01:02Z")],
    );
    let page = format!(r#"{{"odata.metadata":"x","value":[{},{{"a":1}}]}}"#, record("20.11.2026 08:01:02"));
    check(page, &[&record("2026-11-20T08:01:02Z"), r#"{"a":1}"#]);
    let ambiguous = format!("{{}}\n{}\n", record("3/4/2026 8:01:02 AM"));
    let mut collected = Collected::default();
    let error = read(ambiguous.as_bytes(), None, &mut collected).unwrap_err();
    assert!(matches!(error, RecordsError::AmbiguousDates(2)), "{error}");
    assert_eq!(collected.records, ["{}"]);
}

#[test]
fn a_date_to_come_costs_its_record_alone_where_nobody_can_read_again() {
    let text = "{\"a\":1}\n\n{\"Received\":\"2099-01-01T00:00:00Z\"}\n{\"b\":2}\n";
    let collected = collect(text.as_bytes());
    assert_eq!(collected.records, [r#"{"a":1}"#, r#"{"b":2}"#]);
    let [Notice { line: 3, problem }] = *collected.notices else { panic!("{:?}", collected.notices) };
    assert!(problem.is_loss() && matches!(problem, Problem::Date(BadDate::Ahead { .. })), "{problem:?}");
    let page = r#"{"odata.metadata":1,"value":[{"Received":"2099-01-01T00:00:00Z"},{"c":3}]}"#;
    assert_eq!(collect(page.as_bytes()).records, [r#"{"c":3}"#]);
    // A source gives it along with its batch, in the form that the mapping takes.
    let text = "{\"a\":1}\n\n{\"Received\":\"1.2.2099 08:01:02\"}\n{\"b\":2}\n";
    let start = Start::of_whole(text.as_bytes(), 0).unwrap();
    let position = start.position;
    let mut reader = Reader::new(start, text.as_bytes(), position, LIMITS);
    let batch = reader.next(AtEnd::Take).unwrap().unwrap();
    assert_eq!(batch.records.split_whitespace().collect::<Vec<_>>(), ["{\"a\":1}", "{\"b\":2}"]);
    let [RefusedRecord { record, line: 3, date: BadDate::Ahead { .. } }] = &*batch.refused else {
        panic!("{:?}", batch.refused)
    };
    assert_eq!(record, "{\"Received\":\"2099-02-01T08:01:02Z\"}");
    assert_eq!((reader.next(AtEnd::Take).unwrap(), reader.notices()), (None, Vec::new()));
}
