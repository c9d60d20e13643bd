//! A mapping component: read, checked and compiled, but not yet running.

use std::{
    fmt::Write as _,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use semver::Version;
use sha2::{Digest as _, Sha256};
use wasmparser::{Parser, Payload};
use wasmtime::component::{Component as Compiled, Linker, types::ComponentItem};

use super::{
    MappedBy, MapperError,
    bindings::MappingPre,
    compiler::{CompileError, Compiler, engine},
    instance::{State, describe},
    lookup,
};
use crate::{
    deployment::signature::SignatureError,
    support::plain_file::{self, Links},
};

impl ComponentError {
    /// Whether the file is there, but could not be read now, as when there are too many open files.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable { source, .. } | Self::Signature(SignatureError::Unreadable { source, .. }) => {
                source.raw_os_error().is_some() && source.kind() != io::ErrorKind::NotFound
            }
            _ => false,
        }
    }
}

/// The custom section in which a component says which mapping it is, before anything of it is compiled.
pub(super) const SECTION: &str = "exotrace:mapping";

/// The version of the contract that this host speaks, and the earlier ones on its track.
const WIT_VERSION: Version = Version::new(0, 1, 0);

/// All that a component may import.
const GEO: &str = "exotrace:mapping/geo@";

/// The largest component file that is read, in bytes; the built-in ones have about 600 kB.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

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
    /// What its outcomes are marked with.
    pub(super) mapped_by: Arc<MappedBy>,
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
    /// The file is larger than any mapping.
    #[error("`{}` has more than {MAX_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// The file is not what it was.
    #[error("`{}` is not the mapping that was kept", .0.display())]
    Changed(PathBuf),
    /// No mapping has that version.
    #[error("there is no mapping `{version}`\nhint: {known}; or name a file: ./mapping.wasm")]
    NoSuchVersion {
        /// What was asked for.
        version: String,
        /// Which there are, for people.
        known: String,
    },
    /// It cannot be told which file is meant.
    #[error(
        "mapping `{version}` is in two files: `{}` and `{}`\nhint: move one of them away, or name a file",
        first.display(),
        second.display()
    )]
    Ambiguous {
        /// What was asked for.
        version: String,
        /// One of the files.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// The file is not signed as it has to be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The bytes are not WebAssembly, or not a component.
    #[error("not a WebAssembly component")]
    NotAComponent(#[source] wasmtime::Error),
    /// The bytes are what components are made of.
    #[error("a core module, not a component\nhint: `wasm-tools component new` makes a component of it")]
    CoreModule,
    /// There is more of something than compilers should see.
    #[error("too complex to be compiled: it has {found} {what}, {most} are the most")]
    TooComplex {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        most: u64,
        /// How much there is.
        found: u64,
    },
    /// It could not be compiled within limits.
    #[error(transparent)]
    Compile(#[from] CompileError),
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
    Describe(#[source] Box<MapperError>),
    /// What it says it is cannot be shown.
    #[error("its {what} {problem}")]
    Text {
        /// Of what.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
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
    /// Reads and checks a component file. It is compiled within this process, as by [`Component::new`].
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a mapping that this host can run.
    pub fn open(path: &Path) -> Result<Self, ComponentError> {
        Self::new(&Self::read(path)?)
    }

    /// Reads a component file, whatever is in it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is larger than any mapping.
    pub fn read(path: &Path) -> Result<Vec<u8>, ComponentError> {
        let unreadable = |source| ComponentError::Unreadable { path: path.to_owned(), source };
        let file = plain_file::open(path, Links::Followed).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(ComponentError::TooLarge(path.to_owned()));
        }
        Ok(bytes)
    }

    /// Checks and compiles a component within this process. What is too complex is refused, but compiling has no limit
    /// of memory and time: for components that you trust. For others take [`Component::apart`], or a
    /// [`Loader`](super::Loader) that is told to.
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run.
    pub fn new(bytes: &[u8]) -> Result<Self, ComponentError> {
        Self::compile(bytes, false, |bytes| Compiler::within().compile(false, bytes))
    }

    /// Checks a component, and compiles it by `compiler`.
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run, or takes more than it may to be compiled.
    pub fn apart(bytes: &[u8], compiler: &Compiler) -> Result<Self, ComponentError> {
        Self::compile(bytes, false, |bytes| compiler.compile(false, bytes))
    }

    /// Checks and compiles a component so that what it executes is counted, for [`Limits::fuel`](super::Limits::fuel).
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run.
    pub fn metered(bytes: &[u8]) -> Result<Self, ComponentError> {
        Self::compile(bytes, true, |bytes| Compiler::within().compile(true, bytes))
    }

    /// Checks a component, and gets it compiled by `compile`.
    pub(super) fn compile(
        bytes: &[u8],
        is_metering: bool,
        compile: impl FnOnce(&[u8]) -> Result<Compiled, ComponentError>,
    ) -> Result<Self, ComponentError> {
        check_kind(bytes)?;
        let (mapping_version, wit_version) = read_section(bytes)?;
        if !is_spoken(&wit_version) {
            return Err(ComponentError::OtherContract(wit_version));
        }
        let compiled = compile(bytes)?;
        check_imports(&compiled)?;
        let mut linker = Linker::new(engine(is_metering));
        lookup::add_to(&mut linker).map_err(ComponentError::OtherWorld)?;
        let pre = linker.instantiate_pre(&compiled).and_then(MappingPre::new).map_err(ComponentError::OtherWorld)?;
        let description = describe(&pre, wit_version).map_err(|error| ComponentError::Describe(Box::new(error)))?;
        check_description(&description)?;
        if description.mapping_version != mapping_version {
            let described = description.mapping_version;
            return Err(ComponentError::Disagrees { section: mapping_version, described });
        }
        let (name, version) = (description.name.clone(), mapping_version);
        let mapped_by = Arc::new(MappedBy { name, version, digest: digest(bytes) });
        Ok(Self { pre, mapped_by, description })
    }

    /// The names of what the component imports.
    pub fn imports(&self) -> Vec<String> {
        let component = self.pre.instance_pre().component();
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

/// The SHA-256 of a component's bytes, in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a text takes everything");
    }
    text
}

/// The longest name and version that a component may have, in characters.
const MAX_TEXT: usize = 100;

/// What a component says of itself is shown, logged and a label of metrics.
fn check_description(description: &Description) -> Result<(), ComponentError> {
    let Description { name, mapping_version, ecs_version, wit_version: _ } = description;
    let texts = [("name", name), ("version", mapping_version), ("ECS version", ecs_version)];
    for (what, text) in texts {
        if text.chars().count() > MAX_TEXT {
            return Err(ComponentError::Text { what, problem: "is longer than 100 characters" });
        }
        if text.chars().any(char::is_control) {
            return Err(ComponentError::Text { what, problem: "has control characters" });
        }
    }
    if Version::parse(mapping_version).is_err() {
        return Err(ComponentError::Text { what: "version", problem: "is no semantic version, such as `1.2.3`" });
    }
    Ok(())
}

/// Whether this host runs what was built for that version of the contract: what is older on the same track. Before
/// 1.0 a track is a minor version.
fn is_spoken(version: &str) -> bool {
    let Ok(version) = Version::parse(version) else { return false };
    let is_same_track = version.major == WIT_VERSION.major && (version.major > 0 || version.minor == WIT_VERSION.minor);
    is_same_track && version.pre.is_empty() && version <= WIT_VERSION
}

/// Says what a file is that is no component.
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

/// The versions of the mapping and of the contract in the custom section, which stands in the core module.
fn read_section(bytes: &[u8]) -> Result<(String, String), ComponentError> {
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| ComponentError::NotAComponent(wasmtime::Error::new(error)))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            return parse_section(section.data()).ok_or(ComponentError::NoSection);
        }
    }
    Err(ComponentError::NoSection)
}

/// The versions of the mapping and of the contract.
pub(super) fn parse_section(section: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(section);
    let value = |key| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    value("mapping=").zip(value("wit="))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_on_the_track_is_spoken() {
        let found = ["0.1.0", "0.1.1", "0.0.9", "0.2.0", "1.0.0", "0.1.0-rc.1", "0.1", ""].map(is_spoken);
        assert_eq!(found, [true, false, false, false, false, false, false, false]);
    }

    #[test]
    fn a_device_without_an_end_is_refused() {
        let error =
            Component::open(Path::new("/dev/zero")).err().map(|error| crate::support::error_text::chain(&error));
        assert_eq!(error.as_deref(), Some("could not read `/dev/zero`: not a regular file"));
    }

    #[test]
    fn what_a_component_says_of_itself_can_be_shown() {
        let description = |name: &str, version: &str| Description {
            name: name.to_owned(),
            mapping_version: version.to_owned(),
            ecs_version: "8.11.0".to_owned(),
            wit_version: "0.1.0".to_owned(),
        };
        let problem = |name: &str, version: &str| {
            check_description(&description(name, version)).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(problem("mail", "1.2.3-beta.1+build"), "");
        assert_eq!(problem(&"n".repeat(101), "1.2.3"), "its name is longer than 100 characters");
        assert_eq!(problem("\x1b]0;pwned\x07", "1.2.3"), "its name has control characters");
        assert_eq!(problem("mail", "1.2"), "its version is no semantic version, such as `1.2.3`");
        let long = format!("1.2.3-{}", "a".repeat(100));
        assert_eq!(problem("mail", &long), "its version is longer than 100 characters");
    }
}
