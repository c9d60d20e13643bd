//! Between the types of the contract and those of the mapping library.

use exotrace_mapping::{
    AutonomousSystem, DropReason, FailureReason, FilePosition, Geo, Location, MappedBatch, Network, Origin, Outcome,
    Place, RecordKind, Settings, SettingsError, Tenant,
};

use crate::bindings::{exotrace::mapping::geo, exports::exotrace::mapping::mapper};

/// Asks the host.
pub(crate) struct WitGeo;

impl Geo for WitGeo {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<Network>> {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        geo::lookup(&addresses).into_iter().map(|network| network.map(Into::into)).collect()
    }
}

impl From<RecordKind> for mapper::RecordKind {
    fn from(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Graph => Self::Graph,
            RecordKind::Legacy => Self::Legacy,
            RecordKind::Details => Self::Details,
        }
    }
}

impl From<geo::Network> for Network {
    fn from(network: geo::Network) -> Self {
        Self {
            place: network.place.map(Into::into),
            autonomous_system: network
                .autonomous_system
                .map(|system| AutonomousSystem { number: system.number, organization_name: system.organization_name }),
        }
    }
}

impl From<geo::Place> for Place {
    fn from(place: geo::Place) -> Self {
        Self {
            continent_name: place.continent_name,
            country_iso_code: place.country_iso_code,
            country_name: place.country_name,
            region_iso_code: place.region_iso_code,
            region_name: place.region_name,
            city_name: place.city_name,
            location: place.location.map(|location| Location { lat: location.lat, lon: location.lon }),
        }
    }
}

impl From<mapper::Settings> for Settings {
    fn from(settings: mapper::Settings) -> Self {
        Self {
            tenant: settings.tenant.map(|tenant| Tenant { id: tenant.id, name: tenant.name }),
            local_domains: settings.local_domains,
            preserve_original_event: settings.preserve_original_event,
            tags: settings.tags,
            drop_status: settings.drop_status,
            fields: settings.fields,
            suffix_list: settings.suffix_list,
            options: settings.options,
            pseudonym_key: settings.pseudonym_key,
            previous_pseudonym_key: settings.previous_pseudonym_key,
        }
    }
}

impl From<SettingsError> for mapper::SettingsError {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::InvalidFields(reason) => Self::InvalidFields(reason),
            SettingsError::ReservedField(field) => Self::ReservedField(field),
            SettingsError::InvalidSuffixList(reason) => Self::InvalidSuffixList(reason),
            SettingsError::InvalidOptions(reason) => Self::InvalidOptions(reason),
            SettingsError::InvalidPseudonymKey(reason) => Self::InvalidPseudonymKey(reason),
            SettingsError::Unsupported(setting) => Self::Unsupported(setting),
        }
    }
}

impl From<mapper::Origin> for Origin {
    fn from(origin: mapper::Origin) -> Self {
        let file = origin.file.map(|file| FilePosition { path: file.path, offset: file.offset });
        Self { read_at: origin.read_at, file }
    }
}

impl From<MappedBatch> for mapper::MappedBatch {
    fn from(batch: MappedBatch) -> Self {
        Self { documents: text(batch.documents), outcomes: batch.outcomes.into_iter().map(Into::into).collect() }
    }
}

#[expect(unsafe_code, reason = "checking would cost as much as all the copying, and the host checks every text anyway")]
fn text(documents: Vec<u8>) -> String {
    // SAFETY: the mapping puts documents together from whole texts only.
    unsafe { String::from_utf8_unchecked(documents) }
}

impl From<Outcome> for mapper::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Mapped { id, delivery_id, timestamp, length } => {
                Self::Mapped(mapper::Mapped { id, delivery_id, timestamp, length: to_u32(length) })
            }
            Outcome::Dropped(DropReason::EmptyPage) => Self::Dropped(mapper::DropReason::EmptyPage),
            Outcome::Dropped(DropReason::Status) => Self::Dropped(mapper::DropReason::Status),
            Outcome::Failed { id, delivery_id, timestamp, reason, length } => {
                let (reason, length) = (reason.into(), to_u32(length));
                Self::Failed(mapper::Failed { id, delivery_id, timestamp, reason, length })
            }
        }
    }
}

fn to_u32(length: usize) -> u32 {
    length.try_into().expect("a component's memory has no more bytes than fit")
}

impl From<FailureReason> for mapper::FailureReason {
    fn from(reason: FailureReason) -> Self {
        match reason {
            FailureReason::NotJson => Self::NotJson,
            FailureReason::NotAnObject => Self::NotAnObject,
            FailureReason::TooLong => Self::TooLong,
            FailureReason::TooDeep => Self::TooDeep,
            FailureReason::PageNotSplit => Self::PageNotSplit,
            FailureReason::MissingDate => Self::MissingDate,
            FailureReason::InvalidDate => Self::InvalidDate,
            FailureReason::InvalidAddress => Self::InvalidAddress,
            FailureReason::InvalidIp => Self::InvalidIp,
            FailureReason::InvalidType => Self::InvalidType,
        }
    }
}
