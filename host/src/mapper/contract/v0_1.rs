//! Between the types of the contract and those of the host.

use chrono::{DateTime, Utc};

use super::{
    DropReason, FailureReason, MappedBatch, Origin, Outcome, Settings,
    bindings::{geo, mapper},
};
use crate::geo::{Network, Place};

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

impl From<Settings> for mapper::Settings {
    fn from(settings: Settings) -> Self {
        Self {
            local_domains: settings.local_domains,
            preserve_original_event: settings.preserve_original_event,
            tags: settings.tags,
            drop_status: settings.drop_status,
            fields: settings.fields.map(|fields| fields.to_string()),
            suffix_list: settings.suffix_list,
        }
    }
}

impl mapper::SettingsError {
    /// The error as people read it.
    pub(super) fn explain(self) -> String {
        match self {
            Self::InvalidFields(reason) => format!("fields to add: {reason}"),
            Self::ReservedField(field) => format!("field `{field}` is written by the mapping itself"),
            Self::InvalidSuffixList(reason) => format!("public suffix list: {reason}"),
            Self::Unsupported(setting) => format!("this mapping version has no rule for `{setting}`"),
        }
    }
}

impl From<Origin> for mapper::Origin {
    fn from(origin: Origin) -> Self {
        Self {
            read_at: origin.read_at.map(|instant| instant.timestamp_millis()),
            file: origin.file.map(|file| mapper::FilePosition { path: file.path, offset: file.offset }),
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
            mapper::Outcome::Mapped(mapped) => {
                Self::Mapped { id: mapped.id, timestamp: instant(mapped.timestamp), length: mapped.length }
            }
            mapper::Outcome::Dropped(mapper::DropReason::EmptyPage) => Self::Dropped(DropReason::EmptyPage),
            mapper::Outcome::Dropped(mapper::DropReason::Status) => Self::Dropped(DropReason::Status),
            mapper::Outcome::Failed(failed) => Self::Failed {
                id: failed.id,
                timestamp: failed.timestamp.map(instant),
                reason: failed.reason.into(),
                length: failed.length,
            },
        }
    }
}

/// A time beyond what can be counted says nothing, so it may as well be the beginning.
fn instant(milliseconds: i64) -> DateTime<Utc> {
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
        }
    }
}
