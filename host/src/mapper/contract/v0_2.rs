//! Version 0.2 of the contract: what wasmtime makes of it, and the way between its types and those of the host.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use semver::Version;
use wasmtime::{
    Store, StoreContextMut,
    component::{Component as Compiled, Linker, ResourceAny, WasmList, WasmStr},
};
use zeroize::Zeroize as _;

use self::bindings::{Mapping, MappingPre, exotrace::mapping::geo, exports::exotrace::mapping::mapper};
use super::linked::{LinkedComponent, Session};
use crate::{
    geo::{Network, Place},
    mapper::{
        batch::MappedBatch,
        description::{Description, DocumentSchema},
        instance_state::InstanceState,
        lookup::lookup,
        origin::Origin,
        outcome::{DropReason, FailureReason, Outcome},
        settings::{PseudonymKey, Settings},
        settings_refusal::SettingsRefusal,
    },
    support::property::RecordKind,
};

pub(super) mod bindings {
    wasmtime::component::bindgen!({ path: "../wit/released/0.2.0", world: "mapping" });
}

/// The newest version of this track.
pub(super) const VERSION: Version = Version::new(0, 2, 0);

/// All that a component may import.
const GEO: &str = "exotrace:mapping/geo@0.2.0";

/// Gives a component what it may import, and sees that it exports what a mapping does.
pub(super) fn link(compiled: &Compiled) -> wasmtime::Result<Arc<dyn LinkedComponent>> {
    let mut linker = Linker::new(compiled.engine());
    let answer = |mut store: StoreContextMut<'_, InstanceState>, (addresses,): (WasmList<WasmStr>,)| {
        lookup(&mut store, &addresses).map(|networks: Vec<Option<geo::Network>>| (networks,))
    };
    linker.instance(GEO)?.func_wrap("lookup", answer)?;
    Ok(Arc::new(MappingPre::new(linker.instantiate_pre(compiled)?)?))
}

impl LinkedComponent for MappingPre<InstanceState> {
    fn compiled(&self) -> &Compiled {
        self.instance_pre().component()
    }

    fn describe(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<Description> {
        let mapping = self.instantiate(&mut *store)?;
        let mapper::Description { name, mapping_version, schema, record_kinds, options_schema } =
            mapping.exotrace_mapping_mapper().call_describe(store)?;
        Ok(Description {
            name,
            mapping_version,
            schema: DocumentSchema { name: schema.name, version: schema.version },
            record_kinds: record_kinds.into_iter().map(Into::into).collect(),
            options_schema,
            wit_version: VERSION.to_string(),
        })
    }

    fn open(
        &self,
        store: &mut Store<InstanceState>,
        settings: &Settings,
    ) -> wasmtime::Result<Result<Box<dyn Session>, SettingsRefusal>> {
        let mapping = self.instantiate(&mut *store)?;
        let mut passed = mapper::Settings::from(settings);
        let opened = mapping.exotrace_mapping_mapper().session().call_open(store, &passed);
        passed.pseudonym_key.zeroize();
        passed.previous_pseudonym_key.zeroize();
        Ok(match opened? {
            Ok(session) => Ok(Box::new(OpenSessionV0_2 { mapping, session })),
            Err(error) => Err(error.into()),
        })
    }
}

/// An instance with its session.
struct OpenSessionV0_2 {
    mapping: Mapping,
    session: ResourceAny,
}

impl Session for OpenSessionV0_2 {
    fn map_batch(
        &mut self,
        store: &mut Store<InstanceState>,
        records: &str,
        origin: &Origin,
    ) -> wasmtime::Result<MappedBatch> {
        let session = self.mapping.exotrace_mapping_mapper().session();
        session.call_map_batch(store, self.session, records, &origin.into()).map(Into::into)
    }
}

impl From<Network> for geo::Network {
    fn from(network: Network) -> Self {
        Self {
            place: network.place.map(Into::into),
            autonomous_system: network
                .autonomous_system
                .map(|(number, organization_name)| geo::AutonomousSystem { number, organization_name }),
        }
    }
}

impl From<Place> for geo::Place {
    fn from(place: Place) -> Self {
        Self {
            continent_name: place.continent_name,
            country_iso_code: place.country_iso_code,
            country_name: place.country_name,
            region_iso_code: place.region_iso_code,
            region_name: place.region_name,
            city_name: place.city_name,
            location: place.location.map(|(lat, lon)| geo::Location { lat, lon }),
        }
    }
}

impl From<mapper::RecordKind> for RecordKind {
    fn from(kind: mapper::RecordKind) -> Self {
        match kind {
            mapper::RecordKind::Graph => Self::Graph,
            mapper::RecordKind::Legacy => Self::Legacy,
            mapper::RecordKind::Details => Self::Details,
        }
    }
}

impl From<&Settings> for mapper::Settings {
    fn from(settings: &Settings) -> Self {
        let tenant = settings.tenant.as_ref();
        let key = |key: &Option<PseudonymKey>| key.as_ref().map(|key| key.expose().to_vec());
        Self {
            tenant: tenant.map(|tenant| mapper::Tenant { id: tenant.id.clone(), name: tenant.name.clone() }),
            local_domains: settings.local_domains.clone(),
            preserve_original_event: settings.preserve_original_event,
            tags: settings.tags.clone(),
            drop_status: settings.drop_status.clone(),
            fields: settings.fields.as_ref().map(ToString::to_string),
            suffix_list: settings.suffix_list.clone(),
            options: settings.options.as_ref().map(ToString::to_string),
            pseudonym_key: key(&settings.pseudonym_key),
            previous_pseudonym_key: key(&settings.previous_pseudonym_key),
        }
    }
}

impl From<mapper::SettingsError> for SettingsRefusal {
    fn from(error: mapper::SettingsError) -> Self {
        match error {
            mapper::SettingsError::InvalidFields(reason) => Self::InvalidFields(reason),
            mapper::SettingsError::ReservedField(field) => Self::ReservedField(field),
            mapper::SettingsError::InvalidSuffixList(reason) => Self::InvalidSuffixList(reason),
            mapper::SettingsError::Unsupported(setting) => Self::Unsupported(setting),
            mapper::SettingsError::InvalidOptions(reason) => Self::of_options(&reason),
            mapper::SettingsError::InvalidPseudonymKey(reason) => Self::InvalidPseudonymKey(reason),
        }
    }
}

impl From<&Origin> for mapper::Origin {
    fn from(origin: &Origin) -> Self {
        Self {
            read_at: origin.read_at.map(|instant| instant.timestamp_millis()),
            file: origin
                .file
                .as_ref()
                .map(|file| mapper::FilePosition { path: file.path.clone(), offset: file.offset }),
        }
    }
}

impl From<mapper::MappedBatch> for MappedBatch {
    fn from(batch: mapper::MappedBatch) -> Self {
        let outcomes = batch.outcomes.into_iter().map(Into::into).collect();
        Self { documents: batch.documents, outcomes, ..Self::default() }
    }
}

impl From<mapper::Outcome> for Outcome {
    fn from(outcome: mapper::Outcome) -> Self {
        match outcome {
            mapper::Outcome::Mapped(mapped) => Self::Mapped {
                id: mapped.id,
                delivery_id: mapped.delivery_id,
                timestamp: instant(mapped.timestamp),
                length: mapped.length,
            },
            mapper::Outcome::Dropped(mapper::DropReason::EmptyPage) => Self::Dropped(DropReason::EmptyPage),
            mapper::Outcome::Dropped(mapper::DropReason::Status) => Self::Dropped(DropReason::Status),
            mapper::Outcome::Failed(failed) => Self::Failed {
                id: failed.id,
                delivery_id: failed.delivery_id,
                timestamp: failed.timestamp.map(instant),
                reason: failed.reason.into(),
                length: failed.length,
            },
        }
    }
}

/// A time beyond what can be counted says nothing, so it may as well be the beginning.
pub(super) fn instant(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

impl From<mapper::FailureReason> for FailureReason {
    fn from(reason: mapper::FailureReason) -> Self {
        match reason {
            mapper::FailureReason::NotJson => Self::NotJson,
            mapper::FailureReason::NotAnObject => Self::NotAnObject,
            mapper::FailureReason::TooLong => Self::TooLong,
            mapper::FailureReason::TooDeep => Self::TooDeep,
            mapper::FailureReason::PageNotSplit => Self::PageNotSplit,
            mapper::FailureReason::MissingDate => Self::MissingDate,
            mapper::FailureReason::InvalidDate => Self::InvalidDate,
            mapper::FailureReason::InvalidAddress => Self::InvalidAddress,
            mapper::FailureReason::InvalidIp => Self::InvalidIp,
            mapper::FailureReason::InvalidType => Self::InvalidType,
            mapper::FailureReason::UnsupportedKind => Self::UnsupportedKind,
        }
    }
}
