//! What other programs call the settings that are not of one kind of source or output.

use crate::{
    config::{Meant, Synonyms},
    kafka::KAFKA_SYNONYMS,
};

/// What every kind of source has.
pub(super) const SOURCE: Synonyms = &[
    (&["domain", "domains", "local_domain", "internal_domains"], Meant::Key("local_domains")),
    (&["period", "poll_interval", "polling_interval", "schedule"], Meant::Key("interval")),
    (
        &["preserve_original_event", "drop_status", "processors"],
        Meant::Note("`mapping.preserve_original_event` and `mapping.drop_status`: the mapping is that of all sources"),
    ),
    (&["enabled"], Meant::Note(WITHOUT)),
];

/// A section is used, or it is not there.
const WITHOUT: &str = "every section counts: remove it, or comment it out";

/// What every kind of output has.
pub(super) const OUTPUT: Synonyms = &[
    (&["tags"], Meant::Note("`mapping.tags`: tags are of all documents")),
    (&["inputs"], Meant::Note("every output gets the documents of all sources")),
    (&["enabled"], Meant::Note(WITHOUT)),
    (
        &["buffer", "queue", "disk_queue", "acknowledgements"],
        Meant::Note("no buffer is needed: the ledger moves only after every output has accepted the documents"),
    ),
    (
        &["max_retries", "retries", "retry", "backoff", "retry_attempts"],
        Meant::Note("a document is sent again until the output accepts it, or refuses it for good"),
    ),
    (&["healthcheck", "healthchecks"], Meant::Note("`exotrace doctor` checks every output")),
];

/// What stands at the top of a file of `sources_dir`, and belongs elsewhere.
const SOURCE_FILE: Synonyms = &[
    (&["sources", "input", "inputs", "receivers"], Meant::Key("source")),
    (
        &["type", "name", "tenant_id", "tenant_name", "client_id", "client_secret", "client_secret_file", "paths"],
        Meant::Note("`source` is a section: write `[[source]]` above its keys"),
    ),
    (
        &["state_dir", "listen", "sources_dir", "mapping", "geoip", "output", "dead_letter", "archive"],
        Meant::Note("a file of `sources_dir` has `[[source]]` alone; all else stands in the settings file"),
    ),
];

/// Those of the table with this dotted key in a file of `sources_dir`; nothing is the top.
pub(super) fn of_source_file(place: &str) -> &'static [Synonyms] {
    if place.is_empty() { &[SOURCE_FILE] } else { &[] }
}

const TOP: Synonyms = &[
    (&["sources", "input", "inputs", "receivers"], Meant::Key("source")),
    (&["outputs", "sink", "sinks", "exporters"], Meant::Key("output")),
    (&["data_dir", "state", "state_directory", "path_data", "ledger"], Meant::Key("state_dir")),
    (&["geo", "geoip2", "maxmind", "geo_ip"], Meant::Key("geoip")),
    (&["metrics", "prometheus", "http_listen", "api"], Meant::Key("listen")),
    (&["transform", "transforms", "processors", "pipeline"], Meant::Key("mapping")),
    (&["dead_letters", "dlq", "dead_letter_queue"], Meant::Key("dead_letter")),
    (&["kafka", "scale_out"], Meant::Key("cluster")),
    (&["log_level", "logging", "log"], Meant::Note("the environment variable `EXOTRACE_LOG` sets the level of logs")),
];

const GEOIP: Synonyms = &[
    (&["city_database", "city_path", "database", "path"], Meant::Key("city")),
    (&["asn_database", "asn_path"], Meant::Key("asn")),
];

const DEAD_LETTER: Synonyms = &[(&["file", "filename"], Meant::Key("path"))];

const ARCHIVE: Synonyms = &[
    (&["path", "folder", "directory"], Meant::Key("dir")),
    (&["keep_days", "retention", "max_age", "delete_after"], Meant::Key("keep_for")),
];

const CLUSTER: Synonyms = &[
    (&["topic", "state_topic", "changelog_topic"], Meant::Key("ledger_topic")),
    (&["group_id", "consumer_group", "name", "id"], Meant::Key("group")),
    (&["partitions"], Meant::Note("`exotrace cluster create --partitions 64` makes the topic with them")),
    (&["sources_dir"], Meant::Note("it stands at the top of the file, before the first section")),
];

const MAPPING: Synonyms = &[(&["file", "component", "wasm"], Meant::Key("path"))];

/// Those of the table with this dotted key; nothing is the top.
pub(super) fn of_table(key: &str) -> &'static [Synonyms] {
    match key {
        "" => &[TOP],
        "geoip" => &[GEOIP],
        "dead_letter" => &[DEAD_LETTER],
        "archive" => &[ARCHIVE],
        "cluster" => &[CLUSTER, KAFKA_SYNONYMS],
        "mapping" => &[MAPPING],
        _ => &[],
    }
}
