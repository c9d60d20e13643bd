//! The mapping of settings with a profile, to be asked about single records.

use std::sync::Arc;

use anyhow::bail;
use serde_json::Value;

use crate::{
    app::{mapping_limits, privacy::Privacy, settings::Config, start::ResolvedMapping, unusable::Unusable},
    config::ConfigError,
    geo::Geo,
    mapper::{Component, Mapper, MapperError, Origin, RecordKind, Settings, Tenant},
};

/// The mapping of settings with a profile, to be asked about single records.
pub(super) struct ProfiledMapping {
    pub(super) component: Component,
    pub(super) settings: Settings,
}

impl ProfiledMapping {
    /// That of these settings, for records of this tenant.
    pub(super) fn of(
        config: &Config,
        tenant: Option<Tenant>,
        local_domains: Option<Vec<String>>,
    ) -> anyhow::Result<Self> {
        if config.mapping.privacy.is_none() {
            let problem =
                "`mapping.privacy` is missing: nothing is hidden\nhint: `host/docs/privacy.md` says how to begin";
            return Err(ConfigError::Invalid(config.places.fault("mapping.privacy", problem)).into());
        }
        let loader = mapping_limits::loader(Some(config));
        let resolved = ResolvedMapping::find(&config.mapping.choice, &loader);
        let component = resolved.and_then(|it| it.component(RecordKind::Graph, &loader));
        let settings =
            Settings { tenant, local_domains, options: config.mapping.options.clone(), ..Settings::default() };
        Ok(Self { component: component.map_err(|error| error.context(Unusable))?, settings })
    }

    /// The `_id` and the document of one record, with a profile or without.
    pub(super) fn map(
        &self,
        record: &Value,
        privacy: Option<&Privacy>,
        geo: &Arc<Geo>,
    ) -> anyhow::Result<(String, Value)> {
        let mut settings = self.settings.clone();
        match privacy {
            Some(privacy) => privacy.apply(&mut settings),
            None => settings.options = None,
        }
        let mapper = Mapper::new(self.component.clone(), settings, Arc::clone(geo));
        let mapped = mapper.and_then(|mapper| mapper.map_batch(&record.to_string(), &Origin::default()));
        let mapped = mapped.map_err(|error: MapperError| anyhow::Error::from(error).context(Unusable))?;
        let Some((id, document)) = mapped.documents().next() else { bail!("the mapping made no document") };
        Ok((id.to_owned(), serde_json::from_str(document)?))
    }
}
