//! Makes a mapping of what a compiler gives: a component with the sections in which it says what it is.
//!
//! Knows no language: a core module has its types inside, and a component is taken as it is.

use std::borrow::Cow;

use wasm_encoder::{Component as Encoded, ComponentSectionId, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wasmparser::{BinaryReader, BinaryReaderError, Parser};
use wit_component::ComponentEncoder;

use super::{
    component::Component,
    inspect::Inspection,
    loader::Loader,
    section::{CHECKS_SECTION, SECTION, check_kind},
};

mod compose;
mod pack_error;
mod top_level;

pub use pack_error::PackError;
use top_level::{top_level, unreadable};

/// The section with the licences, an expression of SPDX, where other tools read it.
const LICENSES: &str = "licenses";

/// What is put into a mapping besides its code.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackRequest<'r> {
    /// The version that it has to say it is; `None`: any.
    pub mapping_version: Option<&'r str>,
    /// Check records, a line of JSON each; `None`: those that it has.
    pub checks: Option<&'r str>,
    /// Its name; `None`: that which it has.
    pub name: Option<&'r str>,
    /// Its licence, an expression of SPDX; `None`: that which it has.
    pub license: Option<&'r str>,
    /// The mapping that it wraps: it imports what that one exports.
    pub wrapped: Option<&'r [u8]>,
}

/// A mapping that is packed.
pub struct PackedMapping {
    /// The bytes of its file.
    pub bytes: Vec<u8>,
    /// The same ready to be run.
    pub component: Component,
    /// How many bytes a core module has become a component of; `None`: it was one.
    pub encoded_bytes: Option<usize>,
    /// Its licence.
    pub license: Option<String>,
}

/// Makes a mapping of a core module or a component, and sees that this host runs it.
///
/// # Errors
///
/// When it is not a mapping.
pub fn pack(bytes: &[u8], request: &PackRequest<'_>, loader: &Loader) -> Result<PackedMapping, PackError> {
    let encoded = encode(bytes)?;
    let encoded_bytes = Parser::is_core_wasm(bytes).then_some(encoded.len());
    let composed = match request.wrapped {
        Some(wrapped) => Cow::Owned(compose::compose(&encoded, wrapped)?),
        None => encoded,
    };
    let inspection = Inspection::new(&composed)?;
    let wit_version = inspection.exports.iter().find_map(|export| export.strip_prefix(compose::MAPPER));
    let wit_version = wit_version.ok_or(PackError::NoMapper)?;
    let component = loader.load_unmarked(&composed, wit_version)?;
    let described = component.description().mapping_version.clone();
    if let Some(wanted) = request.mapping_version.filter(|wanted| *wanted != described) {
        return Err(PackError::OtherVersion { wanted: wanted.to_owned(), described });
    }
    let license = license(request, &inspection)?;
    let mapping = format!("mapping={described}\nwit={wit_version}\n");
    let mut sections = vec![(SECTION, mapping.as_str())];
    sections.extend(request.checks.map(|checks| (CHECKS_SECTION, checks)));
    sections.extend(license.as_deref().map(|license| (LICENSES, license)));
    let mut metadata = AddMetadata::default();
    metadata.name = request.name.map_or(AddMetadataField::Keep, |name| AddMetadataField::Set(name.to_owned()));
    let named = metadata.to_wasm(&composed).map_err(PackError::Name)?;
    let bytes = with_sections(&named, &sections).map_err(unreadable)?;
    Ok(PackedMapping { bytes, component, encoded_bytes, license })
}

/// A component of a core module; a component as it is.
fn encode(bytes: &[u8]) -> Result<Cow<'_, [u8]>, PackError> {
    if !Parser::is_core_wasm(bytes) {
        check_kind(bytes)?;
        return Ok(Cow::Borrowed(bytes));
    }
    let encoder = ComponentEncoder::default().validate(true).module(bytes);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map(Cow::Owned).map_err(|source| {
        let is_of_wasi = format!("{source:#}").contains("wasi");
        PackError::Encode { is_of_wasi, source }
    })
}

/// The licence of what is packed: with that of what it wraps, which is inside of it.
fn license(request: &PackRequest<'_>, inspection: &Inspection) -> Result<Option<String>, PackError> {
    let inside = match request.wrapped {
        Some(wrapped) => Inspection::new(wrapped)?.metadata.remove(LICENSES),
        None => None,
    };
    Ok(match (request.license, inside) {
        (Some(license), Some(inside)) if license.contains(" OR ") => Some(format!("({license}) AND {inside}")),
        (Some(license), Some(inside)) => Some(format!("{license} AND {inside}")),
        (license, inside) => license.map(str::to_owned).or(inside).or(inspection.metadata.get(LICENSES).cloned()),
    })
}

/// A component with these custom sections in front, in place of those of the same names that it has.
fn with_sections(component: &[u8], sections: &[(&str, &str)]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut marked = Encoded::new();
    for (name, text) in sections {
        marked.section(&CustomSection { name: (*name).into(), data: text.as_bytes().into() });
    }
    for section in top_level(component)? {
        let is_custom = section.id == u8::from(ComponentSectionId::CoreCustom);
        let is_replaced = |name: &str| sections.iter().any(|(other, _)| *other == name);
        if !(is_custom && is_replaced(BinaryReader::new(section.data, 0).read_string()?)) {
            marked.section(&section);
        }
    }
    Ok(marked.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stand_in_front_and_replace_those_of_their_name() {
        let component = |texts: &[(&str, &str)]| with_sections(&Encoded::new().finish(), texts).unwrap();
        let first = component(&[("a", "1"), ("b", "2")]);
        let again = with_sections(&first, &[("b", "3")]).unwrap();
        assert_eq!(again, component(&[("b", "3"), ("a", "1")]));
        assert!(with_sections(&first[..first.len() - 1], &[]).is_err(), "cut off");
    }
}
