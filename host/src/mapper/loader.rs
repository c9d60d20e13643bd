//! Loads component files: whose signatures count, and where compiled code is kept.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use exotrace_code_cache::{CodeCache, Mark, Trouble};
use tracing::{debug, warn};
use wasmtime::component::Component as Compiled;

use super::{
    built_in::{BUILT_IN, BuiltIn, built_in, is_built_in, with_bytes},
    compiler::{Compiler, precompiled},
    component::Component,
    component_error::ComponentError,
    component_file::{ComponentFile, read_component},
    digest::digest,
    engine::engine,
    folder::{self, component_files},
};
use crate::support::signature::{TrustedKeys, path_of};

/// How component files are loaded. Cheap to clone.
#[derive(Clone, Default)]
pub struct Loader {
    trusted_keys: TrustedKeys,
    cache: Option<Arc<CodeCache>>,
    folder: Option<PathBuf>,
    is_metering: bool,
    compiler: Compiler,
}

/// Where a mapping version is.
#[derive(Debug, Clone)]
pub enum MappingPlace {
    /// In the program.
    BuiltIn(BuiltIn),
    /// In a file.
    File(PathBuf),
}

impl Loader {
    /// Takes component files with a signature by one of these keys; when there are none, every file.
    pub fn new(trusted_keys: TrustedKeys) -> Self {
        Self { trusted_keys, ..Self::default() }
    }

    /// Compiles so that what a component executes is counted, for [`Limits::fuel`](super::Limits::fuel).
    #[must_use]
    pub fn metering(mut self) -> Self {
        self.is_metering = true;
        self
    }

    /// Compiles what is not built in by this compiler; otherwise within the process, without limits.
    #[must_use]
    pub fn compiling_by(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// Keeps compiled code in this folder. When that cannot be, everything is compiled each time.
    #[must_use]
    pub fn with_cache(mut self, folder: &Path) -> Self {
        match CodeCache::open(folder) {
            Ok(cache) => self.cache = Some(Arc::new(cache)),
            Err(error) => warn!(folder = %folder.display(), %error, "could not use the cache for compiled mappings"),
        }
        self
    }

    /// Looks for versions that are not built in among the component files of this folder.
    #[must_use]
    pub fn with_folder(mut self, folder: PathBuf) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Says where the mapping of that version is, with or without the patch number: what is built in comes first.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one.
    pub fn find(&self, version: &str) -> Result<MappingPlace, ComponentError> {
        if let Some(built_in) = built_in(version) {
            return Ok(MappingPlace::BuiltIn(built_in));
        }
        let mut known = format!("built in are {}", BUILT_IN.map(|known| known.version).join(", "));
        if let Some(folder) = &self.folder {
            match folder::find(folder, version)? {
                Ok(path) => return Ok(MappingPlace::File(path)),
                Err(others) if others.is_empty() => {}
                Err(others) => known += &format!(", `{}` has {}", folder.display(), others.join(", ")),
            }
        }
        Err(ComponentError::NoSuchVersion { version: version.to_owned(), known })
    }

    /// Where the component with this digest is in the folder of mappings, if it is there. What cannot be read is not.
    pub(crate) fn find_exactly(&self, digest: &str) -> Option<PathBuf> {
        let files = component_files(self.folder.as_ref()?).ok()?;
        files.into_iter().find(|path| read_component(path).is_ok_and(|bytes| self::digest(&bytes) == digest))
    }

    /// Loads a component file, which is read once: what was checked is what runs.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not signed as it has to be, or is not a mapping that this host can run.
    pub fn open(&self, path: &Path) -> Result<Component, ComponentError> {
        let bytes = read_component(path)?;
        self.check_signature(path, &bytes)?;
        self.load(&bytes)
    }

    /// Checks the signature of a component file with these bytes, where one is needed.
    ///
    /// # Errors
    ///
    /// When it is not signed as it has to be.
    pub fn check_signature(&self, path: &Path, bytes: &[u8]) -> Result<(), ComponentError> {
        if let Some(signed) = self.trusted_keys.check(path, bytes)? {
            debug!(key = signed.key_id, "signature valid");
        }
        Ok(())
    }

    /// Checks the signature that was read together with a component file, where one is needed.
    ///
    /// # Errors
    ///
    /// When it is not signed as it has to be.
    pub fn check_file(&self, path: &Path, file: &ComponentFile) -> Result<(), ComponentError> {
        let text = file.signature.as_deref().and_then(|signature| str::from_utf8(signature).ok());
        match text {
            Some(text) if !self.trusted_keys.is_empty() => {
                let signed = self.trusted_keys.check_text(&path_of(path), text, &file.bytes)?;
                debug!(key = signed.key_id, "signature valid");
                Ok(())
            }
            // It says what is wrong.
            _ => self.check_signature(path, &file.bytes),
        }
    }

    /// Loads the mapping of that version, wherever it is.
    ///
    /// # Errors
    ///
    /// When there is none, or this host cannot run it.
    pub fn open_version(&self, version: &str) -> Result<Component, ComponentError> {
        match self.find(version)? {
            MappingPlace::BuiltIn(built_in) => self.built_in(built_in),
            MappingPlace::File(path) => self.open(&path),
        }
    }

    /// Loads a component that came with the program, which needs no signature.
    ///
    /// # Errors
    ///
    /// When it is not a mapping that this host can run.
    pub fn built_in(&self, built_in: BuiltIn) -> Result<Component, ComponentError> {
        self.load(built_in.bytes)
    }

    /// The digests of the components that were being compiled when the program ended: they may be what ended it. Known
    /// where there is a cache.
    pub fn unfinished(&self) -> Vec<String> {
        let Some(cache) = &self.cache else { return Vec::new() };
        cache.unfinished().unwrap_or_else(|error| {
            warn!(%error, "could not read which mapping was being compiled when the program ended");
            Vec::new()
        })
    }

    /// Notes that it was decided what becomes of components that were being compiled when the program ended.
    pub fn forget_unfinished(&self, digests: &[String]) {
        if let Some(cache) = &self.cache {
            digests.iter().for_each(|digest| cache.forget(digest));
        }
    }

    /// Loads a component whose signature was checked, where one is needed.
    pub(crate) fn load(&self, bytes: &[u8]) -> Result<Component, ComponentError> {
        Component::compile(bytes, |bytes| self.compile(bytes))
    }

    /// Loads a component that was built for this version of the contract, and may not say so itself.
    pub(super) fn load_unmarked(&self, bytes: &[u8], wit_version: &str) -> Result<Component, ComponentError> {
        Component::of_contract(bytes, wit_version.to_owned(), |bytes| self.compile(bytes))
    }

    fn compile(&self, bytes: &[u8]) -> Result<Compiled, ComponentError> {
        if let Some(compiled) = with_bytes(bytes).and_then(|built_in| precompiled(built_in, self.is_metering)) {
            return Ok(compiled);
        }
        let Some(cache) = &self.cache else { return self.compiler.compile(self.is_metering, bytes) };
        let loaded = cache.load(engine(self.is_metering), bytes, |bytes| {
            let _mark = mark(cache, bytes);
            self.compiler.compile(self.is_metering, bytes)
        })?;
        debug!(from_cache = loaded.from_cache, "mapping is compiled");
        match loaded.trouble {
            // Somebody wrote there, or the disk is failing: a person should know.
            Some(trouble @ Trouble::Foreign(_)) => warn!(%trouble, "compiled mapping is not trusted; compiled again"),
            Some(trouble) => warn!(%trouble, "could not use the cache for compiled mappings"),
            None => {}
        }
        Ok(loaded.component)
    }
}

/// Marks a component that is not built in as being compiled.
fn mark(cache: &CodeCache, bytes: &[u8]) -> Option<Mark> {
    if is_built_in(bytes) {
        return None;
    }
    cache.mark(bytes).unwrap_or_else(|error| {
        warn!(%error, "could not mark a mapping as being compiled");
        None
    })
}
