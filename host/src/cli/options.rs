//! What commands that map by themselves are told about mapping, on the command line and in a settings file.

use std::path::{Path, PathBuf};

use clap::Args;
use exotrace_domains::LocalDomain;
use serde_json::{Map, Value};

use super::exit::Usage;
use crate::{
    app::{
        privacy::Privacy,
        pseudonym_key_file, resolve,
        settings::{Config, SourceConfig},
        start::with_refused_setting,
    },
    geo::Geo,
    mapper::{self, MapperError, PRIVACY, SettingsRefusal, Tenant},
    sources::file::DateOrder,
    support::{
        error_text::explain,
        microsoft_id::{TENANT_ID_HINT, is_tenant_id},
        plain_file::{self, MAX_SETTINGS_BYTES},
    },
};

/// The options.
#[derive(Args, Clone)]
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
    /// The tenant that the records are of: its id, or one of its domains.
    #[arg(long, value_name = "ID", value_parser = tenant_id)]
    tenant_id: Option<String>,
    /// What people call the tenant.
    #[arg(long, value_name = "NAME")]
    tenant_name: Option<String>,
    /// The mapping's own settings, instead of `[mapping.options]`: a JSON object, or a file with one. `exotrace mapping
    /// inspect` shows their schema.
    #[arg(long = "options", value_name = "JSON or FILE", value_parser = MappingObject::parse)]
    mapping_options: Option<MappingObject>,
    /// File with the key of pseudonyms, instead of that of `[mapping.privacy]`: for `privacy` of `--options`.
    #[arg(long, value_name = "FILE")]
    privacy_key_file: Option<PathBuf>,
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

    /// The error, with the setting that it is about if that stands in the settings file.
    pub(super) fn explain(&self, config: Option<&Config>, error: MapperError) -> anyhow::Error {
        match (&error, config) {
            (MapperError::Settings(SettingsRefusal::InvalidOptions { .. }), _) if self.mapping_options.is_some() => {
                Usage(format!("`--options`: {}", explain(&error))).into()
            }
            (_, Some(config)) => with_refused_setting(config, error),
            _ => error.into(),
        }
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
        let source = config.and_then(|config| config.sources.first());
        let labels = source.map(|source| source.labels().clone()).unwrap_or_default();
        let tenant = source.and_then(SourceConfig::tenant).unwrap_or_default();
        let id = self.tenant_id.clone().or_else(|| Some(tenant.id).filter(|id| !id.is_empty()));
        let name = self.tenant_name.clone().or(tenant.name);
        let options = self.mapping_options.as_ref().map(|options| Value::Object(options.0.clone()));
        let suffix_list = self.suffix_list.clone().or(mapping.and_then(|mapping| mapping.suffix_list.clone()));
        let mut settings = mapper::Settings {
            tenant: Tenant::known_by(id.as_deref(), name.as_deref()),
            local_domains: self.local_domains().or(local_domains),
            preserve_original_event: self.preserve_original_event
                || mapping.is_some_and(|mapping| mapping.preserve_original_event),
            tags: given(&self.tags).or(mapping.map(|mapping| labels.with_tags(&mapping.tags))).unwrap_or_default(),
            drop_status: mapping.map(|mapping| mapping.drop_status.clone()).unwrap_or_default(),
            fields: labels.own_fields(),
            suffix_list: resolve::suffix_list(suffix_list.as_deref())?,
            options: options.or(mapping.and_then(|mapping| mapping.options.clone())),
            pseudonym_key: None,
            previous_pseudonym_key: None,
            record_kinds: Vec::new(),
        };
        self.hide_people(config, &mut settings)?;
        Ok(settings)
    }

    /// Has the mapping hide people, as `--options` say, or else the settings file. Giving other options without a
    /// word on privacy still means the profile of the settings.
    fn hide_people(&self, config: Option<&Config>, settings: &mut mapper::Settings) -> anyhow::Result<()> {
        let is_given = self.mapping_options.as_ref().is_some_and(|options| options.0.contains_key(PRIVACY));
        if let Some(privacy) = config.map(Privacy::read).transpose()?.flatten() {
            let given = settings.options.clone().filter(|_| is_given);
            privacy.apply(settings);
            settings.options = given.or(settings.options.take());
        }
        if let Some(file) = &self.privacy_key_file {
            let key = pseudonym_key_file::read(file);
            let key = key.map_err(|error| Usage(format!("`--privacy-key-file`: {}", explain(&error))))?;
            settings.pseudonym_key = Some(key);
            settings.previous_pseudonym_key = None;
        }
        Ok(())
    }
}

/// The mapping's own settings.
#[derive(Debug, Clone)]
struct MappingObject(Map<String, Value>);

impl MappingObject {
    /// Reads a JSON object, or the file with one.
    fn parse(text: &str) -> Result<Self, String> {
        let (json, name) = if text.trim_start().starts_with('{') {
            (text.to_owned(), String::new())
        } else {
            let read = plain_file::text(Path::new(text), MAX_SETTINGS_BYTES);
            (read.map_err(|error| format!("could not read `{text}`: {error}"))?, format!("`{text}`: "))
        };
        serde_json::from_str(&json).map(Self).map_err(|error| format!("{name}not a JSON object: {error}"))
    }
}

pub(super) fn tenant_id(text: &str) -> Result<String, String> {
    let text = text.trim();
    if is_tenant_id(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("neither a GUID nor a domain; give {TENANT_ID_HINT}"))
    }
}

/// What was given on the command line, if anything was.
fn given(texts: &[String]) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.to_vec())
}
