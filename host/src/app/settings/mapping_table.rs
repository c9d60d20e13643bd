//! `[mapping]`, as it stands in the settings.

use serde::Deserialize;
use toml::Spanned;

use crate::config::Setting;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingTable {
    /// A mapping version, built in or of a component file in `state_dir/mappings`. Default: `2.2` for Graph, `1.20` for any other source.
    pub(super) version: Setting<String>,
    /// A component file, in place of a version.
    pub(super) path: Setting<String>,
    /// Keep every record's own bytes in `event.original`. Default: `false`.
    pub(super) preserve_original_event: Option<bool>,
    /// Tags of every document. Default: `["forwarded"]`.
    pub(super) tags: Option<Vec<Spanned<String>>>,
    /// Statuses whose records are dropped, ignoring case; mapping 2.2 and later. Default: `[]`.
    pub(super) drop_status: Option<Vec<Spanned<String>>>,
    /// Public suffix list in the format of publicsuffix.org. Default: the built-in one of 2022-10-22.
    pub(super) suffix_list: Setting<String>,
    /// Public keys of minisign, or their files: a component file without a signature by one of them is no mapping. Default: none, and no signature is needed.
    pub(super) trusted_keys: Setting<Vec<Spanned<String>>>,
    /// The most memory that an instance of the mapping may have. Default: `536870912`.
    pub(super) max_memory_bytes: Setting<i64>,
    /// Maximum memory of all instances of all mappings of the process together, in bytes; a quarter of it is kept for those whose documents are delivered. Default: `1073741824`.
    pub(super) max_total_memory_bytes: Setting<i64>,
    /// The longest that the mapping may take for a batch before it is stopped; whatever is tried then, four times as long ends it. Default: `10s`.
    pub(super) max_batch_time: Setting<String>,
    /// The most that the mapping may hand over at once. Default: `268435456`.
    pub(super) max_result_bytes: Setting<i64>,
    /// The most that the mapping may execute at once, in units of fuel as wasmtime counts them; counting costs speed. Default: not counted.
    pub(super) max_fuel: Setting<i64>,
    /// Maximum address space of the process that compiles a component file, in bytes. Default: `1073741824`.
    pub(super) max_compile_memory_bytes: Setting<i64>,
    /// Maximum processor time for compiling a component file. Default: `60s`.
    pub(super) max_compile_time: Setting<String>,
    /// How often `mapping.path` and `mapping.candidate.path` are looked at for a new component, and the geo databases for new ones; `0s`: never. Default: `10s`.
    pub(super) watch_interval: Setting<String>,
    pub(super) candidate: Option<Spanned<CandidateTable>>,
    #[serde(default)]
    pub(super) rollback: RollbackTable,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct CandidateTable {
    /// A mapping version to try beside the mapping in use.
    pub(super) version: Setting<String>,
    /// A component file, in place of a version.
    pub(super) path: Setting<String>,
    /// `shadow`: compared, and nothing of it delivered; `canary`: maps a share of the deliveries. Default: `shadow`.
    pub(super) mode: Setting<String>,
    /// The share of records that is compared, or of deliveries that is mapped. Default: `10`.
    pub(super) percent: Setting<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackTable {
    /// How often a new mapping may trap or meet a limit before it is taken back. Default: `0`.
    pub(super) max_stops: Setting<i64>,
    /// By how many percent of the records a new mapping may fail at more than the one before. Default: `5`.
    pub(super) max_failed_percent: Setting<i64>,
    /// How many times as long as before a record may take. Default: `10`.
    pub(super) max_slowdown: Setting<i64>,
    /// How many percent of the records compared may come out differently: the recent ones of a candidate, those of a trial, and if less than `100` one in ten of a new mapping. Default: `100`.
    pub(super) max_different_percent: Setting<i64>,
    /// How many records a new mapping maps before its rates count. Default: `1000`.
    pub(super) min_records: Setting<i64>,
    /// How long the mapping before is kept ready, and the new one watched. Default: `1h`.
    pub(super) grace_period: Setting<String>,
}
