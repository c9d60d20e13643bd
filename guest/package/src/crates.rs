//! The crates that are in the guests, as `cargo tree` tells: for the target and with the features of their builds.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::{folder, licenses, workspace::WORKSPACE};

/// Name and version: `memchr@2.8.3`.
pub(crate) type Id = String;

/// Crates, and which needs which.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Crates {
    pub(crate) all: BTreeMap<Id, Crate>,
    pub(crate) needs: BTreeMap<Id, BTreeSet<Id>>,
}

/// One crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An expression of SPDX.
    pub(crate) license: String,
    pub(crate) repository: String,
    /// The SHA-256 of the archive in the registry; none of what is in this workspace.
    pub(crate) checksum: Option<String>,
    /// Where cargo has unpacked it; none of what is in this workspace.
    pub(crate) sources: Option<PathBuf>,
}

/// The part of the answer of `cargo metadata` that counts.
#[derive(Deserialize)]
struct CargoMetadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    /// The registry; none of what is in this workspace.
    source: Option<String>,
    manifest_path: PathBuf,
}

/// `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// How a line ends whose crates were listed before.
const LISTED: &str = " (*)";

impl Crates {
    /// The id of the one crate of that name.
    pub(crate) fn id(&self, name: &str) -> anyhow::Result<Id> {
        let found = self.all.iter().find(|(_, found)| found.name == name);
        found.map(|(id, _)| id.clone()).with_context(|| format!("crate `{name}` is not among those that were built"))
    }

    /// The licences of these crates and of all that they need.
    pub(crate) fn licenses(&self, ids: Vec<Id>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut pending = ids;
        while let Some(id) = pending.pop() {
            if let Some(known) = self.all.get(&id) {
                found.extend(licenses::terms(&known.license));
            }
            pending.extend(self.needs.get(&id).into_iter().flatten().filter(|id| !seen.contains(*id)).cloned());
            seen.insert(id);
        }
        found
    }

    /// Adds what is built with these packages for this target.
    pub(crate) fn add_build(&mut self, target: &str, packages: &[&str]) -> anyhow::Result<()> {
        let mut arguments = vec!["tree", "--locked", "--target", target, "--prefix", "depth"];
        arguments.extend(["--edges", "normal,no-proc-macro", "--format", "{p}|{l}|{r}"]);
        for package in packages {
            arguments.extend(["--package", package]);
        }
        self.add_tree(&String::from_utf8(cargo(&arguments)?)?)
    }

    /// The same with this feature of the package.
    pub(crate) fn add_build_with(&mut self, target: &str, package: &str, feature: &str) -> anyhow::Result<()> {
        let arguments = ["tree", "--locked", "--target", target, "--prefix", "depth", "--package", package];
        let more = ["--features", feature, "--edges", "normal,no-proc-macro", "--format", "{p}|{l}|{r}"];
        self.add_tree(&String::from_utf8(cargo(&[&arguments[..], &more].concat())?)?)
    }

    /// Adds a crate that only has the sources of the C library that another one links, if that is there.
    pub(crate) fn add_sources_of(&mut self, linking: &str, sources: &str) -> anyhow::Result<()> {
        let Ok(linking) = self.id(linking) else { return Ok(()) };
        let arguments = ["tree", "--locked", "--package", sources, "--depth", "0", "--prefix", "depth"];
        let tree = cargo(&[&arguments[..], &["--format", "{p}|{l}|{r}"]].concat())?;
        self.add_tree(&String::from_utf8(tree)?)?;
        let sources = self.id(sources)?;
        self.needs.entry(linking).or_default().insert(sources);
        Ok(())
    }

    /// Adds what `cargo tree` printed.
    pub(crate) fn add_tree(&mut self, tree: &str) -> anyhow::Result<()> {
        // The crates above the line, outermost first.
        let mut above: Vec<Id> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let (depth, found) = parse(line).with_context(|| format!("no line of `cargo tree`: `{line}`"))?;
            let id = format!("{}@{}", found.name, found.version);
            above.truncate(depth);
            if let Some(parent) = above.last() {
                self.needs.entry(parent.clone()).or_default().insert(id.clone());
            }
            above.push(id.clone());
            self.all.insert(id, found);
        }
        Ok(())
    }

    /// Says where their sources are.
    pub(crate) fn add_sources(&mut self) -> anyhow::Result<()> {
        let answer = cargo(&["metadata", "--locked", "--format-version", "1"])?;
        let answer: CargoMetadata = serde_json::from_slice(&answer).context("`cargo metadata`")?;
        for Package { name, version, source, manifest_path } in answer.packages {
            if let (Some(known), Some(_)) = (self.all.get_mut(&format!("{name}@{version}")), source) {
                known.sources = manifest_path.parent().map(Path::to_owned);
            }
        }
        Ok(())
    }

    /// Takes the checksums from `Cargo.lock`.
    pub(crate) fn add_checksums(&mut self) -> anyhow::Result<()> {
        let text = String::from_utf8(folder::read(&Path::new(WORKSPACE).join("Cargo.lock"))?)?;
        let lock: Lock = toml::from_str(&text).context("`Cargo.lock`")?;
        for LockedPackage { name, version, checksum } in lock.package {
            if let Some(known) = self.all.get_mut(&format!("{name}@{version}")) {
                known.checksum = checksum;
            }
        }
        Ok(())
    }
}

/// Runs cargo in the project's folder.
fn cargo(arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = command.current_dir(WORKSPACE).args(arguments).output().context("could not run cargo")?;
    if !output.status.success() {
        bail!("`cargo {}`: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// The depth of a line, and its crate.
fn parse(line: &str) -> Option<(usize, Crate)> {
    let line = line.strip_suffix(LISTED).unwrap_or(line);
    let (depth, rest) = line.split_at(line.find(|character: char| !character.is_ascii_digit())?);
    let (package, rest) = rest.split_once('|')?;
    let (license, repository) = rest.split_once('|')?;
    // After the version there may be a folder.
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let found = Crate {
        name: name.to_owned(),
        version: version.to_owned(),
        // As crates wrote it before there were expressions.
        license: license.replace('/', " OR "),
        repository: repository.to_owned(),
        checksum: None,
        sources: None,
    };
    Some((depth.parse().ok()?, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_becomes_crates_and_what_they_need() {
        let mut crates = Crates::default();
        let tree = "0a v1.0.0 (/somewhere/a)|Apache-2.0|https://a.example\n\
                    1b v2.1.0+x|MIT/Apache-2.0|https://b.example\n\
                    2c v0.1.0|Zlib|\n\
                    1c v0.1.0|Zlib| (*)\n\
                    \n\
                    0d v1.0.0 (/somewhere/d)|Apache-2.0|https://a.example\n";
        crates.add_tree(tree).unwrap();
        assert_eq!(crates.all.keys().collect::<Vec<_>>(), ["a@1.0.0", "b@2.1.0+x", "c@0.1.0", "d@1.0.0"]);
        assert_eq!(crates.all["b@2.1.0+x"].license, "MIT OR Apache-2.0");
        assert_eq!(crates.needs["a@1.0.0"].iter().collect::<Vec<_>>(), ["b@2.1.0+x", "c@0.1.0"]);
        assert_eq!(crates.needs["b@2.1.0+x"].iter().collect::<Vec<_>>(), ["c@0.1.0"]);
        assert_eq!(crates.needs.len(), 2);
        assert_eq!(licenses::expression(&crates.licenses(vec!["a@1.0.0".to_owned()])), "Apache-2.0 AND Zlib");
        assert_eq!(crates.id("d").unwrap(), "d@1.0.0");
        assert!(crates.id("e").is_err());
        assert!(crates.add_tree("what is this").is_err());
    }
}
