//! Puts a mapping inside of a component that wraps it: one component, which imports what the mapping imports.

use wasm_encoder::{
    Alias, Component as Encoded, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, ComponentSectionId, RawSection,
};

use super::{
    pack_error::PackError,
    top_level::{top_level, unreadable},
};
use crate::mapper::{component::GEO, inspect::Inspection};

/// What every mapping exports, before the version of the contract.
pub(super) const MAPPER: &str = "exotrace:mapping/mapper@";

/// The two inside of what is composed, in this order.
const WRAPPED: u32 = 0;
const WRAPPER: u32 = 1;

/// One component of `wrapper` and of the mapping that it imports.
pub(super) fn compose(wrapper: &[u8], wrapped: &[u8]) -> Result<Vec<u8>, PackError> {
    let (outer, inner) = (Inspection::new(wrapper)?, Inspection::new(wrapped)?);
    let mapper = inner.exports.iter().find(|name| name.starts_with(MAPPER)).ok_or(PackError::NoMapper)?;
    if !outer.imports.contains(mapper) {
        return Err(PackError::Wrap(format!("the wrapper does not import `{mapper}`")));
    }
    if !outer.exports.contains(mapper) {
        return Err(PackError::Wrap(format!("the wrapper does not export `{mapper}`")));
    }
    let mut composed = Encoded::new();
    copy_import(wrapped, &inner, &mut composed)?;
    for component in [wrapped, wrapper] {
        composed.section(&RawSection { id: ComponentSectionId::Component.into(), data: component });
    }
    // Instances are numbered: what is imported, the mapping, what it exports, the wrapper, what that exports.
    let imported = u32::try_from(inner.imports.len()).unwrap_or_default();
    let [exported_by_wrapped, exported_by_wrapper] = [imported + 1, imported + 3];
    let kind = ComponentExportKind::Instance;
    let mut arguments = Vec::new();
    for (number, name) in inner.imports.iter().enumerate() {
        arguments.push((name.as_str(), kind, u32::try_from(number).unwrap_or_default()));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(WRAPPED, arguments.clone());
    composed.section(&instances);
    composed.section(&alias(imported, mapper));
    arguments.retain(|(name, ..)| outer.imports.iter().any(|import| import == name));
    arguments.push((mapper.as_str(), kind, exported_by_wrapped));
    if let Some(import) = outer.imports.iter().find(|import| !arguments.iter().any(|(name, ..)| name == import)) {
        return Err(PackError::Wrap(format!("the wrapper imports `{import}`, which the mapping does not")));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(WRAPPER, arguments);
    composed.section(&instances);
    composed.section(&alias(imported + 2, mapper));
    let mut exports = ComponentExportSection::new();
    exports.export(mapper.as_str(), kind, exported_by_wrapper, None);
    composed.section(&exports);
    Ok(composed.finish())
}

/// What the mapping imports, with its types, stands in front of its code, and means the same out here.
fn copy_import(wrapped: &[u8], inspection: &Inspection, composed: &mut Encoded) -> Result<(), PackError> {
    match inspection.imports.as_slice() {
        [] => return Ok(()),
        [geo] if geo.starts_with(GEO) => {}
        imports => return Err(PackError::Wrap(format!("the mapping imports {}", imports.join(", ")))),
    }
    for section in top_level(wrapped).map_err(unreadable)? {
        if section.id == u8::from(ComponentSectionId::Type) {
            composed.section(&section);
        } else if section.id == u8::from(ComponentSectionId::Import) {
            composed.section(&section);
            return Ok(());
        } else if section.id != u8::from(ComponentSectionId::CoreCustom) {
            break;
        }
    }
    Err(PackError::Wrap("the mapping does not begin with its import".to_owned()))
}

fn alias(instance: u32, name: &str) -> ComponentAliasSection {
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::InstanceExport { instance, kind: ComponentExportKind::Instance, name });
    aliases
}
