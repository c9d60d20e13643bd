//! Both ways to map records: natively, and in the component.

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use exotrace::{
    geo,
    mapper::{BUILT_IN, Component, FilePosition, Mapper},
};
use exotrace_mapping as native;
use serde_json::{Value, json};

/// Our own geo databases, or others.
pub(crate) fn geo(city: &Path, asn: &Path) -> Arc<geo::Geo> {
    Arc::new(geo::Geo::open(Some(city), Some(asn)).expect("the databases are readable"))
}

/// The built-in mappings: compiled once, as in the program.
static COMPILED: LazyLock<Vec<(&str, Component)>> =
    LazyLock::new(|| BUILT_IN.iter().map(|known| (known.version, Component::new(known.bytes).unwrap())).collect());

/// How to map: the settings that tests use.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// Id and name.
    pub(crate) tenant: Option<(String, String)>,
    pub(crate) local_domains: Option<Vec<String>>,
    pub(crate) preserve_original_event: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) drop_status: Vec<String>,
    pub(crate) fields: Option<Value>,
}

impl Settings {
    pub(crate) fn new(local_domains: &[&str], tags: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Self { local_domains: Some(owned(local_domains)), tags: owned(tags), ..Self::default() }
    }
}

/// Maps the records natively and in the component, sees that both give the same bytes,
/// and returns a line of JSON per record: `{"_id", "document"}` or `{"dropped"}`.
pub(crate) fn map(
    version: &str,
    settings: &Settings,
    geo: &Arc<geo::Geo>,
    records: &str,
    origin: &native::Origin,
) -> Vec<Value> {
    let native = map_natively(version, settings, geo, records, origin);
    let component = map_in_component(version, settings, geo, records, origin);
    assert_eq!(native.0, component.0, "mapping {version}: natively and in the component");
    assert_eq!(native.1, component.1, "mapping {version}: natively and in the component");
    let mut documents = native.0.lines();
    let outcomes = native.1.into_iter();
    outcomes
        .map(|mut outcome| {
            // Both ways give the same; what it is, tests of the mapping say.
            outcome.as_object_mut().unwrap().remove("delivery_id");
            if outcome.get("dropped").is_none() {
                outcome["document"] = serde_json::from_str(documents.next().unwrap()).expect("a document is JSON");
            }
            outcome
        })
        .collect()
}

fn map_natively(
    version: &str,
    settings: &Settings,
    geo: &geo::Geo,
    records: &str,
    origin: &native::Origin,
) -> (String, Vec<Value>) {
    let settings = native::Settings {
        tenant: settings.tenant.clone().map(|(id, name)| native::Tenant { id, name: Some(name) }),
        local_domains: settings.local_domains.clone(),
        preserve_original_event: settings.preserve_original_event,
        tags: settings.tags.clone(),
        drop_status: settings.drop_status.clone(),
        fields: settings.fields.as_ref().map(Value::to_string),
        ..native::Settings::default()
    };
    let version = native::versions::find(version).unwrap_or_else(|| panic!("no mapping {version}"));
    let mut session = native::Session::open(version, &settings).unwrap();
    let batch = session.map_batch(records, origin, &mut NativeGeo(geo));
    let outcomes = batch.outcomes.iter().map(|outcome| match outcome {
        native::Outcome::Mapped { id, delivery_id, .. } => json!({ "_id": id, "delivery_id": delivery_id }),
        native::Outcome::Failed { id, delivery_id, .. } => json!({ "_id": id, "delivery_id": delivery_id }),
        native::Outcome::Dropped(reason) => json!({ "dropped": format!("{reason:?}") }),
    });
    let outcomes = outcomes.collect();
    (String::from_utf8(batch.documents).unwrap(), outcomes)
}

fn map_in_component(
    version: &str,
    settings: &Settings,
    geo: &Arc<geo::Geo>,
    records: &str,
    origin: &native::Origin,
) -> (String, Vec<Value>) {
    let component = COMPILED.iter().find(|(known, _)| *known == version).unwrap().1.clone();
    let settings = exotrace::mapper::Settings {
        tenant: settings.tenant.clone().map(|(id, name)| exotrace::mapper::Tenant { id, name: Some(name) }),
        local_domains: settings.local_domains.clone(),
        preserve_original_event: settings.preserve_original_event,
        tags: settings.tags.clone(),
        drop_status: settings.drop_status.clone(),
        fields: settings.fields.clone(),
        ..exotrace::mapper::Settings::default()
    };
    let mapper = Mapper::new(component, settings, Arc::clone(geo)).unwrap();
    let origin = exotrace::mapper::Origin {
        read_at: origin.read_at.and_then(chrono::DateTime::from_timestamp_millis),
        file: origin.file.as_ref().map(|file| FilePosition { path: file.path.clone(), offset: file.offset }),
    };
    let batch = mapper.map_batch(records, &origin).unwrap();
    let outcomes = batch.outcomes.iter().map(|outcome| match outcome {
        exotrace::mapper::Outcome::Dropped(reason) => json!({ "dropped": format!("{reason:?}") }),
        exotrace::mapper::Outcome::Rejected(reason) => json!({ "rejected": reason }),
        mapped => json!({ "_id": mapped.id(), "delivery_id": mapped.delivery_id() }),
    });
    let outcomes = outcomes.collect();
    (batch.documents, outcomes)
}

/// The host's databases, as the mapping library asks for them.
struct NativeGeo<'g>(&'g geo::Geo);

impl native::Geo for NativeGeo<'_> {
    fn lookup(&mut self, addresses: &[&str]) -> Vec<Option<native::Network>> {
        let convert = |network: geo::Network| native::Network {
            place: network.place.map(|place| native::Place {
                continent_name: place.continent_name,
                country_iso_code: place.country_iso_code,
                country_name: place.country_name,
                region_iso_code: place.region_iso_code,
                region_name: place.region_name,
                city_name: place.city_name,
                location: place.location.map(|(lat, lon)| native::Location { lat, lon }),
            }),
            autonomous_system: network
                .autonomous_system
                .map(|(number, organization_name)| native::AutonomousSystem { number, organization_name }),
        };
        addresses.iter().map(|address| self.0.lookup(address).map(convert)).collect()
    }
}
