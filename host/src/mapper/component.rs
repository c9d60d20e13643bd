//! A mapping component: read, checked and compiled, but not yet running.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use semver::Version;
use wasmtime::component::{Component as Compiled, types::ComponentItem};

use super::{
    batch::MappedBy,
    compiler::Compiler,
    component_error::ComponentError,
    component_file::read_component,
    contract::{self, LinkedComponent},
    description::{Description, DocumentSchema},
    digest::digest,
    instance::describe,
    json_object::is_object,
    recent_ids::RecentIds,
    section::{check_kind, read_section},
};

/// All that a component may import.
pub(super) const GEO: &str = "exotrace:mapping/geo@";

/// A component that can be run. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(super) linked: Arc<dyn LinkedComponent>,
    /// What its outcomes are marked with.
    pub(super) mapped_by: Arc<MappedBy>,
    description: Description,
    /// What it gave lately, whichever source the records are from; nothing of a built-in mapping.
    pub(super) recent_ids: Arc<Mutex<RecentIds>>,
}

impl Component {
    /// Reads and checks a component file. It is compiled within this process, as by [`Component::new`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a mapping that this host can run.
    pub fn open(path: &Path) -> Result<Self, ComponentError> {
        Self::new(&read_component(path)?)
    }

    /// Checks and compiles a component within this process. What is too complex is refused, but compiling has no limit
    /// of memory and time: for components that you trust. For others take [`Component::apart`], or a
    /// [`Loader`](super::Loader) that is told to.
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run.
    pub fn new(bytes: &[u8]) -> Result<Self, ComponentError> {
        Self::compile(bytes, |bytes| Compiler::within().compile(false, bytes))
    }

    /// Checks a component, and compiles it by `compiler`.
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run, or takes more than it may to be compiled.
    pub fn apart(bytes: &[u8], compiler: &Compiler) -> Result<Self, ComponentError> {
        Self::compile(bytes, |bytes| compiler.compile(false, bytes))
    }

    /// Checks and compiles a component so that what it executes is counted, for [`Limits::fuel`](super::Limits::fuel).
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run.
    pub fn metered(bytes: &[u8]) -> Result<Self, ComponentError> {
        Self::compile(bytes, |bytes| Compiler::within().compile(true, bytes))
    }

    /// Checks a component, and gets it compiled by `compile`.
    pub(super) fn compile(
        bytes: &[u8],
        compile: impl FnOnce(&[u8]) -> Result<Compiled, ComponentError>,
    ) -> Result<Self, ComponentError> {
        check_kind(bytes)?;
        let (section, wit_version) = read_section(bytes)?;
        let component = Self::of_contract(bytes, wit_version, compile)?;
        let described = &component.description.mapping_version;
        if *described != section {
            return Err(ComponentError::Disagrees { section, described: described.clone() });
        }
        Ok(component)
    }

    /// Checks a component that was built for this version of the contract, regardless of its section, and gets it
    /// compiled by `compile`.
    pub(super) fn of_contract(
        bytes: &[u8],
        wit_version: String,
        compile: impl FnOnce(&[u8]) -> Result<Compiled, ComponentError>,
    ) -> Result<Self, ComponentError> {
        let Some(link) = contract::speaking(&wit_version) else {
            return Err(ComponentError::OtherContract(wit_version));
        };
        let compiled = compile(bytes)?;
        check_imports(&compiled)?;
        let linked = link(&compiled).map_err(ComponentError::OtherWorld)?;
        let described = describe(&*linked).map_err(|error| ComponentError::Describe(Box::new(error)))?;
        let description = Description { wit_version, ..described };
        check_description(&description)?;
        let Description { name, mapping_version: version, schema, .. } = description.clone();
        let mapped_by = Arc::new(MappedBy { name, version, digest: digest(bytes), schema });
        Ok(Self { linked, mapped_by, description, recent_ids: Arc::default() })
    }

    /// The names of what the component imports.
    pub fn imports(&self) -> Vec<String> {
        let component = self.linked.compiled();
        component.component_type().imports(component.engine()).map(|(name, _)| name.to_owned()).collect()
    }

    /// What the component says it is.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The SHA-256 of its bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.mapped_by.digest
    }
}

fn check_imports(compiled: &Compiled) -> Result<(), ComponentError> {
    for (name, item) in compiled.component_type().imports(compiled.engine()) {
        // Types and functions come inside of interfaces; anything else has no business here.
        let is_geo = name.starts_with(GEO) && matches!(item.ty, ComponentItem::ComponentInstance(_));
        if !is_geo {
            return Err(ComponentError::ForbiddenImport(name.to_owned()));
        }
    }
    Ok(())
}

/// The longest name and version that a component may have, in characters.
const MAX_TEXT: usize = 100;

/// What a component says of itself is shown, logged and a label of metrics.
fn check_description(description: &Description) -> Result<(), ComponentError> {
    let Description { name, mapping_version, schema, record_kinds: _, options_schema, wit_version: _ } = description;
    let DocumentSchema { name: schema_name, version: schema_version } = schema;
    let texts =
        [("name", name), ("version", mapping_version), ("schema", schema_name), ("schema version", schema_version)];
    for (what, text) in texts {
        if text.chars().count() > MAX_TEXT {
            return Err(ComponentError::Text { what, problem: "is longer than 100 characters" });
        }
        if text.chars().any(char::is_control) {
            return Err(ComponentError::Text { what, problem: "has control characters" });
        }
    }
    if Version::parse(mapping_version).is_err() {
        return Err(ComponentError::Text { what: "version", problem: "is not a semantic version, such as `1.2.3`" });
    }
    options_schema.as_deref().map_or(Ok(()), check_options_schema)
}

/// The longest schema of options, in bytes.
const MAX_OPTIONS_SCHEMA: usize = 64 * 1024;

/// People and programs are shown it as JSON.
fn check_options_schema(schema: &str) -> Result<(), ComponentError> {
    let problem = if schema.len() > MAX_OPTIONS_SCHEMA {
        "is longer than 64 KiB"
    } else if !is_object(schema) {
        "is not a JSON object"
    } else {
        return Ok(());
    };
    Err(ComponentError::Text { what: "schema of options", problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_says_of_itself_can_be_shown() {
        let description = |name: &str, version: &str| Description {
            name: name.to_owned(),
            mapping_version: version.to_owned(),
            schema: DocumentSchema::ecs("8.11.0".to_owned()),
            record_kinds: Vec::new(),
            options_schema: None,
            wit_version: "0.2.0".to_owned(),
        };
        let problem = |name: &str, version: &str| {
            check_description(&description(name, version)).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(problem("mail", "1.2.3-beta.1+build"), "");
        assert_eq!(problem(&"n".repeat(101), "1.2.3"), "its name is longer than 100 characters");
        assert_eq!(problem("\x1b]0;pwned\x07", "1.2.3"), "its name has control characters");
        assert_eq!(problem("mail", "1.2"), "its version is not a semantic version, such as `1.2.3`");
        let long = format!("1.2.3-{}", "a".repeat(100));
        assert_eq!(problem("mail", &long), "its version is longer than 100 characters");
    }

    #[test]
    fn a_schema_of_options_is_json() {
        let problem = |schema: &str| check_options_schema(schema).err().map(|error| error.to_string());
        assert_eq!(problem(r#"{"type":"object"}"#), None);
        assert_eq!(problem("true").as_deref(), Some("its schema of options is not a JSON object"));
        let long = format!(r#"{{"title":"{}"}}"#, "a".repeat(MAX_OPTIONS_SCHEMA));
        assert_eq!(problem(&long).as_deref(), Some("its schema of options is longer than 64 KiB"));
    }
}
