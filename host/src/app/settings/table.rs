//! The settings as they stand in the file, but for what every kind of source and output has of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;

use super::mapping_table::MappingTable;
use crate::{config::Setting, kafka::SaslTable};

/// A section that is read by its kind.
type AnyTable = BTreeMap<String, IgnoredAny>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsTable {
    /// Folder for the ledger; created if it is missing. Required.
    pub(super) state_dir: Setting<String>,
    /// Address and port of the status page, `/metrics`, `/healthz` and `/readyz`, for example `127.0.0.1:9464`. Default: none, and nothing listens.
    pub(super) listen: Setting<String>,
    /// Host names besides `localhost` that requests to `listen` may use; addresses are always allowed, and `*` is any name. Default: `[]`.
    pub(super) listen_hosts: Option<Vec<Spanned<String>>>,
    /// File with a token of 16 visible characters or more that the status page and `/metrics` ask for, read again for each request. With it, the page also shows what services and outputs have said. Default: none, and everybody who reaches `listen` is answered.
    pub(super) listen_token_file: Setting<String>,
    /// Folder of files beside this one, as a rule one for each tenant; relative to this file, as all paths are to theirs. Each has `[[source]]` as this file may have, once or more; a source without a name is called as its file is. Files whose names end with `.toml` and do not begin with a dot are read in the order of their names. What is added, changed or removed takes effect while exotrace runs. Default: none.
    pub(super) sources_dir: Setting<String>,
    // What `listen` was called before.
    pub(super) metrics_listen: Setting<String>,
    #[serde(default)]
    pub(super) mapping: MappingTable,
    #[serde(default)]
    pub(super) geoip: GeoipTable,
    #[serde(default)]
    pub(super) source: Vec<AnyTable>,
    #[serde(default)]
    pub(super) output: Vec<AnyTable>,
    #[serde(default)]
    pub(super) dead_letter: DeadLetterTable,
    pub(super) archive: Option<Spanned<ArchiveTable>>,
    pub(super) cluster: Option<Spanned<ClusterTable>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterTable {
    /// Brokers to begin with, each with its port, as in `["kafka-1:9093"]`; the others are found by them. Required for `[cluster]`.
    pub(super) brokers: Option<Vec<Spanned<String>>>,
    /// Consumer group that shares the sources among its processes; also the beginning of transactional ids. Default: `exotrace`.
    pub(super) group: Setting<String>,
    /// Compacted topic that keeps the ledger, made by `exotrace cluster create`. Default: `exotrace-ledger`.
    pub(super) ledger_topic: Setting<String>,
    /// Encrypt connections with TLS; with `false`, secrets and documents are sent unencrypted. Default: `true`.
    pub(super) tls: Setting<bool>,
    /// Certificates of a private authority, PEM, to trust instead of those of the system. Default: those of the system.
    pub(super) ca_file: Setting<String>,
    /// Client certificate to show the brokers, PEM. Default: none.
    pub(super) certificate_file: Setting<String>,
    /// Private key of the client certificate, PEM. Default: the one in `certificate_file`.
    pub(super) private_key_file: Setting<String>,
    /// Sign-in, as in `sasl = { mechanism = "SCRAM-SHA-512", username = "exotrace", password = "${KAFKA_PASSWORD}" }`. Default: none.
    pub(super) sasl: Option<Spanned<SaslTable>>,
}

/// A file of `sources_dir`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceFileTable {
    #[serde(default)]
    pub(super) source: Vec<AnyTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchiveTable {
    /// Folder for the raw records of all sources, to map them again; of its owner alone, and created if it is missing. Required for `[archive]`.
    pub(super) dir: Setting<String>,
    /// How long to keep raw records, from when they were read; older ones are deleted. Default: `90days`.
    pub(super) keep_for: Setting<String>,
    /// Keep raw records although a privacy profile hides people in documents. Default: `false`.
    pub(super) allow_archive: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetterTable {
    /// File for records at which the mapping fails and documents that an output refuses for good. Default: `dead-letter.ndjson` in `state_dir`.
    pub(super) path: Setting<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct GeoipTable {
    /// City database in MaxMind format, read again when it changes. Default: none.
    pub(super) city: Setting<String>,
    /// ASN database in MaxMind format, read again when it changes. Default: none.
    pub(super) asn: Setting<String>,
}

/// What every `[[source]]` has.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    /// Kind of source. Required.
    #[expect(dead_code, reason = "read first, by itself")]
    pub(super) r#type: Setting<String>,
    /// Name in metrics, logs and health. Default: its type, with a number from the second of its type on.
    pub(super) name: Setting<String>,
    /// Domains of the tenant, for `email.direction`; `*.contoso.com` stands for the sub-domains of `contoso.com`, and not for itself. With mapping 3.0, `contoso.com` stands for its sub-domains as well. Default: none, and no direction is written.
    pub(super) local_domains: Option<Vec<Spanned<String>>>,
    /// Tags of every document of this source, besides `mapping.tags`. Default: none.
    pub(super) tags: Option<Vec<Spanned<String>>>,
    /// Fields of every document of this source, as in `fields = { labels = { customer = "contoso" } }`; none that exotrace or the mapping writes. Default: none.
    pub(super) fields: Setting<toml::Table>,
    /// Namespace of the data stream for documents of this source. Default: that of the outputs.
    pub(super) namespace: Setting<String>,
    /// Name of the tenant for people, written as `organization.name`. Default: none.
    pub(super) tenant_name: Setting<String>,
}

/// What every `[[output]]` has.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputTable {
    /// Kind of output. Required.
    #[expect(dead_code, reason = "read first, by itself")]
    pub(super) r#type: Setting<String>,
    /// Name in logs, the ledger and dead letters. Default: its type, and where it goes.
    pub(super) name: Setting<String>,
    /// Namespace of the data stream, the same for all outputs. Default: `default`.
    pub(super) namespace: Setting<String>,
}
