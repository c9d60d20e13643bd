//! What commands that map by themselves are told about mapping, on the command line and in a settings file.

use std::path::PathBuf;

use clap::Args;
use exotrace_domains::LocalDomain;

use crate::{
    app::{resolve, settings::Config},
    geo::Geo,
    mapper,
    sources::file::DateOrder,
};

/// The options.
#[derive(Args)]
pub(super) struct MappingOptions {
    /// Take the mapping, its settings, geo databases and local domains of the first source from a settings file.
    /// An option that is also given here takes precedence.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A domain of the tenant, for `email.direction`, or `*.` and a domain for its sub-domains; again for more.
    #[arg(long = "local-domain", value_name = "DOMAIN", value_parser = LocalDomain::parse)]
    local_domains: Vec<LocalDomain>,
    /// City database in MaxMind format.
    #[arg(long, value_name = "FILE")]
    geoip_city: Option<PathBuf>,
    /// ASN database in MaxMind format.
    #[arg(long, value_name = "FILE")]
    geoip_asn: Option<PathBuf>,
    /// Public suffix list in the format of publicsuffix.org, in place of the built-in one of 2022-10-22.
    #[arg(long, value_name = "FILE")]
    suffix_list: Option<PathBuf>,
    /// A tag for every document; again for more.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Order of day and month in dates of CSV such as `3/4/2026`, where no row shows it.
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(super) date_order: Option<DateOrder>,
    /// Keep the bytes of every record in `event.original`.
    #[arg(long)]
    preserve_original_event: bool,
}

impl MappingOptions {
    /// The settings file, if one was named.
    pub(super) fn config(&self) -> anyhow::Result<Option<Config>> {
        Ok(self.config.as_deref().map(Config::load).transpose()?)
    }

    /// The geo databases.
    pub(super) fn geo(&self, config: Option<&Config>) -> anyhow::Result<Geo> {
        let geoip = config.map(|config| config.geoip.clone()).unwrap_or_default();
        let city = self.geoip_city.clone().or(geoip.city);
        let asn = self.geoip_asn.clone().or(geoip.asn);
        Ok(Geo::open(city.as_deref(), asn.as_deref())?)
    }

    /// The domains that were given here, in every form that records may have them in.
    fn local_domains(&self) -> Option<Vec<String>> {
        let forms = self.local_domains.iter().flat_map(LocalDomain::forms).collect();
        (!self.local_domains.is_empty()).then_some(forms)
    }

    /// How to map.
    pub(super) fn settings(&self, config: Option<&Config>) -> anyhow::Result<mapper::Settings> {
        let mapping = config.map(|config| &config.mapping);
        let local_domains = config
            .and_then(|config| config.sources.first())
            .and_then(|source| source.local_domains())
            .map(<[String]>::to_vec);
        let labels = config.and_then(|config| config.sources.first()).map(|source| source.labels().clone());
        let labels = labels.unwrap_or_default();
        let suffix_list = self.suffix_list.clone().or(mapping.and_then(|mapping| mapping.suffix_list.clone()));
        Ok(mapper::Settings {
            local_domains: self.local_domains().or(local_domains),
            preserve_original_event: self.preserve_original_event
                || mapping.is_some_and(|mapping| mapping.preserve_original_event),
            tags: given(&self.tags).or(mapping.map(|mapping| labels.with_tags(&mapping.tags))).unwrap_or_default(),
            drop_status: mapping.map(|mapping| mapping.drop_status.clone()).unwrap_or_default(),
            fields: labels.own_fields(),
            suffix_list: resolve::suffix_list(suffix_list.as_deref())?,
        })
    }
}

/// What was given on the command line, if anything was.
fn given(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}
