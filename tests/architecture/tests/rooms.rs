//! The rooms of ARCHITECTURE.md: arrows run down, and no two modules use each other.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use exotrace_architecture::{Crate, ModulePath, circles};

/// The rooms of the host, from the top. A room uses those of lower floors only, and none of its own floor.
const FLOORS: [&[&str]; 10] = [
    &["cli"],
    &["control", "pages"],
    &["app"],
    &["sources", "outputs", "cluster"],
    &["pipeline"],
    &["deployment"],
    &["mapper"],
    &["kafka"],
    &["ledger", "geo", "config", "observe"],
    &["support"],
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of sources of every crate in the repository but those of tests.
fn crates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["host", "guest"] {
        find(&root().join(folder), &mut found);
    }
    assert!(found.len() > 10, "only {} crates in `host` and `guest`", found.len());
    found
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("Cargo.toml").exists() && folder.join("src").is_dir() {
        found.push(folder.join("src"));
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !matches!(path.file_name().unwrap().to_str(), Some("src" | "target" | "docs")) {
            find(&path, found);
        }
    }
}

fn text(module: &ModulePath) -> String {
    if module.is_empty() { "the root".to_owned() } else { module.join("::") }
}

#[test]
fn no_modules_use_each_other() {
    let mut problems = Vec::new();
    for src in crates() {
        let read = Crate::read(&src).unwrap();
        for circle in circles(&read.uses) {
            let mut steps = Vec::new();
            for (place, module) in circle.iter().enumerate() {
                let next = &circle[(place + 1) % circle.len()];
                let names: Vec<_> = read.uses[module][next].iter().map(String::as_str).collect();
                steps.push(format!("    {} uses {} ({})", text(module), text(next), names.join(", ")));
            }
            let name = src.canonicalize().unwrap();
            let name = name.strip_prefix(root().canonicalize().unwrap()).unwrap().to_owned();
            problems.push(format!("{}:\n{}", name.display(), steps.join("\n")));
        }
    }
    assert!(problems.is_empty(), "{} circles:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn arrows_between_rooms_run_down() {
    let read = Crate::read(&root().join("host/src")).unwrap();
    let mut floors = BTreeMap::new();
    for (floor, rooms) in FLOORS.iter().enumerate() {
        floors.extend(rooms.iter().map(|room| (*room, floor)));
    }
    let mut problems = Vec::new();
    for (module, uses) in &read.uses {
        let Some(room) = module.first() else { continue };
        let Some(floor) = floors.get(room.as_str()) else {
            problems.push(format!("{room}: no such room; FLOORS says where it stands"));
            continue;
        };
        for (used, names) in uses {
            let Some(other) = used.first() else { continue };
            if other != room && floors.get(other.as_str()).is_none_or(|other| other <= floor) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                problems.push(format!("{} uses {} ({})", text(module), text(used), names.join(", ")));
            }
        }
    }
    assert!(problems.is_empty(), "{} arrows do not run down:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn no_two_types_of_a_crate_have_one_name() {
    let mut problems = Vec::new();
    for src in crates() {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        types(&src, &mut places);
        places.retain(|_, files| files.len() > 1);
        problems.extend(places.into_iter().map(|(name, files)| format!("{name}: {}", files.join(", "))));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The types that stand at the top of the files in a folder, each with its files.
fn types(folder: &Path, places: &mut BTreeMap<String, Vec<String>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            types(&path, places);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for item in file.items {
                let name = match item {
                    syn::Item::Struct(item) => item.ident,
                    syn::Item::Enum(item) => item.ident,
                    syn::Item::Trait(item) => item.ident,
                    _ => continue,
                };
                places.entry(name.to_string()).or_default().push(path.display().to_string());
            }
        }
    }
}
