//! Where a name is defined.

use std::collections::{BTreeMap, BTreeSet};

use syn::{File, Item, UseTree, Visibility};

use crate::{ModulePath, is_test};

/// How many times a name may be handed on from module to module.
const MOST_STEPS: usize = 16;

/// The modules of a crate, and the names that they hand on.
pub(crate) struct Names {
    modules: BTreeSet<ModulePath>,
    /// By module: the name that others see, and the path that it stands for.
    handed_on: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
}

impl Names {
    pub(crate) fn new(files: &BTreeMap<ModulePath, File>) -> Self {
        let mut names = Self { modules: files.keys().cloned().collect(), handed_on: BTreeMap::new() };
        for (module, file) in files {
            // A file that lies elsewhere belongs to another crate; it is a module of its own all the same.
            names.modules.extend(file.items.iter().filter_map(|item| match item {
                Item::Mod(item) if item.attrs.iter().any(|attribute| attribute.path().is_ident("path")) => {
                    Some([&module[..], &[item.ident.to_string()]].concat())
                }
                _ => None,
            }));
        }
        for (module, file) in files {
            let mut handed_on = BTreeMap::new();
            for item in &file.items {
                if let Item::Use(item) = item
                    && !matches!(item.vis, Visibility::Inherited)
                    && !is_test(&item.attrs)
                {
                    leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
                        if let Some(path) = names.absolute(module, path) {
                            handed_on.insert(name.to_owned(), path);
                        }
                    });
                }
            }
            names.handed_on.insert(module.clone(), handed_on);
        }
        names
    }

    /// Whether there is such a module.
    pub(crate) fn is_module(&self, module: &[String]) -> bool {
        self.modules.contains(module)
    }

    /// The path from the root of the crate, of a path as `module` writes it; nothing for other crates.
    pub(crate) fn absolute(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let first = path.first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module.split_last().map(|(_, parent)| parent.to_vec())?,
            name => {
                let child = [module, &[name.to_owned()]].concat();
                return self.is_module(&child).then(|| [&child, &path[1..]].concat());
            }
        };
        for name in &path[1..] {
            if name == "super" {
                base.pop()?;
            } else {
                base.push(name.clone());
            }
        }
        Some(base)
    }

    /// The module that defines what stands at this path, and its name there.
    pub(crate) fn resolve(&self, path: &[String]) -> Option<(ModulePath, String)> {
        let mut path = path.to_vec();
        for _ in 0..MOST_STEPS {
            let length = (0..=path.len()).rev().find(|length| self.is_module(&path[..*length]))?;
            let Some(name) = path.get(length) else { return Some((path, "the module".to_owned())) };
            let handed_on = self.handed_on.get(&path[..length]);
            let next = handed_on.and_then(|names| names.get(name)).map(|target| [target, &path[length + 1..]].concat());
            match next {
                Some(next) if next != path => path = next,
                _ => return Some((path[..length].to_vec(), name.clone())),
            }
        }
        None
    }
}

/// Tells every path of a `use` tree with the name that it gets.
pub(crate) fn leaves(tree: &UseTree, before: &mut ModulePath, tell: &mut impl FnMut(&[String], &str)) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            leaves(&path.tree, before, tell);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            let name = before.last().cloned().unwrap_or_default();
            tell(before, &name);
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            before.push(name.clone());
            tell(before, &name);
            before.pop();
        }
        UseTree::Rename(rename) => {
            before.push(rename.ident.to_string());
            tell(before, &rename.rename.to_string());
            before.pop();
        }
        UseTree::Glob(_) => {
            before.push("*".to_owned());
            tell(before, "*");
            before.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, before, tell);
            }
        }
    }
}
