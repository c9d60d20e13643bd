//! Reads the sources of a crate: which modules there are, and which of them uses which.
//!
//! A module is a file. What it uses is read from its `use` lines and from the paths in its code, macros included; what
//! only tests use does not count. A name that a module merely hands on (`pub use child::Name`) belongs to the module
//! that defines it, so that a parent may show what its children have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

mod circles;
mod names;
mod uses;

pub use circles::circles;
use names::Names;
use uses::Uses;

/// The path of a module inside its crate: `["outputs", "file"]`; empty for the root.
pub type ModulePath = Vec<String>;

/// The modules of a crate with the modules that each uses.
#[derive(Debug)]
pub struct Crate {
    /// Each module's file.
    pub files: BTreeMap<ModulePath, PathBuf>,
    /// For each module those that it uses, each with the names that it takes.
    pub uses: BTreeMap<ModulePath, BTreeMap<ModulePath, BTreeSet<String>>>,
}

impl Crate {
    /// Reads the sources below `src`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is not Rust.
    pub fn read(src: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        find(src, &mut Vec::new(), &mut files)?;
        let mut parsed = BTreeMap::new();
        for (module, path) in &files {
            let text = fs::read_to_string(path)?;
            let file = syn::parse_file(&text)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))?;
            parsed.insert(module.clone(), file);
        }
        let names = Names::new(&parsed);
        let mut uses = BTreeMap::new();
        for (module, file) in &parsed {
            let mut used: BTreeMap<ModulePath, BTreeSet<String>> = BTreeMap::new();
            for path in Uses::of(module, file, &names) {
                let Some((target, name)) = names.resolve(&path) else { continue };
                if target != *module {
                    used.entry(target).or_default().insert(name);
                }
            }
            uses.insert(module.clone(), used);
        }
        Ok(Self { files, uses })
    }
}

/// Whether tests alone compile what has these attributes.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn find(folder: &Path, module: &mut ModulePath, files: &mut BTreeMap<ModulePath, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            module.push(name);
            find(&path, module, files)?;
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut own = module.clone();
            if !(module.is_empty() && matches!(name.as_str(), "lib" | "main")) {
                own.push(name);
            } else if name == "main" && folder.join("lib.rs").exists() {
                continue;
            }
            files.insert(own, path);
        }
    }
    Ok(())
}
