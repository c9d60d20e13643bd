//! What an analyst asks of OpenSearch is found: by recipient, by direction, by country, over time.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::{Value, json};

use super::stream_of;
use crate::harness::{SimulatedTenant, StoreNode, fixture};

/// How often each value of a field is in documents; a document may have several.
fn counted(documents: &[Value], pointer: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for document in documents {
        let found = document.pointer(pointer).cloned().unwrap_or_default();
        let values = if let Value::Array(values) = found { values } else { vec![found] };
        for value in values.iter().filter_map(Value::as_str) {
            *counts.entry(value.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// The same as the store counts it, by the values as they are or as they are shown.
fn buckets(answer: &Value, name: &str) -> BTreeMap<String, u64> {
    let buckets = answer["aggregations"][name]["buckets"].as_array().unwrap().iter();
    let key = |bucket: &Value| bucket.get("key_as_string").unwrap_or(&bucket["key"]).as_str().unwrap().to_owned();
    buckets.map(|bucket| (key(bucket), bucket["doc_count"].as_u64().unwrap())).filter(|(_, count)| *count > 0).collect()
}

#[test]
#[ignore = "needs OpenSearch, which `make test` installs"]
fn analysts_find_what_was_mapped() {
    let tenant = SimulatedTenant::with_rows(400);
    let store = StoreNode::shared();
    let databases = ["City", "ASN"].map(|name| fixture(&format!("geo/{name}.mmdb")).display().to_string());
    let source = tenant.source().replacen(
        "[[source]]",
        &format!("[geoip]\ncity = \"{}\"\nasn = \"{}\"\n[[source]]", databases[0], databases[1]),
        1,
    );
    tenant.write_settings(&format!(
        "{source}local_domains = [\"{}\"]\n\
         [[output]]\ntype = \"elasticsearch\"\nurl = \"{}\"\nnamespace = \"searched\"\n\
         [[output]]\ntype = \"file\"\npath = \"out.ndjson\"\n",
        tenant.config.domain,
        store.url()
    ));
    super::apply(&tenant, &[]).with(0);
    tenant.exotrace(&["run", "--once"]).ends(0);
    let mapped = tenant.documents("out");
    let search = |body: Value| store.search(&stream_of("searched"), &body);
    let total = |found: &Value| found["hits"]["total"]["value"].as_u64().unwrap();

    // By recipient, by a part of the sender's, and by a word of the subject.
    let recipients = counted(&mapped, "/email/to/address");
    let (recipient, count) = recipients.iter().max_by_key(|(_, count)| **count).unwrap();
    assert_eq!(total(&search(json!({ "query": { "term": { "email.to.address": recipient } } }))), *count);
    let of_domain = mapped.iter().filter(|it| it["source"]["domain"] == *tenant.config.domain).count() as u64;
    assert_eq!(total(&search(json!({ "query": { "term": { "source.domain": tenant.config.domain } } }))), of_domain);
    let subject = mapped.iter().find_map(|it| it["email"]["subject"].as_str().filter(|it| it.contains(' '))).unwrap();
    let word = subject.split(' ').max_by_key(|word| word.len()).unwrap();
    assert!(total(&search(json!({ "query": { "match": { "email.subject.text": word } } }))) > 0, "{word}");

    // By direction, by country and over time, at once.
    let found = search(json!({ "size": 0, "track_total_hits": true, "aggs": {
        "direction": { "terms": { "field": "email.direction" } },
        "country": { "terms": { "field": "source.geo.country_iso_code", "size": 300 } },
        "outcome": { "terms": { "field": "event.outcome" } },
        "hour": { "date_histogram": { "field": "@timestamp", "fixed_interval": "1h" } },
        "bytes": { "stats": { "field": "microsoft.online_message_trace.Size" } },
    } }));
    assert_eq!(total(&found), mapped.len() as u64);
    for (name, pointer, at_least) in [
        ("direction", "/email/direction", 2),
        ("country", "/source/geo/country_iso_code", 2),
        ("outcome", "/event/outcome", 2),
    ] {
        let expected = counted(&mapped, pointer);
        assert!(expected.len() >= at_least, "{name}: {expected:?}");
        assert_eq!(buckets(&found, name), expected, "{name}");
    }
    let everywhere = json!({ "top_left": "90,-180", "bottom_right": "-90,180" });
    let with_place = mapped.iter().filter(|it| it["source"]["geo"]["location"].is_object()).count() as u64;
    let query = json!({ "query": { "geo_bounding_box": { "source.geo.location": everywhere } } });
    assert!(with_place > 0 && total(&search(query)) == with_place, "{with_place}");
    let mut hours = BTreeMap::new();
    for document in &mapped {
        let time: DateTime<Utc> = document["@timestamp"].as_str().unwrap().parse().unwrap();
        let hour = time.trunc_subsecs(0).format("%Y-%m-%dT%H:00:00.000Z").to_string();
        *hours.entry(hour).or_default() += 1;
    }
    assert_eq!(buckets(&found, "hour"), hours);

    // What came from a network, from outside, in the last hour that had mail.
    let (hour, _) = hours.last_key_value().unwrap();
    let network = json!({ "bool": { "filter": [
        { "exists": { "field": "source.ip" } },
        { "term": { "source.ip": "0.0.0.0/0" } },
        { "range": { "@timestamp": { "gte": hour } } },
        { "term": { "email.direction": "inbound" } },
    ] } });
    let expected = mapped.iter().filter(|it| {
        let is_v4 = it["source"]["ip"].as_str().is_some_and(|ip| ip.contains('.') && !ip.contains(':'));
        is_v4 && it["email"]["direction"] == "inbound" && it["@timestamp"].as_str().unwrap() >= hour.as_str()
    });
    assert_eq!(total(&search(json!({ "query": network }))), expected.count() as u64);
    // Rules that go by the time of arrival see everything, however late it came.
    let arrived = json!({ "query": { "range": { "event.ingested": { "gte": "now-9m" } } }, "track_total_hits": true });
    assert_eq!(total(&search(arrived)), mapped.len() as u64);
}
