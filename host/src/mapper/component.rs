//! A mapping component: read, checked and compiled, but not yet running.

use std::{path::Path, sync::Arc};

use wasmtime::component::{Component as Compiled, types::ComponentItem};

use super::{
    batch::MappedBy,
    compiler::Compiler,
    component_error::ComponentError,
    component_file::read_component,
    contract::{self, LinkedComponent},
    description::{Description, check_description},
    digest::digest,
    instance::describe,
    section::{check_kind, read_section},
};

/// All that a component may import.
const GEO: &str = "exotrace:mapping/geo@";

/// A component that can be run. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(super) linked: Arc<dyn LinkedComponent>,
    /// What its outcomes are marked with.
    pub(super) mapped_by: Arc<MappedBy>,
    description: Description,
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
        let (mapping_version, wit_version) = read_section(bytes)?;
        let Some(link) = contract::speaking(&wit_version) else {
            return Err(ComponentError::OtherContract(wit_version));
        };
        let compiled = compile(bytes)?;
        check_imports(&compiled)?;
        let linked = link(&compiled).map_err(ComponentError::OtherWorld)?;
        let described = describe(&*linked).map_err(|error| ComponentError::Describe(Box::new(error)))?;
        let description = Description { wit_version, ..described };
        check_description(&description)?;
        if description.mapping_version != mapping_version {
            let described = description.mapping_version;
            return Err(ComponentError::Disagrees { section: mapping_version, described });
        }
        let (name, version) = (description.name.clone(), mapping_version);
        let mapped_by = Arc::new(MappedBy { name, version, digest: digest(bytes) });
        Ok(Self { linked, mapped_by, description })
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
