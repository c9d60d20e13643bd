//! Which mapping `map` takes: the one that was named, or the one that suits the records.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context as _;

use super::arguments::MapArguments;
use crate::{
    app::{
        mapping_limits, resolve,
        settings::{Config, MappingChoice},
        start,
        unusable::Unusable,
    },
    cli::{exit::Usage, options::MappingOptions, progress::Progress},
    geo::Geo,
    mapper::{Component, Limits, Loader, Mapper, RecordKind, Settings, default_mapping},
    support::lines::lines,
};

/// The mapping, as soon as it is known.
pub(super) struct ChosenMapping {
    mapper: OnceLock<Mapper>,
    maker: Maker,
    progress: Progress,
    /// Why there is none although there are records.
    failed: Mutex<Option<anyhow::Error>>,
}

/// All that a mapper is made of but its component.
struct Maker {
    options: MappingOptions,
    config: Option<Config>,
    loader: Loader,
    settings: Settings,
    limits: Limits,
    geo: Arc<Geo>,
}

impl Maker {
    fn make(&self, component: Component) -> anyhow::Result<Mapper> {
        let mapper = Mapper::with_limits(component, self.settings.clone(), self.limits.clone(), Arc::clone(&self.geo));
        mapper.map_err(|error| self.options.explain(self.config.as_ref(), error))
    }
}

impl ChosenMapping {
    /// The mapping that the command line or the settings name; if neither does, the first records choose.
    pub(super) fn of(arguments: &MapArguments, progress: Progress) -> anyhow::Result<Self> {
        let config = arguments.options.config()?;
        let config = config.as_ref();
        mapping_limits::apply_total_memory(config);
        let loader = mapping_limits::loader(config);
        let named = match (&arguments.mapping, config) {
            (Some(mapping), _) => {
                let component = resolve::version_or_file(mapping, &loader);
                Some(component.map_err(|error| Usage(crate::support::error_text::explain(error.as_ref())))?)
            }
            (None, Some(config)) if config.mapping.choice != MappingChoice::Default => {
                let resolved = start::ResolvedMapping::find(&config.mapping.choice, &loader);
                Some(resolved.and_then(|it| it.component(RecordKind::Legacy, &loader)).context(Unusable)?)
            }
            _ => None,
        };
        let geo = Arc::new(arguments.options.geo(config)?);
        let settings = arguments.options.settings(config)?;
        let (options, limits) = (arguments.options.clone(), mapping_limits::limits(config));
        let maker = Maker { options, config: config.cloned(), loader, settings, limits, geo };
        let mapper = OnceLock::new();
        if let Some(component) = named {
            mapper.get_or_init({
                let made = maker.make(component)?;
                || made
            });
        }
        Ok(Self { mapper, maker, progress, failed: Mutex::default() })
    }

    /// The mapper, once it is chosen.
    pub(super) fn get(&self) -> Option<&Mapper> {
        self.mapper.get()
    }

    /// Chooses by these records, unless that is done; says whether there is a mapping now.
    pub(super) fn choose(&self, records: &str) -> bool {
        if self.mapper.get().is_some() {
            return true;
        }
        match self.make(records) {
            Ok(mapper) => {
                self.mapper.get_or_init(|| mapper);
                true
            }
            Err(error) => {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                false
            }
        }
    }

    /// Why no mapping could be chosen, if it could not.
    pub(super) fn failure(self) -> Option<anyhow::Error> {
        self.failed.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, records: &str) -> anyhow::Result<Mapper> {
        let kind = lines(records).find_map(|line| RecordKind::of(line.record()));
        let reason = match kind {
            Some(RecordKind::Details) => "the records have details of deliveries",
            Some(RecordKind::Graph) => "the records have the names of Graph",
            Some(RecordKind::Legacy) => "the records have the names of PowerShell and the Reporting Web Service",
            None => "the first records have no names that tell",
        };
        let version = default_mapping(kind.unwrap_or(RecordKind::Legacy)).version;
        let mapper = self.maker.make(resolve::version(version, &self.maker.loader)?)?;
        self.progress.say(&format!("mapping {version}: {reason}; `--mapping` takes another"));
        Ok(mapper)
    }
}
