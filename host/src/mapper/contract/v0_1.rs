//! Version 0.1 of the contract: what wasmtime makes of it, and the way between its types and those of the host.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use semver::Version;
use serde_json::{Value, json};
use wasmtime::{
    Store, StoreContextMut,
    component::{Component as Compiled, Linker, ResourceAny, WasmList, WasmStr},
};

use self::bindings::{Mapping, MappingPre, exports::exotrace::mapping::mapper};
use super::{
    linked::{LinkedComponent, Session},
    v0_2::{bindings::exotrace::mapping::geo, instant},
};
use crate::{
    mapper::{
        batch::MappedBatch,
        description::{Description, DocumentSchema},
        instance_state::InstanceState,
        lookup::lookup,
        origin::Origin,
        outcome::{DropReason, FailureReason, Outcome},
        settings::Settings,
        settings_refusal::SettingsRefusal,
    },
    support::{
        lines::{Line, lines},
        property::RecordKind,
        record_key::RecordKey,
    },
};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit/released/0.1.0",
        world: "mapping",
        // The interface is the same as in 0.2.0.
        with: { "exotrace:mapping/geo@0.1.0": crate::mapper::contract::v0_2::bindings::exotrace::mapping::geo },
    });
}

/// The newest version of this track.
pub(super) const VERSION: Version = Version::new(0, 1, 0);

/// All that a component may import.
const GEO: &str = "exotrace:mapping/geo@0.1.0";

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
        let mapper::Description { name, mapping_version, ecs_version, record_kinds } =
            mapping.exotrace_mapping_mapper().call_describe(store)?;
        Ok(Description {
            name,
            mapping_version,
            schema: DocumentSchema::ecs(ecs_version),
            record_kinds: record_kinds.into_iter().map(Into::into).collect(),
            options_schema: None,
            wit_version: VERSION.to_string(),
        })
    }

    fn open(
        &self,
        store: &mut Store<InstanceState>,
        settings: &Settings,
    ) -> wasmtime::Result<Result<Box<dyn Session>, SettingsRefusal>> {
        if let Some(setting) = inexpressible(settings) {
            return Ok(Err(SettingsRefusal::OtherContract { setting, contract: VERSION.to_string() }));
        }
        let mapping = self.instantiate(&mut *store)?;
        let opened = mapping.exotrace_mapping_mapper().session().call_open(store, &settings.into())?;
        Ok(match opened {
            Ok(session) => Ok(Box::new(OpenSessionV0_1 { mapping, session })),
            Err(error) => Err(error.into()),
        })
    }
}

/// The first setting that this version of the contract has no words for and that changes what documents hide or say.
/// The tenant is not one: without it, documents are what they were before there was one.
fn inexpressible(settings: &Settings) -> Option<&'static str> {
    let Settings { options, pseudonym_key, previous_pseudonym_key, .. } = settings;
    let is_set = [
        (pseudonym_key.is_some(), "mapping.privacy"),
        (previous_pseudonym_key.is_some(), "mapping.privacy"),
        (options.is_some(), "mapping.options"),
    ];
    is_set.into_iter().find_map(|(is_set, name)| is_set.then_some(name))
}

/// An instance with its session.
struct OpenSessionV0_1 {
    mapping: Mapping,
    session: ResourceAny,
}

impl Session for OpenSessionV0_1 {
    fn map_batch(
        &mut self,
        store: &mut Store<InstanceState>,
        records: &str,
        origin: &Origin,
    ) -> wasmtime::Result<MappedBatch> {
        let session = self.mapping.exotrace_mapping_mapper().session();
        let batch = session.call_map_batch(store, self.session, records, &origin.into())?;
        // Of an answer that does not fit, every outcome is kept: it is checked later.
        let mut records = lines(records).map(Line::record);
        let outcomes = batch.outcomes.into_iter().map(|it| outcome(it, records.next().unwrap_or_default())).collect();
        Ok(MappedBatch { documents: batch.documents, outcomes, ..MappedBatch::default() })
    }
}

impl From<mapper::RecordKind> for RecordKind {
    fn from(kind: mapper::RecordKind) -> Self {
        match kind {
            mapper::RecordKind::Graph => Self::Graph,
            mapper::RecordKind::Legacy => Self::Legacy,
        }
    }
}

impl From<&Settings> for mapper::Settings {
    fn from(settings: &Settings) -> Self {
        Self {
            local_domains: settings.local_domains.clone(),
            preserve_original_event: settings.preserve_original_event,
            tags: settings.tags.clone(),
            drop_status: settings.drop_status.clone(),
            fields: fields(settings).map(|fields| fields.to_string()),
            suffix_list: settings.suffix_list.clone(),
        }
    }
}

/// The fields to add. What the tenant is called is one of them, since nothing else of this version tells it.
fn fields(settings: &Settings) -> Option<Cow<'_, Value>> {
    let name = settings.tenant.as_ref().and_then(|tenant| tenant.name.as_ref());
    let Some(name) = name else { return settings.fields.as_ref().map(Cow::Borrowed) };
    let mut fields = settings.fields.clone().unwrap_or_else(|| json!({}));
    if let Some(fields) = fields.as_object_mut()
        && let Some(organization) = fields.entry("organization").or_insert_with(|| json!({})).as_object_mut()
    {
        organization.entry("name").or_insert_with(|| json!(name));
    }
    Some(Cow::Owned(fields))
}

impl From<mapper::SettingsError> for SettingsRefusal {
    fn from(error: mapper::SettingsError) -> Self {
        match error {
            mapper::SettingsError::InvalidFields(reason) => Self::InvalidFields(reason),
            mapper::SettingsError::ReservedField(field) => Self::ReservedField(field),
            mapper::SettingsError::InvalidSuffixList(reason) => Self::InvalidSuffixList(reason),
            mapper::SettingsError::Unsupported(setting) => Self::Unsupported(setting),
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

/// The outcome of a record. The component does not name its delivery, so the host does.
fn outcome(outcome: mapper::Outcome, record: &str) -> Outcome {
    match outcome {
        mapper::Outcome::Mapped(mapped) => Outcome::Mapped {
            id: mapped.id,
            delivery_id: delivery_id(RecordKey::of(record).identity),
            timestamp: instant(mapped.timestamp),
            length: mapped.length,
        },
        mapper::Outcome::Dropped(mapper::DropReason::EmptyPage) => Outcome::Dropped(DropReason::EmptyPage),
        mapper::Outcome::Dropped(mapper::DropReason::Status) => Outcome::Dropped(DropReason::Status),
        mapper::Outcome::Failed(failed) => Outcome::Failed {
            id: failed.id,
            delivery_id: RecordKey::delivery_of(record).map(delivery_id),
            timestamp: failed.timestamp.map(instant),
            reason: failed.reason.into(),
            length: failed.length,
        },
    }
}

fn delivery_id(identity: [u8; 16]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(identity)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapper::settings::Tenant;

    #[test]
    fn the_name_of_the_tenant_is_a_field() {
        let tenant = |name: Option<&str>| Tenant::known_by(Some("id"), name);
        for (given, name, expected) in [
            (None, None, None),
            (None, Some("Contoso"), Some(json!({ "organization": { "name": "Contoso" } }))),
            (Some(json!({ "a": 1 })), None, Some(json!({ "a": 1 }))),
            (
                Some(json!({ "a": 1, "organization": { "id": "x" } })),
                Some("Contoso"),
                Some(json!({ "a": 1, "organization": { "id": "x", "name": "Contoso" } })),
            ),
        ] {
            let settings = Settings { tenant: tenant(name), fields: given, ..Settings::default() };
            assert_eq!(fields(&settings).map(Cow::into_owned), expected);
        }
    }

    #[test]
    fn what_the_contract_has_no_words_for_is_named() {
        let key = || Some(crate::mapper::PseudonymKey::new(Vec::new()));
        assert_eq!(inexpressible(&Settings { tenant: Tenant::known_by(Some("x"), None), ..Settings::default() }), None);
        let options = Some(json!({}));
        assert_eq!(inexpressible(&Settings { options, ..Settings::default() }), Some("mapping.options"));
        assert_eq!(inexpressible(&Settings { pseudonym_key: key(), ..Settings::default() }), Some("mapping.privacy"));
    }
}
