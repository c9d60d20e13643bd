//! Files that are made from records that are known, read back: none is lost, none is invented, none comes twice.

use std::io::Write as _;

use super::*;
use crate::lines::lines;

/// How many files.
const FILES: u64 = 5000;

/// Random numbers that are the same everywhere (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((it ^ (it >> 31)) % limit as u64).unwrap()
    }

    fn is(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// One record: its number, and its subject.
type Truth = (u64, String);

fn truth(random: &mut Random, number: u64) -> Truth {
    const WORDS: [&str; 12] = [
        "Angebot",
        "Grüße",
        "日本語",
        "\"so\"",
        "a,b;c",
        "{x}",
        "[EXTERN]",
        "\u{1f600}",
        "=1+1",
        "a: [b]",
        "上海",
        "sep=;",
    ];
    let words: Vec<_> = (0..random.below(4)).map(|_| random.one_of(&WORDS)).collect();
    (number, words.join(" "))
}

fn json((number, subject): &Truth, random: &mut Random, is_indented: bool) -> String {
    let subject = serde_json::to_string(subject).unwrap();
    let mut members = [
        "\"Received\": \"2026-03-04T05:06:07Z\"".to_owned(),
        "\"SenderAddress\": \"a@b.c\"".to_owned(),
        format!("\"Size\": {number}"),
        format!("\"Subject\": {subject}"),
    ];
    let turn = random.below(4);
    members.rotate_left(turn);
    if is_indented { format!("{{\n  {}\n}}", members.join(",\n  ")) } else { format!("{{{}}}", members.join(",")) }
}

fn field(text: &str, delimiter: &str, random: &mut Random) -> String {
    let needs = text.contains(['"', '\r', '\n', ',', ';', '\t', ' ']) || text.contains(delimiter) || text.is_empty();
    if needs || random.is(50) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A file as text, and whether a line end may be missing at its end.
fn text(records: &[Truth], random: &mut Random) -> String {
    let end = random.one_of(&["\n", "\r\n"]);
    let mut text = String::new();
    match random.below(5) {
        0 | 1 => {
            let is_indented = random.is(25);
            for record in records {
                text += &json(record, random, is_indented);
                text += end;
                if random.is(10) {
                    text += random.one_of(&["", " ", "\t", "\u{a0}", "\u{c}", "\u{feff}", "\u{b}"]);
                    text += end;
                }
            }
        }
        2 => {
            let is_indented = random.is(50);
            let between = random.one_of(&[",", ",\n", " ,\r\n "]);
            let rows: Vec<_> = records.iter().map(|record| json(record, random, is_indented)).collect();
            text = format!("[{end}{}{end}]{end}", rows.join(between));
        }
        3 => {
            for page in records.chunks(1 + random.below(5)) {
                let is_indented = random.is(50);
                let rows: Vec<_> = page.iter().map(|record| json(record, random, is_indented)).collect();
                let rows = rows.join(random.one_of(&[",", ",\n"]));
                text += &match random.below(4) {
                    0 => format!("{{\"@odata.context\":\"x\",\"value\":[{rows}],\"@odata.nextLink\":\"y\"}}"),
                    1 => format!("{{\n  \"value\": [\n{rows}\n  ]\n}}"),
                    2 => format!("{{\"d\":{{\"results\":[{rows}]}}}}"),
                    _ => format!("{{\"count\":{},\"messages\":[{rows}]}}", page.len()),
                };
                text += end;
            }
        }
        _ => {
            let delimiter = random.one_of(&[",", ";", "\t", "|"]);
            if delimiter == "|" || random.is(30) {
                text += &format!("sep={delimiter}{end}");
            } else if random.is(30) {
                text += &format!("#TYPE Selected.System.Object{end}");
            }
            text += &["Received", "SenderAddress", "RecipientAddress", "Size", "Subject"].join(delimiter);
            text += end;
            for (number, subject) in records {
                let number = number.to_string();
                let row = ["2026-03-04T05:06:07Z", "a@b.c", "d@e.f", &number, subject];
                text += &row.map(|it| field(it, delimiter, random)).join(delimiter);
                text += end;
                if random.is(10) {
                    text += end;
                }
            }
        }
    }
    // What is left open at the end of a table is closed by the quote of its last field, or stands alone.
    if random.is(30) { text.trim_end().to_owned() } else { text }
}

fn packed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = Vec::new();
    let (first, second) = bytes.split_at(random.below(bytes.len() + 1));
    if random.is(30) {
        for part in [first, second] {
            file.extend(zstd::encode_all(part, 1).unwrap());
        }
    } else {
        for part in [first, second] {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(part).unwrap();
            file.extend(packer.finish().unwrap());
        }
    }
    if random.is(30) {
        file.extend(vec![0; random.below(3000)]);
    }
    file
}

/// A file, whether it can be followed while it is written (compressed ones are read when they are whole, and where the
/// encoding changes, half a character says nothing), and the records in it.
fn file(seed: u64) -> (Vec<u8>, bool, Vec<Truth>) {
    let random = &mut Random(seed);
    let count = random.below(12);
    let records: Vec<_> = (0..count).map(|number| truth(random, number as u64)).collect();
    let text = text(&records, random);
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let kind = random.below(6);
    let mut bytes = match kind {
        0 | 1 => text.into_bytes(),
        2 => format!("\u{feff}{text}").into_bytes(),
        3 => little(&format!("\u{feff}{text}")),
        4 => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => match text.split_once('\n').filter(|(first, _)| first.starts_with('{') && first.trim_end().ends_with('}'))
        {
            // As `>>` of Windows PowerShell does it.
            Some((first, rest)) => [format!("{first}\n").into_bytes(), little(rest)].concat(),
            None => little(&text),
        },
    };
    if random.is(15) {
        let nuls = vec![0; 2 * (1 + random.below(1500))];
        // At the head; in UTF-16 it stays aligned.
        bytes.splice(0..0, nuls);
    }
    let is_packed = random.is(25);
    if is_packed {
        bytes = packed(&bytes, random);
    }
    (bytes, !is_packed && kind < 5, records)
}

/// A record that is none of ours is shown as it is.
fn known(record: &str) -> Truth {
    let value: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    match (value["Size"].as_u64(), value["Subject"].as_str()) {
        (Some(number), Some(subject)) => (number, subject.to_owned()),
        _ => (u64::MAX, record.to_owned()),
    }
}

/// The records that a file source finds: in pieces, going on from where each piece ended.
fn followed(bytes: &[u8], random: &mut Random) -> Vec<Truth> {
    let nuls = leading_nuls(bytes);
    let mut found = Vec::new();
    let mut position = None;
    let mut ends: Vec<_> = (0..3).map(|_| nuls + random.below(bytes.len() - nuls + 1)).collect();
    ends.sort_unstable();
    for end in ends.into_iter().chain([bytes.len()]) {
        let is_last = end == bytes.len();
        let head = &bytes[nuls..end.min(nuls + START_BYTES)];
        let start = if is_last {
            Some(Start::of_whole(head, nuls as u64).unwrap())
        } else {
            Start::of(head, nuls as u64).ok().flatten()
        };
        let Some(start) = start else { continue };
        let from: Position = position.unwrap_or(start.position);
        let input = &bytes[usize::try_from(from.offset).unwrap()..end];
        let mut reader = Reader::new(start, input, from, BatchLimits { records: 3, bytes: 500 });
        let at_end = if is_last { AtEnd::Settled } else { AtEnd::Wait };
        while let Some(batch) = reader.next(at_end).unwrap() {
            found.extend(lines(&batch.records).map(|line| known(line.record())));
        }
        position = Some(reader.position());
    }
    found
}

#[test]
#[expect(clippy::print_stdout, reason = "what makes the same files again")]
fn no_record_is_lost_and_none_is_invented() {
    let seed: u64 = std::env::var("EXOTRACE_SEED").ok().map_or(20_261_128, |seed| seed.parse().expect("a number"));
    println!("EXOTRACE_SEED={seed}");
    for number in 0..FILES {
        let (bytes, can_be_followed, records) = file(seed.wrapping_add(number));
        let mut collected = Collected::default();
        let outcome = read(bytes.as_slice(), None, &mut collected);
        let shown = || {
            let mut contents = Vec::new();
            Unpacked::new(bytes.as_slice()).unwrap().read_to_end(&mut contents).unwrap();
            let nuls = contents.iter().take_while(|byte| **byte == 0).count();
            let contents = contents.split_off(nuls);
            format!("{nuls} NUL bytes, EXOTRACE_SEED={} {outcome:?}\n{}", seed + number, contents.escape_ascii())
        };
        let found: Vec<_> = collected.records.iter().map(|it| known(it)).collect();
        assert_eq!(found, records, "{}", shown());
        let is_loss = collected.notices.iter().any(|notice| notice.problem.is_loss());
        assert!(outcome.is_ok() && !is_loss, "{:?} {}", collected.notices, shown());
        if can_be_followed {
            assert_eq!(followed(&bytes, &mut Random(seed + number)), records, "followed: {}", shown());
        }
    }
}
