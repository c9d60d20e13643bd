//! The mapping equals the reference mapper on generated records.

use exotrace_mapping::versions;
use exotrace_properties::{Comparison, Setup, VERSIONS};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
    test_runner::FileFailurePersistence,
};

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties.regressions");

/// Keys with a meaning, in the spelling of every interface, and others.
const KEYS: [&str; 38] = [
    "Received",
    "receivedDateTime",
    "SenderAddress",
    "senderAddress",
    "RecipientAddress",
    "recipientAddress",
    "FromIP",
    "fromIP",
    "ToIP",
    "toIP",
    "Status",
    "status",
    "Subject",
    "subject",
    "Size",
    "size",
    "MessageId",
    "messageId",
    "MessageTraceId",
    "id",
    "StartDate",
    "EndDate",
    "Index",
    "Organization",
    "value",
    "odata.metadata",
    "@odata.type",
    "",
    "a",
    "a.b",
    "\\u0041",
    "St\\u0061tus",
    "MessageTraceID",
    "ID",
    "RECEIVED",
    "fromIp",
    "VALUE",
    "recipientaddress",
];

const ADDRESSES: [&str; 24] = [
    "a@contoso.com",
    "Grace.Hopper@CONTOSO.com",
    "a\\u0040fabrikam.co.uk",
    "<>",
    "@b.com",
    "a@",
    "x@y@z.com",
    "a@@b",
    r#"\\"a@b\\"@c.com"#,
    "plain",
    "a@b\\nc@d.com",
    "a@foo.github.io",
    "a@Elastic595.onmicrosoft.com",
    "a@co.uk",
    "a@localhost",
    "a@example.com.",
    "a@.com",
    "a@b..com",
    "a@xn--bcher-kva.de",
    "b\\u00fccher@b\\u00fccher.de",
    "\\ud83d@x.com",
    "\\ud83d\\ude00@x.com",
    "a@192.168.1.1",
    " @ ",
];

const DATES: [&str; 18] = [
    "2022-09-05T18:10:13.4907658",
    "2026-02-10T11:15:58.842Z",
    "2026-02-10T11:15:58Z",
    "2022-09-05T18:10:13.4907658+0200",
    "2022-09-05T00:10:13,5+05:30",
    "2022",
    "2022-09",
    "2022-09-05",
    "2022-09-05T18",
    "2022-02-30",
    "2022-09-05 18:10:13",
    "0001-01-01T00:00:00+18:00",
    "9999-12-31T23:59:59.999999999-18:00",
    "2022-09-05T18:10:13.1234567890",
    "/Date(1658751973240)/",
    "2022-09-05T18:10:60",
    "\\u0032022-09-05",
    " ",
];

const IPS: [&str; 13] = [
    "255.255.255.255",
    "0.0.0.0",
    "::",
    "81.2.69.144",
    "10.0.0.1",
    "2a02:cf40::1",
    "::ffff:1.2.3.4",
    "1.2.3",
    "01.2.3.4",
    "fe80::1%eth0",
    "81.2.69\\u002e144",
    " ",
    "[::1]",
];

const STATUSES: [&str; 14] = [
    "Delivered",
    "delivered",
    "FAILED",
    "filteredAsSpam",
    "Filtered as spam",
    "Quarantined",
    "expanded",
    "GETTINGSTATUS",
    "\\u212aelvin",
    "unknownFutureValue",
    "HTTPHeldBy2Rules",
    "Ünd - so_weiter",
    "\\ud83d",
    " ",
];

const IDS: [&str; 8] = [
    "6f1c1a1e-0b1e-4a53-9a4e-08dc00000001",
    "6F1C1A1E-0B1E-4A53-9A4E-08DC00000001",
    "{6f1c1a1e-0b1e-4a53-9a4e-08DC00000001}",
    "6f1c1a1e0b1e4a539a4e08dc00000001",
    "6f1c1a1e-0b1e-4a53-9a4e-08dc0000000g",
    "Id \\u00c4",
    "\\u0036f1c1a1e-0b1e-4a53-9a4e-08dc00000001",
    "<0001@Mail.contoso.com>",
];

const SIZES: [&str; 6] = ["48213", "\"512\"", "999500", "\"12 kB\"", "18446744073709551616", "1250000000"];

fn quoted(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    text.prop_map(|text| format!("\"{text}\""))
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    quoted(select(texts).prop_map(str::to_owned))
}

/// A JSON string with escapes of every kind.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 @.:<>/-]{0,20}",
        1 => "[^\\x00-\\x1f\"\\\\]{0,12}",
        1 => select(vec!["\\n", "\\t", "\\\"", "\\\\", "\\/", "\\b", "\\u0000", "\\u00e9", "\\ud83d", "\\ude00", "\\ud83d\\ude00"])
            .prop_map(str::to_owned),
    ];
    quoted(vec(piece, 0..5).prop_map(|pieces| pieces.concat()))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-1.0e6..1.0e6).prop_map(|number: f64| format!("{number:?}")),
        Just("-0".to_owned()),
        Just("1.5e3".to_owned()),
        Just("18446744073709551615".to_owned()),
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => text(),
        2 => number(),
        2 => select(vec!["null", "true", "false", "\"\"", "[]", "{}"]).prop_map(str::to_owned),
        1 => one_of(&ADDRESSES),
        1 => one_of(&DATES),
    ]
}

/// Anything, nested or not.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(", "))),
            vec((select(KEYS.to_vec()), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A value that mostly fits its key.
fn member() -> impl Strategy<Value = (&'static str, String)> {
    select(KEYS.to_vec()).prop_flat_map(|key| {
        let name = key.to_lowercase();
        let fitting = if name == "id" || name.ends_with("eid") {
            one_of(&IDS).boxed()
        } else if name == "size" {
            select(SIZES.to_vec()).prop_map(str::to_owned).boxed()
        } else if name.contains("address") {
            one_of(&ADDRESSES).boxed()
        } else if name.contains("date") || name == "received" {
            one_of(&DATES).boxed()
        } else if name.ends_with("ip") {
            one_of(&IPS).boxed()
        } else if name.contains("st") {
            one_of(&STATUSES).boxed()
        } else {
            scalar().boxed()
        };
        (Just(key), prop_oneof![6 => fitting, 1 => value()])
    })
}

/// A record as a service would send it, with a few members more, in any order and with any white space.
fn record() -> impl Strategy<Value = String> {
    let usual = (one_of(&DATES), one_of(&ADDRESSES), one_of(&ADDRESSES), one_of(&IPS), one_of(&STATUSES), text());
    (usual, any::<bool>(), any::<u64>(), vec(member(), 0..8), vec(any::<Index>(), 8), select(vec!["", " ", "\t"]))
        .prop_map(|((date, sender, recipient, ip, status, subject), is_graph, absent, more, order, space)| {
            let keys = if is_graph {
                ["receivedDateTime", "senderAddress", "recipientAddress", "fromIP", "status", "subject"]
            } else {
                ["Received", "SenderAddress", "RecipientAddress", "FromIP", "Status", "Subject"]
            };
            let usual = keys.into_iter().zip([date, sender, recipient, ip, status, subject]);
            // Most records have most of them.
            let mut members: Vec<_> = (0_u64..)
                .zip(usual)
                .filter(|(bit, _)| absent >> (4 * bit) & 15 != 0)
                .map(|(_, member)| member)
                .collect();
            for (member, place) in more.into_iter().zip(order) {
                members.insert(place.index(members.len() + 1), member);
            }
            let members: Vec<_> =
                members.iter().map(|(key, value)| format!("{space}\"{key}\"{space}:{space}{value}{space}")).collect();
            format!("{{{}}}", members.join(","))
        })
}

/// An event of a delivery, under the names of Graph or of PowerShell.
fn step() -> impl Strategy<Value = String> {
    let names = [
        "Receive",
        "Submit",
        "Transport rule",
        "DLP rule",
        "Spam",
        "Malware",
        "Send external",
        "Defer",
        "Deliver",
        "Fail",
        "Drop",
        "x",
    ];
    let said = [
        "550 5.1.10 no such user",
        "Reason: [{LED=451 4.4.0 DNS query failed};{MSG=};{FQDN=mx.x.com};{IP=192.0.2.1};{LRT=}]",
        "Message sent to mx.x.com at 2001:db8::1 using TLS1.2",
        r#"Transport rule: 'a \"b\"', ID: ('5a4e08dc-0000-4000-8000-000000000003')"#,
        "",
    ];
    let data = [
        r#"<root><MEP Name=\"ServerHostName\" String=\"a.b.c\"/><MEP Name=\"ClientIP\" String=\"192.0.2.9\"/></root>"#,
        r#"<root><MEP Name=\"SCL\" Integer=\"9\"/><MEP Na"#,
        "",
    ];
    let parts = (one_of(&DATES), select(names.to_vec()), select(said.to_vec()), select(data.to_vec()), any::<bool>());
    let usual = parts.prop_map(|(at, name, said, data, is_graph)| {
        let keys = if is_graph { ["dateTime", "event", "description"] } else { ["Date", "Event", "Detail"] };
        format!(r#"{{"{}":{at},"{}":"{name}","{}":"{said}","data":"{data}"}}"#, keys[0], keys[1], keys[2])
    });
    prop_oneof![6 => usual, 1 => value()]
}

/// A record with the steps of its delivery, as they should be or not.
fn details() -> impl Strategy<Value = String> {
    let steps = prop_oneof![6 => vec(step(), 0..4).prop_map(|steps| format!("[{}]", steps.join(","))), 1 => value()];
    let trace = prop_oneof![8 => record(), 1 => value()];
    (trace, steps, any::<bool>(), option::of(member())).prop_map(|(trace, steps, is_first, more)| {
        let more = more.map_or_else(String::new, |(key, value)| format!(r#""{key}":{value},"#));
        if is_first {
            format!(r#"{{{more}"trace":{trace},"details":{steps}}}"#)
        } else {
            format!(r#"{{"details":{steps},{more}"trace":{trace}}}"#)
        }
    })
}

fn setup() -> impl Strategy<Value = Setup> {
    let domains = select(vec![
        "contoso.com",
        "CONTOSO.COM",
        "x.com",
        "",
        "b\u{fc}cher.de",
        "*.com",
        "*.ONMICROSOFT.com",
        "*.",
        "*.b",
    ])
    .prop_map(str::to_owned);
    let tag = select(vec!["forwarded", "preserve_original_event", "", "a\"b"]).prop_map(str::to_owned);
    let status = select(vec!["delivered", "Failed", "\u{212a}elvin"]).prop_map(str::to_owned);
    let tenant = select(vec!["", "contoso.onmicrosoft.com", "AAAAAAAA-1111-2222-3333-444444444444"]);
    let name = option::of(select(vec!["", "Contoso \"Ltd\""]).prop_map(str::to_owned));
    (
        select(VERSIONS),
        option::of((tenant.prop_map(str::to_owned), name)),
        option::of(vec(domains, 0..3)),
        any::<bool>(),
        vec(tag, 0..4),
        vec(status, 0..2),
        option::of(0_i64..4_000_000_000_000),
        option::of(0_u64..1 << 40),
    )
        .prop_map(
            |(version, tenant, local_domains, preserve_original_event, tags, drop_status, read_at, offset)| Setup {
                version,
                tenant,
                local_domains,
                preserve_original_event,
                tags,
                drop_status,
                read_at,
                file: offset.map(|offset| ("/var/log/\"trace\".json".to_owned(), offset)),
            },
        )
}

/// A version without a reference would be compared with nothing: `tests/reference/src/version.rs` takes it.
#[test]
fn every_version_has_a_reference() {
    let numbers: Vec<_> = versions::ALL.iter().map(|version| version.name).collect();
    assert_eq!(VERSIONS.iter().map(|version| version.number).collect::<Vec<_>>(), numbers);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        // What has failed once is tried first, here and everywhere: the file belongs to the repository.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn records_are_mapped_as_the_reference_maps_them(setup in setup(), records in vec(record(), 1..4)) {
        let lines: Vec<&str> = records.iter().map(String::as_str).collect();
        Comparison::new(setup).check(&lines);
    }

    #[test]
    fn rows_with_steps_are_mapped_as_the_reference_maps_their_rows(
        setup in setup(),
        lines in vec(prop_oneof![3 => details(), 1 => record()], 1..4),
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Comparison::new(setup).check(&lines);
    }

    #[test]
    fn lines_of_anything_are_mapped_as_the_reference_maps_them(
        setup in setup(),
        lines in vec(prop_oneof![value(), "\\PC{0,40}", Just("{\"Received\":\"2022\"".to_owned())], 1..4),
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        Comparison::new(setup).check(&lines);
    }
}
