//! A mapping component: read, checked and compiled, but not yet running.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use wasmparser::{Parser, Payload};
use wasmtime::component::{Component as Compiled, HasSelf, Linker, types::ComponentItem};

use super::{
    bindings::{Mapping, MappingPre},
    engine::ENGINE,
    instance::{State, describe},
};

/// The custom section in which a component says which mapping it is, before anything of it is compiled.
const SECTION: &str = "exotrace:mapping";

/// The track of the contract that this host speaks.
const WIT_VERSION: &str = "0.1.0";

/// All that a component may import.
const GEO: &str = "exotrace:mapping/geo@";

/// What a component says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the mapping, for people.
    pub name: String,
    /// Version of the mapping.
    pub mapping_version: String,
    /// The ECS version that its documents follow.
    pub ecs_version: String,
    /// The version of the WIT contract that it was built with.
    pub wit_version: String,
}

/// A component that can be run. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    pub(super) pre: MappingPre<State>,
    description: Description,
}

/// Why a file or some bytes are not a mapping that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum ComponentError {
    /// The file cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bytes are not WebAssembly, or not a component.
    #[error("not a WebAssembly component")]
    NotAComponent(#[source] wasmtime::Error),
    /// There is no section that says which mapping it is.
    #[error("not an exotrace mapping: it has no section `{SECTION}`")]
    NoSection,
    /// It was built for another version of the contract.
    #[error("built for version `{0}` of the contract, this host speaks `{WIT_VERSION}`")]
    OtherContract(String),
    /// It wants more than a mapping gets.
    #[error("imports `{0}`; a mapping may import nothing but `exotrace:mapping/geo`")]
    ForbiddenImport(String),
    /// It does not export what a mapping exports.
    #[error("does not have the exports of a mapping")]
    OtherWorld(#[source] wasmtime::Error),
    /// It stopped when it was asked what it is.
    #[error("could not say what it is")]
    Describe(#[source] wasmtime::Error),
    /// Its section and its own word differ.
    #[error("its section says mapping `{section}`, it says itself `{described}`")]
    Disagrees {
        /// The version in the section.
        section: String,
        /// The version that `describe` gave.
        described: String,
    },
}

impl Component {
    /// Reads and checks a component file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a mapping that this host can run.
    pub fn open(path: &Path) -> Result<Self, ComponentError> {
        let bytes = fs::read(path).map_err(|source| ComponentError::Unreadable { path: path.to_owned(), source })?;
        Self::new(&bytes)
    }

    /// Checks and compiles a component.
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run.
    pub fn new(bytes: &[u8]) -> Result<Self, ComponentError> {
        if !Parser::is_component(bytes) {
            return Err(ComponentError::NotAComponent(wasmtime::Error::msg("the file does not begin like one")));
        }
        let (mapping_version, wit_version) = read_section(bytes)?;
        if wit_version != WIT_VERSION {
            return Err(ComponentError::OtherContract(wit_version));
        }
        let compiled = Compiled::new(&ENGINE, bytes).map_err(ComponentError::NotAComponent)?;
        check_imports(&compiled)?;
        let mut linker = Linker::new(&ENGINE);
        Mapping::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(ComponentError::OtherWorld)?;
        let pre = linker.instantiate_pre(&compiled).and_then(MappingPre::new).map_err(ComponentError::OtherWorld)?;
        let description = describe(&pre, wit_version).map_err(ComponentError::Describe)?;
        if description.mapping_version != mapping_version {
            let described = description.mapping_version;
            return Err(ComponentError::Disagrees { section: mapping_version, described });
        }
        Ok(Self { pre, description })
    }

    /// The names of what the component imports.
    pub fn imports(&self) -> Vec<String> {
        let types = self.pre.instance_pre().component().component_type();
        types.imports(&ENGINE).map(|(name, _)| name.to_owned()).collect()
    }

    /// What the component says it is.
    pub fn description(&self) -> &Description {
        &self.description
    }
}

/// The versions of the mapping and of the contract in the custom section, which stands in the core module.
fn read_section(bytes: &[u8]) -> Result<(String, String), ComponentError> {
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| ComponentError::NotAComponent(wasmtime::Error::new(error)))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            let text = String::from_utf8_lossy(section.data()).into_owned();
            let value = |key| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
            return value("mapping=").zip(value("wit=")).ok_or(ComponentError::NoSection);
        }
    }
    Err(ComponentError::NoSection)
}

fn check_imports(compiled: &Compiled) -> Result<(), ComponentError> {
    for (name, item) in compiled.component_type().imports(&ENGINE) {
        // Types and functions come inside of interfaces; anything else has no business here.
        let is_geo = name.starts_with(GEO) && matches!(item.ty, ComponentItem::ComponentInstance(_));
        if !is_geo {
            return Err(ComponentError::ForbiddenImport(name.to_owned()));
        }
    }
    Ok(())
}
