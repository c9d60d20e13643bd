//! The section in which a component says which mapping it is, before anything of it is compiled.

use wasmparser::{BinaryReaderError, Parser, Payload};

use super::component_error::ComponentError;

/// The name of the section.
pub(super) const SECTION: &str = "exotrace:mapping";

/// The name of the section with check records.
pub(crate) const CHECKS_SECTION: &str = "exotrace:checks";

/// Says what a file is that is not a component.
pub(super) fn check_kind(bytes: &[u8]) -> Result<(), ComponentError> {
    if Parser::is_component(bytes) {
        return Ok(());
    }
    if Parser::is_core_wasm(bytes) {
        return Err(ComponentError::CoreModule);
    }
    Err(ComponentError::NotAComponent(wasmtime::Error::msg("the file does not begin like one")))
}

/// The version of the mapping that a component says it is, if it is one.
pub(super) fn version_of(bytes: &[u8]) -> Option<String> {
    if !Parser::is_component(bytes) {
        return None;
    }
    read_section(bytes).ok().map(|(mapping_version, _)| mapping_version)
}

/// The versions of the mapping and of the contract in the custom section.
pub(super) fn read_section(bytes: &[u8]) -> Result<(String, String), ComponentError> {
    let found =
        outermost(bytes, SECTION).map_err(|error| ComponentError::NotAComponent(wasmtime::Error::new(error)))?;
    found.first().and_then(|section| parse_section(section)).ok_or(ComponentError::NoSection)
}

/// The custom sections of that name that stand outermost. A compiler puts them into the core module; where a component
/// is composed of others, what it says of itself counts, and not what those say.
pub(crate) fn outermost<'b>(bytes: &'b [u8], name: &str) -> Result<Vec<&'b [u8]>, BinaryReaderError> {
    let (mut found, mut least, mut depth) = (Vec::new(), usize::MAX, 0_usize);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
            Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
            Ok(Payload::CustomSection(section)) if section.name() == name && depth <= least => {
                if depth < least {
                    found.clear();
                    least = depth;
                }
                found.push(section.data());
            }
            // The compiler reports what is wrong behind the section.
            Err(_) if !found.is_empty() => break,
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    Ok(found)
}

/// The versions of the mapping and of the contract.
fn parse_section(section: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(section);
    let value = |key| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    value("mapping=").zip(value("wit="))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{Component, ComponentSectionId, CustomSection, RawSection};

    use super::*;

    fn component(texts: &[&str], inside: &[u8]) -> Vec<u8> {
        let mut component = Component::new();
        component.section(&RawSection { id: ComponentSectionId::Component.into(), data: inside });
        for text in texts {
            component.section(&CustomSection { name: SECTION.into(), data: text.as_bytes().into() });
        }
        component.finish()
    }

    #[test]
    fn what_stands_outermost_counts() {
        let empty = Component::new().finish();
        let inner = component(&["mapping=1.0.0\nwit=0.2.0\n"], &empty);
        let version = |bytes: &[u8]| read_section(bytes).map(|(version, _)| version).ok();
        assert_eq!(version(&inner).as_deref(), Some("1.0.0"));
        assert_eq!(version(&component(&[], &inner)).as_deref(), Some("1.0.0"));
        assert_eq!(version(&component(&["mapping=2.0.0\nwit=0.2.0\n"], &inner)).as_deref(), Some("2.0.0"));
        assert_eq!(version(&component(&["mapping=2.0.0\n"], &inner)), None, "it is half of a section");
        assert_eq!(version(&empty), None);
        assert_eq!(outermost(&component(&["a", "b"], &inner), SECTION).unwrap(), [b"a", b"b"]);
    }
}
