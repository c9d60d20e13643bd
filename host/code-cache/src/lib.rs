//! Keeps compiled components in a folder, so that a start does not compile them again.
//!
//! Compiled code is run as it is: a program that can change it can do anything. So every file carries an HMAC of its
//! name and its contents under a random key that only the owner can read, and what does not fit is compiled again.
//! Trusted is who can read the key, which is the user whom the program runs as; that user could replace the program as
//! well. A folder, key or file that belongs to another user is not used.
//!
//! A crate of its own, since it holds the one `unsafe` of the host: wasmtime cannot know where code comes from.
#![deny(unsafe_code)]

use std::{
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use ring::hmac;
use wasmtime::{Engine, component::Component};

mod folder;
mod handover;
mod mark;

use folder::{EXTENSION, bound, open_folder, open_key, open_own};
pub use handover::{HANDOVER_KEY_BYTES, Handover, seal};
pub use mark::{Mark, end_marks};

/// The form of the files; a change makes all earlier ones foreign.
const FORMAT: u8 = 1;

/// The most that cached files have together, in bytes: about a hundred mappings.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// How long an HMAC-SHA256 is, in bytes.
const TAG_BYTES: usize = 32;

/// A folder of compiled components.
pub struct CodeCache {
    folder: PathBuf,
    key: hmac::Key,
}

/// A component, and whether it came from the cache.
pub struct Loaded {
    /// The component, ready to be linked.
    pub component: Component,
    /// Whether it came out of the cache.
    pub from_cache: bool,
    /// What went wrong with the cache, if anything did; the component is right all the same.
    pub trouble: Option<Trouble>,
}

/// What can go wrong with a cache. None of it keeps a component from being compiled.
#[derive(Debug)]
pub enum Trouble {
    /// The file was not written by this cache, or was changed since.
    Foreign(PathBuf),
    /// wasmtime does not take the code back.
    Refused(wasmtime::Error),
    /// The file could not be read.
    Read(io::Error),
    /// The file could not be written.
    Write(io::Error),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign(path) => {
                write!(formatter, "`{}` was damaged, or written by somebody else", path.display())
            }
            Self::Refused(error) => write!(formatter, "compiled code does not fit the engine: {error}"),
            Self::Read(error) => write!(formatter, "could not read compiled code: {error}"),
            Self::Write(error) => write!(formatter, "could not keep compiled code: {error}"),
        }
    }
}

impl CodeCache {
    /// Opens a cache; the folder and its key are made when they are not there. Both are for their owner alone.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or used.
    pub fn open(folder: &Path) -> io::Result<Self> {
        open_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), key: open_key(folder)? })
    }

    /// Has a component compiled by `compile`, or takes the code that was compiled earlier from the same bytes by the
    /// same wasmtime for the same processor with the same settings.
    ///
    /// # Errors
    ///
    /// Those of `compile`.
    pub fn load<E>(
        &self,
        engine: &Engine,
        bytes: &[u8],
        compile: impl FnOnce(&[u8]) -> Result<Component, E>,
    ) -> Result<Loaded, E> {
        let name = name(engine, bytes);
        let path = self.folder.join(&name).with_extension(EXTENSION);
        let trouble = match self.read(engine, &name, &path) {
            Ok(Some(component)) => return Ok(Loaded { component, from_cache: true, trouble: None }),
            Ok(None) => None,
            Err(trouble) => Some(trouble),
        };
        let component = compile(bytes)?;
        let written = component.serialize().map_err(io::Error::other).and_then(|code| self.write(&name, &path, &code));
        let trouble = trouble.or(written.err().map(Trouble::Write));
        Ok(Loaded { component, from_cache: false, trouble })
    }

    fn read(&self, engine: &Engine, name: &str, path: &Path) -> Result<Option<Component>, Trouble> {
        let foreign = || Trouble::Foreign(path.to_owned());
        let file = match open_own(path) {
            Ok(file) => file.ok_or_else(foreign)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Trouble::Read(error)),
        };
        let mut contents = Vec::new();
        (&file).take(MAX_BYTES).read_to_end(&mut contents).map_err(Trouble::Read)?;
        let (tag, code) = contents.split_at_checked(TAG_BYTES).ok_or_else(foreign)?;
        let authentic = Authentic::check(&self.key, name, tag, code).ok_or_else(foreign)?;
        let component = authentic.into_component(engine).map_err(Trouble::Refused)?;
        // What is used last goes last. The file may be another user's by now, or the disk full: no matter.
        drop(file.set_modified(SystemTime::now()));
        Ok(Some(component))
    }

    /// Writes beside and renames: nobody ever sees half a file.
    fn write(&self, name: &str, path: &Path, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(hmac::sign(&self.key, &message(name, code)).as_ref())?;
        file.write_all(code)?;
        file.persist(path)?;
        bound(&self.folder, path, MAX_BYTES)
    }
}

/// Code that this cache wrote itself or a handover brought, as its HMAC proves.
struct Authentic<'c>(&'c [u8]);

impl<'c> Authentic<'c> {
    fn check(key: &hmac::Key, name: &str, tag: &[u8], code: &'c [u8]) -> Option<Self> {
        hmac::verify(key, &message(name, code), tag).ok().map(|()| Self(code))
    }

    #[expect(unsafe_code, reason = "wasmtime cannot know where code comes from; the type says it")]
    fn into_component(self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes are unchanged from what `Component::serialize` gave to `CodeCache::write`, or from what
        // `Engine::precompile_component` gave to `seal` in a process that this one has started: nobody else has the key
        // that their HMAC was made with. `open_folder` and `open_key` saw that the folder and the key belong to the user
        // whom this process runs as, and that nobody else may read or write them; the key of a handover never leaves
        // the two processes. Whether the bytes fit this wasmtime and engine, `deserialize` checks.
        unsafe { Component::deserialize(engine, self.0) }
    }
}

/// What the HMAC is of: one file cannot stand in for another.
fn message(name: &str, code: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", code].concat()
}

/// All that compiled code depends on: the component, and wasmtime's version, target and settings.
fn name(engine: &Engine, bytes: &[u8]) -> String {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let mut name = hex_digest(bytes);
    write!(name, "-{FORMAT}-{:016x}", compatibility.finish()).expect("a text takes everything");
    name
}

/// The SHA-256 of bytes, in hexadecimal.
fn hex_digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in ring::digest::digest(&ring::digest::SHA256, bytes).as_ref() {
        write!(text, "{byte:02x}").expect("a text takes everything");
    }
    text
}

#[cfg(test)]
mod tests;
