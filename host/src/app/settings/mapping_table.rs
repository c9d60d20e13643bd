//! `[mapping]`, as it stands in the settings.

use serde::Deserialize;
use toml::Spanned;

use crate::config::Setting;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingTable {
    /// A mapping version, built in or of a component file in `state_dir/mappings`. Default: `2.2` for Graph, `1.20` for any other source.
    pub(super) version: Setting<String>,
    /// A component file, instead of a version.
    pub(super) path: Setting<String>,
    /// Keep the bytes of every record in `event.original`. Default: `false`.
    pub(super) preserve_original_event: Option<bool>,
    /// Tags of every document. Default: `["forwarded"]`.
    pub(super) tags: Option<Vec<Spanned<String>>>,
    /// Statuses whose records are dropped, ignoring case; mapping 2.2 and later. Default: `[]`.
    pub(super) drop_status: Option<Vec<Spanned<String>>>,
    /// The mapping's own settings, which the mapping checks; `exotrace mapping inspect` shows their schema. Default: none.
    pub(super) options: Setting<toml::Table>,
    /// Public suffix list in the format of publicsuffix.org. Default: the built-in one of 2022-10-22.
    pub(super) suffix_list: Setting<String>,
    /// Public keys of minisign, or their files: a component file without a signature by one of them is refused. Default: none, and no signature is needed.
    pub(super) trusted_keys: Setting<Vec<Spanned<String>>>,
    /// Maximum memory of an instance of the mapping, in bytes. Default: `536870912`.
    pub(super) max_memory_bytes: Setting<i64>,
    /// Maximum memory of all instances of all mappings of the process together, in bytes; a quarter of it is kept for those whose documents are delivered; those that map batches ahead take none of its second half. Default: `1073741824`.
    pub(super) max_total_memory_bytes: Setting<i64>,
    /// Maximum time of the mapping for a batch before it is interrupted; all attempts together take four times as long at most. Default: `10s`.
    pub(super) max_batch_time: Setting<String>,
    /// Maximum size of the documents of a batch, in bytes. Default: `268435456`.
    pub(super) max_result_bytes: Setting<i64>,
    /// Maximum work of the mapping for a batch, in units of fuel of wasmtime; counting costs speed. Default: not counted.
    pub(super) max_fuel: Setting<i64>,
    /// Maximum address space of the process that compiles a component file, in bytes. Default: `1073741824`.
    pub(super) max_compile_memory_bytes: Setting<i64>,
    /// Maximum processor time for compiling a component file. Default: `60s`.
    pub(super) max_compile_time: Setting<String>,
    /// Time between two checks of `mapping.path`, `mapping.candidate.path` and the geo databases for changes; `0s`: never. Default: `10s`.
    pub(super) watch_interval: Setting<String>,
    pub(super) privacy: Option<Spanned<PrivacyTable>>,
    pub(super) candidate: Option<Spanned<CandidateTable>>,
    #[serde(default)]
    pub(super) rollback: RollbackTable,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct PrivacyTable {
    /// File with the key of pseudonyms: 32 random bytes as they are, in hexadecimal or in Base64; read again when it changes. Required.
    pub(super) key_file: Setting<String>,
    /// Name of the key, in `labels.privacy_key_id` of every document: another one for every key. Required.
    pub(super) key_id: Setting<String>,
    /// Name of the profile, in `labels.privacy_profile` of every document. Default: `default`.
    pub(super) profile: Setting<String>,
    /// What stands for an address: `pseudonym`, `domain_only` or `keep`. Default: `pseudonym`.
    pub(super) addresses: Setting<String>,
    /// Whose addresses are hidden: `both`, or `local` for those of `local_domains`. Default: `both`.
    pub(super) parties: Setting<String>,
    /// What stands for the subject: `drop`, `length`, `pseudonym` or `keep`. Default: `drop`.
    pub(super) subject: Setting<String>,
    /// What stands for the `Message-ID`: `pseudonym`, `drop` or `keep`. Default: `pseudonym`.
    pub(super) message_id: Setting<String>,
    /// What stands for an IP address: `prefix`, `geo_only`, `drop` or `keep`. Default: `prefix`.
    pub(super) ip: Setting<String>,
    /// Whether the id of the message trace shows: `keep` or `drop`. Default: `keep`.
    pub(super) local_id: Setting<String>,
    /// Whether `event.original` may be kept: `drop`, or `keep` where nothing else is hidden. Default: `drop`.
    pub(super) original: Setting<String>,
    /// File with the key before, by whose pseudonyms people are found until `overlap_until`. Default: none.
    pub(super) previous_key_file: Setting<String>,
    /// Day or time in UTC from which the previous key is not used; required with `previous_key_file`. Default: none.
    pub(super) overlap_until: Setting<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct CandidateTable {
    /// A mapping version to try beside the mapping in use.
    pub(super) version: Setting<String>,
    /// A component file, instead of a version.
    pub(super) path: Setting<String>,
    /// `shadow`: compared, and nothing of it delivered; `canary`: maps a share of the deliveries. Default: `shadow`.
    pub(super) mode: Setting<String>,
    /// Share of records that are compared, or of deliveries that are mapped, in percent, 1 to 100. Default: `10`.
    pub(super) percent: Setting<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackTable {
    /// Number of times that a new mapping may trap or exceed a limit before it is rolled back. Default: `0`.
    pub(super) max_stops: Setting<i64>,
    /// Share of records, in percent, at which a new mapping may fail in addition to those of the previous one, 0 to 100. Default: `5`.
    pub(super) max_failed_percent: Setting<i64>,
    /// Maximum time of a record, as a multiple of the time with the previous mapping. Default: `10`.
    pub(super) max_slowdown: Setting<i64>,
    /// Maximum share of compared records, in percent, that may differ: the recent ones of a candidate, those of a trial, and below `100` also one in ten of a new mapping. Default: `100`.
    pub(super) max_different_percent: Setting<i64>,
    /// Number of records that a new mapping maps before its rates are judged. Default: `1000`.
    pub(super) min_records: Setting<i64>,
    /// Time for which the previous mapping stays ready and the new one is watched. Default: `1h`.
    pub(super) grace_period: Setting<String>,
}
