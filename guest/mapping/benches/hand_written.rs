//! What is written by hand on the way of every record, against the library that does the same.
//!
//! `make bench` runs it, natively: in WebAssembly, which has no instructions for SHA-1 and copies bytes by a call, the
//! differences are others, and the bench `mapping` shows them as a whole.

use std::{collections::BTreeMap, hint::black_box};

use chrono::{DateTime, SecondsFormat};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::value::RawValue;
use sha1::{Digest as _, Sha1};

#[path = "../src"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the library's own")]
mod library {
    pub(crate) mod bytes;
    pub(crate) mod date;
    pub(crate) mod json;
    pub(crate) mod limits;
    pub(crate) mod message_blocks;
    pub(crate) mod sha1;
}

use library::{bytes, json, limits, message_blocks};

const DATE: &str = "2026-03-04T05:06:07.8901234Z";

const RECORD: &str = concat!(
    r#"{"id":"6f1c1a1e-0b1e-4a53-9a4e-08dc00000001","messageId":"<0102018f@mail.contoso.example>","status":"delivered","#,
    r#""receivedDateTime":"2026-03-04T05:06:07.890Z","recipientAddress":"grace.hopper@fabrikam.example","#,
    r#""senderAddress":"ann@contoso.example","subject":"Minutes of the meeting, and what comes next","size":87891,"#,
    r#""fromIP":"192.0.2.1","toIP":"198.51.100.25"}"#
);

fn sha1(criterion: &mut Criterion) {
    // As long as what the `_id` of a record is made of.
    let texts: [&[u8]; library::message_blocks::LANES] = [RECORD.as_bytes().get(..200).unwrap_or_default(); 4];
    let mut group = criterion.benchmark_group("four times SHA-1");
    group.bench_function("by hand", |bencher| bencher.iter(|| library::sha1::digests(black_box(&texts))));
    group.bench_function("sha1", |bencher| bencher.iter(|| black_box(&texts).map(Sha1::digest)));
    group.finish();
}

fn date(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a date, read and written to the millisecond");
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| library::date::Instant::parse(black_box(DATE)).map(|date| (*date.text(), date.milliseconds())));
    });
    group.bench_function("chrono", |bencher| {
        bencher.iter(|| {
            let date = DateTime::parse_from_rfc3339(black_box(DATE)).ok()?.to_utc();
            Some((date.to_rfc3339_opts(SecondsFormat::Millis, true), date.timestamp_millis()))
        });
    });
    group.finish();
}

fn json(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a record, cut into its members");
    let mut members = Vec::new();
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| {
            members.clear();
            let mut scanner = json::Scanner::new(black_box(RECORD));
            let result = scanner.members(1, |member| members.push(member.value.text.len()));
            result.is_ok() && scanner.end().is_ok()
        });
    });
    group.bench_function("serde_json, raw values", |bencher| {
        bencher.iter(|| serde_json::from_str::<BTreeMap<&str, &RawValue>>(black_box(RECORD)).is_ok());
    });
    group.finish();
}

criterion_group!(benches, sha1, date, json);
criterion_main!(benches);
